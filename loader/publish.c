/* SPDX-License-Identifier: MIT */
/*
 * Phase "publish": the group becomes visible. What can fail comes first; after the last fallible
 * step the space has the group, before it the space is untouched.
 */
#include "loader/internal.h"

static bool is_indexed(const struct record *record)
{
    return record->flags & (RECORD_EXPORTED | RECORD_PRIVATE);
}

static uint64_t count_names(const elfin_group *group)
{
    uint64_t count = group->module_count;

    for (uint32_t m = 0; m < group->module_count; m++)
        for (uint32_t i = 0; i < group->modules[m].symbol_count; i++)
            count += is_indexed(&group->modules[m].symbols[i]);
    return count;
}

/* A name that was exported before stays bound to its first owner; people should know. */
static void log_shadowed(const elfin_space *space, const elfin_group *group)
{
    for (uint32_t m = 0; m < group->module_count; m++) {
        const struct elfin_module *module = &group->modules[m];

        for (uint32_t i = 0; i < module->symbol_count; i++) {
            const struct record *own = &module->symbols[i], *first;

            if (!(own->flags & RECORD_EXPORTED))
                continue;
            first = elfin_index_find(space, own->name, own->hash, RECORD_EXPORTED, NULL);
            if (first != own)
                elfin_log(&space->host, "%s: its export %s is shadowed by that of %s",
                          module->self.name, own->name,
                          first && first->owner ? first->owner->self.name : "the host");
        }
    }
}

static elfin_status add_names(elfin_space *space, elfin_group *group)
{
    for (uint32_t m = 0; m < group->module_count; m++) {
        struct elfin_module *module = &group->modules[m];
        elfin_status status = elfin_index_add(space, &module->self);

        for (uint32_t i = 0; status == ELFIN_OK && i < module->symbol_count; i++)
            if (is_indexed(&module->symbols[i]))
                status = elfin_index_add(space, &module->symbols[i]);
        if (status != ELFIN_OK)
            return status;
    }
    return ELFIN_OK;
}

static void remove_names(elfin_space *space, elfin_group *group)
{
    for (uint32_t m = 0; m < group->module_count; m++) {
        elfin_index_remove(space, &group->modules[m].self);
        for (uint32_t i = 0; i < group->modules[m].symbol_count; i++)
            elfin_index_remove(space, &group->modules[m].symbols[i]);
    }
}

/* Edges to other groups keep those from being unloaded. */
static void count_edges(elfin_group *group, bool add)
{
    for (uint32_t m = 0; m < group->module_count; m++)
        for (uint32_t i = 0; i < group->modules[m].uses_count; i++) {
            elfin_group *used = group->modules[m].uses[i]->group;

            if (used != group)
                used->users += add ? 1 : UINT64_MAX;
        }
}

static void append(elfin_space *space, elfin_group *group)
{
    group->previous = space->last;
    if (space->last)
        space->last->next = group;
    else
        space->first = group;
    space->last = group;
}

elfin_status elfin_publish(struct load *load)
{
    elfin_space *space = load->space;
    elfin_status status = elfin_index_reserve(space, count_names(load->group), &load->index);

    if (status != ELFIN_OK)
        return elfin_fail(load, load->objects, defect_as(DEFECT_INDEX_MEMORY, status));
    status = add_names(space, load->group);
    if (status != ELFIN_OK) {
        remove_names(space, load->group);
        return elfin_fail(load, load->objects, DEFECT_INDEX_HASH);
    }
    if (load->host->log)
        log_shadowed(space, load->group);
    count_edges(load->group, true);
    append(space, load->group);
    elfin_tls_publish(space, load->group);
    load->published = true;
    return ELFIN_OK;
}

void elfin_withdraw(elfin_space *space, elfin_group *group)
{
    elfin_tls_withdraw(space, group);
    count_edges(group, false);
    remove_names(space, group);
    if (group->previous)
        group->previous->next = group->next;
    else
        space->first = group->next;
    if (group->next)
        group->next->previous = group->previous;
    else
        space->last = group->previous;
}
