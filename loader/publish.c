/* SPDX-License-Identifier: MIT */
/*
 * Phase "publish": the group becomes visible. What can fail comes first; after the last fallible
 * step the space has the group, before it the space is untouched.
 */
#include "loader/features.h"
#include "loader/image.h"
#include "loader/publish.h"

enum {
    AHEAD = 16
};

struct name elfin_published_name(const struct record *record)
{
    struct name name = { .text = record_name(record) };

    if (record->flags & RECORD_MODULE)
        return elfin_name(name.text);
    __builtin_memcpy(&name.hash, name.text - sizeof(name.hash), sizeof(name.hash));
    return name;
}

/* The index is fetched for some names ahead, so that it is in the cache when it is searched. */
static void prefetch(const struct walk *walk, const struct elfin_module *module)
{
    uint32_t i = walk->symbol ? walk->symbol + AHEAD : 0;

    for (; i <= walk->symbol + AHEAD && i < module->symbol_count; i++)
        elfin_index_prefetch(walk->space, elfin_published_name(&module->symbols[i]).hash);
}

struct record *elfin_next_published(struct walk *walk)
{
    for (; walk->module < walk->group->module_count; walk->module++, walk->symbol = 0) {
        const struct elfin_module *module = &walk->group->modules[walk->module];

        while (walk->symbol < module->symbol_count) {
            struct record *record = &module->symbols[walk->symbol];

            if (FOR_SPEED)
                prefetch(walk, module);
            walk->symbol++;
            if (record->flags & (RECORD_EXPORTED | RECORD_PRIVATE))
                return record;
        }
    }
    return NULL;
}

/* At most: of what is hidden the names are counted too. */
static uint64_t count_names(const struct load *load)
{
    const elfin_group *group = load->group;
    uint64_t count = group->module_count;

    for (uint32_t m = 0; !(load->options->flags & ELFIN_LOAD_PRIVATE) && m < group->module_count;
         m++)
        count += group->modules[m].symbol_count;
    return count;
}

static elfin_status add_name(const struct load *load, struct record *record, uint64_t *shadowed)
{
    struct name name = elfin_published_name(record);
    struct shadow *waits = NULL;
    item holder = load->replaces ? load->hooks->replaced(load, name, record, &waits) : 0;
    elfin_status status;

    if (holder) {
        record->flags |= waits ? RECORD_SHADOWED : 0u;
        *shadowed += waits != NULL;
        return ELFIN_OK;
    }
    status = elfin_index_add(load->space, name, record_item(record), record_module(record)->archive,
                             &holder);

    if (status != ELFIN_OK)
        return status;
    if (holder && !load->host->waiting)
        return ELFIN_ERR_DUPLICATE;
    record->flags |= holder ? RECORD_SHADOWED : RECORD_INDEXED;
    *shadowed += holder != 0;
    return ELFIN_OK;
}

elfin_status elfin_publish_names(const struct load *load, uint64_t *shadowed)
{
    struct walk walk = { .space = load->space, .group = load->group };
    elfin_status status = ELFIN_OK;
    struct record *record;

    for (uint32_t m = 0; status == ELFIN_OK && m < load->group->module_count; m++)
        status = add_name(load, &load->group->modules[m].self, shadowed);
    while (status == ELFIN_OK && (record = elfin_next_published(&walk)))
        status = add_name(load, record, shadowed);
    return status;
}

static void remove_name(elfin_space *space, struct record *record, struct shadow *shadow)
{
    if (record->flags & RECORD_INDEXED || (shadow && shadow->own))
        elfin_index_remove(space, elfin_published_name(record), record_item(record),
                           record_module(record)->archive, shadow);
    lose_name(record); /* a group that was replaced loses its names before it goes */
}

void elfin_unpublish_names(elfin_space *space, elfin_group *group)
{
    struct walk walk = { .space = space, .group = group };
    struct shadow *shadow = group->shadows;
    struct record *record;

    for (uint32_t m = 0; m < group->module_count; m++)
        remove_name(space, &group->modules[m].self, NULL);
    while ((record = elfin_next_published(&walk))) {
        bool is_shadowed = shadow && record->flags & RECORD_SHADOWED;

        remove_name(space, record, is_shadowed ? shadow : NULL);
        if (is_shadowed)
            shadow++;
    }
    if (group->shadows)
        space->host.release(space->host.ctx, &group->shadow_region);
    group->shadows = NULL;
}

/* Instances keep their images from being released. */
static void count_images(const elfin_group *group, bool add)
{
    for (uint32_t m = 0; m < group->module_count; m++)
        if (group->modules[m].image)
            group->modules[m].image->users += add ? 1 : UINT64_MAX;
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

elfin_status elfin_publish_reserve(struct load *load)
{
    elfin_status status = elfin_index_reserve(load->space, count_names(load), &load->index);

    return status == ELFIN_OK
               ? ELFIN_OK
               : elfin_fail(load, load->objects, defect_as(DEFECT_INDEX_MEMORY, status));
}

/* It is there, or will be when it takes the place of the replaced group's. */
static bool has_name(const struct load *load, const struct record *record)
{
    struct shadow *waits;

    return record->flags & RECORD_INDEXED ||
           (load->replaces &&
            load->hooks->replaced(load, elfin_published_name(record), record, &waits));
}

/* Nobody is to wait: the name that was refused is the first that the group has not got. */
static void report_taken(struct load *load)
{
    struct walk walk = { .space = load->space, .group = load->group };
    const struct record *record;

    do
        record = elfin_next_published(&walk);
    while (record && has_name(load, record));
    elfin_diag_begin(load, load->objects, DEFECT_NO_WAITING);
    if (record)
        elfin_copy_name(load->scratch.symbol, record_name(record));
    elfin_diag_emit(load);
}

static elfin_status refuse(struct load *load, elfin_status status)
{
    if (status == ELFIN_ERR_DUPLICATE)
        report_taken(load);
    elfin_unpublish_names(load->space, load->group);
    if (status == ELFIN_ERR_DUPLICATE)
        return status;
    return elfin_fail(load, load->objects,
                      status == ELFIN_ERR_LIMIT ? (uint32_t)DEFECT_INDEX_HASH
                                                : defect_as(DEFECT_INDEX_MEMORY, status));
}

elfin_status elfin_publish(struct load *load)
{
    elfin_space *space = load->space;
    uint64_t shadowed = 0;
    elfin_status status = load->early ? load->host->sharing->publish_end(load, &shadowed)
                                      : elfin_publish_names(load, &shadowed);

    if (status == ELFIN_OK && shadowed)
        status = load->host->waiting->queue(load, shadowed);
    if (status != ELFIN_OK)
        return refuse(load, status);
    if (load->host->users)
        load->host->users->count(load->group, true);
    count_images(load->group, true);
    append(space, load->group);
    if (load->host->threads)
        load->host->threads->publish(space, load->group);
    load->published = true;
    return ELFIN_OK;
}

void elfin_withdraw(elfin_space *space, elfin_group *group)
{
    if (space->host.threads)
        space->host.threads->withdraw(space, group);
    if (space->host.users)
        space->host.users->count(group, false);
    count_images(group, false);
    elfin_unpublish_names(space, group);
    if (group->previous)
        group->previous->next = group->next;
    else
        space->first = group->next;
    if (group->next)
        group->next->previous = group->previous;
    else
        space->last = group->previous;
}
