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
#include "libmini/str.h"

enum {
    NAME_WORD = 8,
    NAME_LENGTH_MASK = 63,
    NAME_HASH_SET = 64 /* in every hash */
};

struct name {
    const char *text;
    uint32_t hash;
    uint32_t length; /* at most UINT32_MAX */
};

/* Any string that ends; not a byte behind its NUL is read. */
struct name elfin_name(const char *text);
/* The name at an offset of a string table that span_is_strings has accepted; offset < size. */
struct name elfin_name_in(struct span strings, uint64_t offset);

static inline uint64_t name_word(const void *from)
{
    uint64_t word;

    __builtin_memcpy(&word, from, sizeof(word));
    return word;
}

/* Up to 64 bytes that both texts have. On success *a and *b are behind them. */
static inline bool name_equal_bytes(const char **a, const char **b, uint64_t size)
{
    if (size < NAME_WORD) {
        for (; size; size--)
            if (*(*a)++ != *(*b)++)
                return false;
        return true;
    }
    for (; size > NAME_WORD; size -= NAME_WORD, *a += NAME_WORD, *b += NAME_WORD)
        if (name_word(*a) != name_word(*b))
            return false;
    /* The last word may overlap the one before. */
    *a += size;
    *b += size;
    return name_word(*a - NAME_WORD) == name_word(*b - NAME_WORD);
}

/* Goes on behind bytes that are equal. */
bool elfin_name_equal_on(const char *a, const char *b);

/*
 * Whether two texts are equal, given that their hashes are: both lengths are the same modulo 64, so
 * each text has a NUL there or goes on for 64 bytes more; which of the two, the bytes that are
 * already known to be equal tell of both at once.
 */
static inline bool elfin_name_equal(const char *a, const char *b, uint32_t hash)
{
#if FOR_SPEED
    return name_equal_bytes(&a, &b, (hash & NAME_LENGTH_MASK) + 1) &&
           (!a[-1] || elfin_name_equal_on(a, b));
#else
    (void)hash;
    return mini_str_equal(a, b);
#endif
}

/* Another hash of the same name, for another kind of names in the same table. */
static inline uint32_t elfin_hash_as(uint32_t hash, uint32_t kind)
{
    return hash ^ (kind & ~(uint32_t)(NAME_HASH_SET | NAME_LENGTH_MASK));
}

#endif
