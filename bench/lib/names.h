/* SPDX-License-Identifier: MIT */
/* The exports that a set of objects needs, with addresses made up. */
#ifndef BENCH_NAMES_H
#define BENCH_NAMES_H

#include <elfin/elfin.h>

#include "bench/floor.h"

struct names {
    elfin_export *list;
    size_t count;
    struct floor_names table; /* the same for floor */
};

enum names_of {
    NAMES_ALL,   /* what objects import, and what Linux modules say that they export */
    NAMES_OUTER, /* what objects import and no object defines */
};

void names_collect(struct names *names, const struct objects *objects, enum names_of which);

#endif
