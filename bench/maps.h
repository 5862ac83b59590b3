/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MAPS_H
#define BENCH_MAPS_H

#include "bench/lib/bench.h"
#include "libmini/pages.h"

/*
 * Memory maps of any number of free ranges, each with requests made to be hard there: searches that
 * look promising in every subtree and are not.
 */
struct map_kind {
    const char *name;
    const char *what;
    /* The i-th of n ranges; all lie in ascending order and do not touch. */
    void (*range)(uint64_t n, uint64_t i, uint64_t *base, uint64_t *pages);
    /* A request; the limits of its window depend on the map's size. */
    void (*request)(struct bench_random *random, uint64_t n, struct mini_pages_request *request);
};

enum {
    MAP_KINDS = 6
};
extern const struct map_kind map_kinds[MAP_KINDS];

#endif
