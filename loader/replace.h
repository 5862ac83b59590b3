/* SPDX-License-Identifier: MIT */
/* What a replacement adds to the load of the new group. */
#ifndef LOADER_REPLACE_H
#define LOADER_REPLACE_H

#include "loader/patch.h"

struct replacement {
    struct load load; /* of the new group; first: hooks find the rest behind it */
    struct patch patch;
    const elfin_change *change; /* or NULL */
    elfin_group *old;
    bool move;
};

/* The new group's module of the same name; NULL: none. */
struct elfin_module *elfin_successor(const struct replacement *r, const struct elfin_module *old);

/* replace.c: the hooks, see struct load_hooks. */
elfin_status elfin_replace_published(struct load *load);
elfin_status elfin_replace_finished(struct load *load);
void elfin_replace_ended(struct load *load);

/* replace_state.c */

/* Every module that has state has a successor that can take it. */
elfin_status elfin_state_check(struct replacement *r);
/* Calls save and restore. On failure nothing has to be undone. */
elfin_status elfin_state_hand_over(struct replacement *r);
/* The replacement has succeeded: who gives back what belongs to the state. */
void elfin_state_commit(struct replacement *r);

#endif
