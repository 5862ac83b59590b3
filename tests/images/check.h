/* SPDX-License-Identifier: MIT */
/* What the checks of one object share. */
#ifndef TESTS_IMAGES_CHECK_H
#define TESTS_IMAGES_CHECK_H

#include "tests/images/operations.h"
#include "tests/images/world.h"

/* Where the object lies, where it is moved to, and where its user lies. */
struct place {
    const char *name;
    uint64_t at, moved, user;
};

struct check {
    struct subject *subject;
    const struct place *place;
    elfin_image *image;
    elfin_input object, instance;
    elfin_diag refusal; /* of a plain load, where it cannot lie */
};

void check_fail(const struct check *c, const char *what, const char *detail, uint64_t value,
                const elfin_diag *diag);

/* Adds to counts.bytes, or tells of the difference. */
bool check_same(const struct check *c, const char *what, const elfin_group *plain,
                const elfin_group *made);

/* elfin_change.left, with a check as the context: no field may be left. */
void check_left(void *ctx, const elfin_left *field);

/*
 * The object, from its image if it has one, gets a user, is replaced by itself elsewhere, and moved
 * back. first: a load of the object, for its exports.
 */
void check_replace(struct check *c, const elfin_group *first);

#endif
