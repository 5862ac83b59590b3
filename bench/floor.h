/* SPDX-License-Identifier: MIT */
/*
 * floor: the least that linking an object at run time takes. A yardstick, not a loader: it lays
 * sections out one after the other, copies them, computes symbol values, and applies every record
 * with a check of its symbol, its place and its range. Every import is looked up in one hash table.
 * It proves nothing else about the file, keeps no books, publishes no names, and its memory is
 * there.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include "bench/lib/objects.h"

struct floor_name {
    const char *name;
    uint64_t hash, address;
};

/* Open addressing; capacity is a power of two, at least twice the names. */
struct floor_names {
    struct floor_name *slot;
    uint64_t capacity, used;
};

/* Ends the program if there is no memory. */
void floor_names_init(struct floor_names *names, uint64_t most);
/* The name's slot, new if `added` (may be NULL) says so. The string is borrowed. */
struct floor_name *floor_names_add(struct floor_names *names, const char *name, bool *added);
struct floor_name *floor_names_find(const struct floor_names *names, const char *name);

/* Working memory: for the sections and symbols of the largest object. */
struct floor_scratch {
    uint64_t *address; /* per section */
    uint64_t *value;   /* per symbol */
    uint64_t common;   /* where COMMON symbols begin */
    uint64_t got;      /* where slots begin, one per symbol */
    uint64_t end;      /* of the image */
};

/* Gives addresses from `at` on. */
void floor_layout(const struct object *o, uint64_t at, struct floor_scratch *s);
/* Copies and links; what will be at run address A is written to A + delta. */
bool floor_link(const struct floor_names *names, const struct object *o, uint64_t delta,
                struct floor_scratch *s);
/* Both, at its run address. The end of the image, 0 on failure. */
uint64_t floor_load(const struct floor_names *names, const struct object *o, uint64_t at,
                    struct floor_scratch *s);

#endif
