/* SPDX-License-Identifier: MIT */
/*
 * Names and their hashes. A hash takes eight bytes at a step, and the length comes out of the same
 * walk. Its low six bits are those of the length: names with equal hashes have lengths that are
 * equal modulo 64, which is what lets them be compared word by word without reading past the end of
 * either (see elfin_name_equal). A hash is never 0, which marks a free entry of a table.
 */
#ifndef LOADER_NAME_H
#define LOADER_NAME_H

#include "loader/span.h"

struct name {
    const char *text;
    uint32_t hash;
    uint32_t length; /* at most UINT32_MAX */
};

/* Any string that ends; not a byte behind its NUL is read. */
struct name elfin_name(const char *text);
/* The name at an offset of a string table that span_is_strings has accepted; offset < size. */
struct name elfin_name_in(struct span strings, uint64_t offset);

/* Whether two texts are equal, given that their hashes are. */
bool elfin_name_equal(const char *a, const char *b, uint32_t hash);

/* Another hash of the same name, for another kind of names in the same table. */
static inline uint32_t elfin_hash_as(uint32_t hash, uint32_t kind)
{
    hash ^= kind & ~(uint32_t)63;
    return hash ? hash : 64;
}

#endif
