/* SPDX-License-Identifier: MIT */
/* What the parts of the program `operations` share; see operations.c. */
#ifndef TESTS_IMAGES_OPERATIONS_H
#define TESTS_IMAGES_OPERATIONS_H

#include "tests/images/subject.h"

#include <elfin/elfin.h>

/* What was done, and how much of it came out the same. */
struct counts {
    uint64_t objects, refused, places;
    uint64_t images, instances, rebound, bound_far, replaced, users, names;
    uint64_t groups, files, refused_groups, loads, rounds;
    uint64_t bytes, failures;
};

extern struct counts counts;

/* Prints the difference, and counts it. diag may be NULL. */
void differs(const char *file, const char *place, const char *what, const char *detail,
             uint64_t value, const elfin_diag *diag);

/* Prints why an object can be loaded nowhere, and counts it. */
void refused(const char *file, const elfin_diag *diag);

/* One object, at each place: images, instances, imports bound anew, replaced and moved. */
void check_object(struct subject *subject);

/* All objects as one group, on one, two and four CPUs. */
void check_group(const struct subject *subjects, size_t count);

#endif
