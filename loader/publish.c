/* SPDX-License-Identifier: MIT */
/*
 * Phase "publish": the group becomes visible. What can fail comes first; after the last fallible
 * step the space has the group, before it the space is untouched.
 */
#include "loader/features.h"
#include "loader/image.h"

enum {
    AHEAD = 16
};

/* The record's name: before a symbol's lies its hash. */
static struct name record_key(const struct record *record)
{
    struct name name = { .text = record_name(record) };

    if (record->flags & RECORD_MODULE)
        return elfin_name(name.text);
    __builtin_memcpy(&name.hash, name.text - sizeof(name.hash), sizeof(name.hash));
    return name;
}

/* The symbols of all modules that are published, one by one. */
struct walk {
    const elfin_space *space;
    const elfin_group *group;
    uint32_t module, symbol;
};

/* The index is fetched for some names ahead, so that it is in the cache when it is searched. */
static void prefetch(const struct walk *walk, const struct elfin_module *module)
{
    uint32_t i = walk->symbol ? walk->symbol + AHEAD : 0;

    for (; i <= walk->symbol + AHEAD && i < module->symbol_count; i++)
        elfin_index_prefetch(walk->space, record_key(&module->symbols[i]).hash);
}

static struct record *next_symbol(struct walk *walk)
{
    for (; walk->module < walk->group->module_count; walk->module++, walk->symbol = 0) {
        const struct elfin_module *module = &walk->group->modules[walk->module];

        while (walk->symbol < module->symbol_count) {
            struct record *record = &module->symbols[walk->symbol];

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

static item record_item(const struct record *record)
{
    if (record->flags & RECORD_MODULE)
        return make_item(record, ITEM_MODULE);
    return make_item(record, record->flags & RECORD_EXPORTED ? ITEM_RECORD : ITEM_PRIVATE);
}

/* What the group that is replaced has under the record's name: it stays until all has succeeded. */
static item find_replaced(const struct load *load, struct name name, const struct record *record,
                          struct shadow **waits)
{
    *waits = NULL;
    return load->replaces
               ? elfin_index_find_of(load->space, name, item_kind(record_item(record)),
                                     record_module(record)->archive, load->replaces, waits)
               : 0;
}

static elfin_status add_name(const struct load *load, struct record *record, uint64_t *shadowed)
{
    struct name name = record_key(record);
    struct shadow *waits;
    item holder = find_replaced(load, name, record, &waits);
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
    while (status == ELFIN_OK && (record = next_symbol(&walk)))
        status = add_name(load, record, shadowed);
    return status;
}

/* A name that was exported before stays bound to its first owner; people should know. */
static void log_shadowed(const elfin_space *space, const struct record *record, item holder)
{
    const struct elfin_module *owner = elfin_item_definition(holder).owner;
    const char *pieces[] = { record_name(&record_module(record)->self), ": its export ",
                             record_name(record), " is shadowed by that of ",
                             owner ? record_name(&owner->self) : "the host" };

    if (space->host.log && record->flags & RECORD_EXPORTED)
        elfin_log(&space->host, pieces, 5);
}

static elfin_status queue_names(struct load *load, uint64_t count)
{
    elfin_space *space = load->space;
    elfin_group *group = load->group;
    struct walk walk = { .space = space, .group = group };
    struct shadow *shadow, *waits;
    struct record *record;
    elfin_status status = elfin_reserve_plain(&space->host, ELFIN_PURPOSE_RECORDS,
                                              count * sizeof(struct shadow), &group->shadow_region);

    if (status != ELFIN_OK)
        return status;
    shadow = group->shadows = memset(group->shadow_region.edit, 0, count * sizeof(struct shadow));
    while ((record = next_symbol(&walk))) {
        if (!(record->flags & RECORD_SHADOWED))
            continue;
        if (find_replaced(load, record_key(record), record, &waits)) {
            shadow++;
            continue;
        }
        shadow->own = record_item(record);
        log_shadowed(
            space, record,
            elfin_index_queue(space, record_key(record), record_module(record)->archive, shadow++));
    }
    return ELFIN_OK;
}

static void lose_name(struct record *record)
{
    record->flags &= ~(uint32_t)RECORD_INDEXED & 0xff;
}

static void remove_name(elfin_space *space, struct record *record, struct shadow *shadow)
{
    if (record->flags & RECORD_INDEXED || (shadow && shadow->own))
        elfin_index_remove(space, record_key(record), record_item(record),
                           record_module(record)->archive, shadow);
    lose_name(record); /* a group that was replaced loses its names before it goes */
}

static void remove_names(elfin_space *space, elfin_group *group)
{
    struct walk walk = { .space = space, .group = group };
    struct shadow *shadow = group->shadows;
    struct record *record;

    for (uint32_t m = 0; m < group->module_count; m++)
        remove_name(space, &group->modules[m].self, NULL);
    while ((record = next_symbol(&walk))) {
        bool is_shadowed = shadow && record->flags & RECORD_SHADOWED;

        remove_name(space, record, is_shadowed ? shadow : NULL);
        if (is_shadowed)
            shadow++;
    }
    if (group->shadows)
        space->host.release(space->host.ctx, &group->shadow_region);
    group->shadows = NULL;
}

static void substitute(struct load *load, struct record *record, struct shadow *shadow)
{
    struct name name = record_key(record);
    struct shadow *waits;
    item old = find_replaced(load, name, record, &waits);

    if (!old)
        return;
    elfin_index_substitute(load->space, name, record_module(record)->archive, old, waits,
                           record_item(record), shadow);
    lose_name(item_pointer(old));
    if (!waits)
        record->flags |= RECORD_INDEXED;
}

void elfin_publish_instead(struct load *load)
{
    struct walk walk = { .space = load->space, .group = load->group };
    struct shadow *shadow = load->group->shadows;
    struct record *record;

    for (uint32_t m = 0; m < load->group->module_count; m++)
        substitute(load, &load->group->modules[m].self, NULL);
    while ((record = next_symbol(&walk))) {
        substitute(load, record, shadow);
        shadow += record->flags & RECORD_SHADOWED ? 1 : 0;
    }
    remove_names(load->space, load->replaces);
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

elfin_status elfin_publish(struct load *load)
{
    elfin_space *space = load->space;
    uint64_t shadowed = 0;
    elfin_status status = load->early ? load->host->sharing->publish_end(load, &shadowed)
                                      : elfin_publish_names(load, &shadowed);

    if (status == ELFIN_OK && shadowed)
        status = queue_names(load, shadowed);
    if (status != ELFIN_OK) {
        remove_names(space, load->group);
        return elfin_fail(load, load->objects,
                          status == ELFIN_ERR_LIMIT ? (uint32_t)DEFECT_INDEX_HASH
                                                    : defect_as(DEFECT_INDEX_MEMORY, status));
    }
    count_edges(load->group, true);
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
    count_edges(group, false);
    count_images(group, false);
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
