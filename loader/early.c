/* SPDX-License-Identifier: MIT */
/*
 * A large group's names enter the index while its objects are fixed up: one CPU does that, the
 * others go on. Nobody sees these names before the group is published, since they go to the table
 * that the index has grown into, and look-ups stay with the old one until then.
 */
#include "loader/parallel.h"

struct early {
    elfin_space space; /* the load's, with the new table */
    uint64_t shadowed;
    elfin_status status;
    bool done;
};

static elfin_status add_names(struct load *load, uint32_t number)
{
    struct early *early = load->early;
    elfin_space *space = load->space;

    (void)number;
    load->space = &early->space;
    early->status = elfin_publish_names(load, &early->shadowed);
    early->done = true;
    load->space = space;
    return ELFIN_OK;
}

void elfin_early_begin(struct load *load)
{
    if (!load->index.grown)
        return;
    load->early = elfin_arena_get(&load->work, 1, sizeof(*load->early));
    if (!load->early)
        return;
    load->early->space = *load->space;
    load->space->index = load->index.table;
    load->aside = add_names;
}

elfin_status elfin_early_end(struct load *load, uint64_t *shadowed)
{
    struct early *early = load->early;

    load->space->index = early->space.index;
    if (!early->done)
        return elfin_publish_names(load, shadowed);
    *shadowed = early->shadowed;
    return early->status;
}
