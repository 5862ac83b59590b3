/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PLACER_H
#define TESTS_PLACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libmini/pages.h"

/*
 * One range of units, from 0 on, and a policy that says where in it things are put. The units lie
 * in a page allocator; policies that it does not have choose by an index of free runs by size.
 */
enum placer_policy {
    PLACER_NEAR_HOST,    /* nearest to a fixed address: what elfin.efi does without a wish */
    PLACER_NEAR_IMPORTS, /* nearest to what the caller names */
    PLACER_LOWEST,       /* first fit from below */
    PLACER_HIGHEST,
    PLACER_NEXT_FIT,  /* first fit from where the last one ended */
    PLACER_BEST_FIT,  /* the smallest run that is large enough, the lowest of these */
    PLACER_WORST_FIT, /* the largest run */
    PLACER_SCATTERED, /* nearest to a random address */
    PLACER_POLICIES
};

extern const char *const placer_names[PLACER_POLICIES];

struct placer {
    enum placer_policy policy;
    uint64_t units;
    struct mini_pages pages; /* a unit is a page of it */
    struct mini_tree sizes;  /* free runs by size, then address; of two policies only */
    struct mini_tree_node *spare;
    uint64_t next;  /* where next fit goes on */
    uint64_t state; /* of random numbers */
    void *nodes, *size_nodes;
    const char *mistake; /* NULL, or which invariant did not hold */
};

/* Room for so many things at a time. */
bool placer_init(struct placer *placer, enum placer_policy policy, uint64_t units, size_t things);
bool placer_alloc(struct placer *placer, uint64_t units, uint64_t near, uint64_t *base);
void placer_free(struct placer *placer, uint64_t base, uint64_t units);
void placer_drop(struct placer *placer);

/* Reproducible random numbers (splitmix64). */
static inline uint64_t placer_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#endif
