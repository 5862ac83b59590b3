/* SPDX-License-Identifier: MIT */
/*
 * The names of groups in the space's index. What can fail comes first; after the last fallible step
 * all names are there, before it none.
 */
#include "loader/features.h"
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

static elfin_status publishing_reserve(struct load *load)
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

static elfin_status publishing_publish(struct load *load)
{
    uint64_t shadowed = 0;
    elfin_status status = load->early ? load->host->sharing->publish_end(load, &shadowed)
                                      : elfin_publish_names(load, &shadowed);

    if (status == ELFIN_OK && shadowed)
        status = load->host->waiting->queue(load, shadowed);
    return status == ELFIN_OK ? ELFIN_OK : refuse(load, status);
}

static void publishing_settle(struct load *load, bool keep)
{
    if (keep)
        elfin_index_keep(load->space, &load->index);
    else
        elfin_index_restore(load->space, &load->index);
}

item elfin_find_module_item(const struct load *load, struct name name)
{
    return elfin_index_find_except(load->space, name, ITEM_MODULE, NULL, load->replaces);
}

static bool publishing_has_module(const struct load *load, struct name name)
{
    return elfin_find_module_item(load, name) != 0;
}

/* exported: what the space has under that name, or 0; a group that is replaced may have it. */
static item find(const struct load *load, const struct symbol *symbol, item exported)
{
    item found = load->libraries ? load->host->archives->find_private(load, symbol) : 0;

    if (!found && !is_hidden(symbol))
        found = load->replaces ? elfin_index_find_except(load->space, symbol_name(symbol),
                                                         ITEM_RECORD, NULL, load->replaces)
                               : exported;
    if (!load->host->users && item_kind(found) >= ITEM_RECORD) /* modules do not use each other */
        found = 0;
    return found;
}

static void publishing_find(const struct load *load, struct symbol *const *symbols,
                            const struct name *names, uint32_t count, item *found)
{
    elfin_index_find_exports(load->space, names, count, found);
    for (uint32_t i = 0; i < count; i++)
        found[i] = find(load, symbols[i], found[i]);
}

static void publishing_bind(struct symbol *symbol, item found)
{
    struct definition definition = elfin_item_definition(found);

    symbol->state = SYMBOL_IMPORT;
    symbol->import = definition.record;
    symbol->import_tls = definition.tls;
    symbol->value = definition.address;
    symbol->size = definition.size;
}

const struct elfin_publishing elfin_publishing = {
    .reserve = publishing_reserve,
    .publish = publishing_publish,
    .unpublish = elfin_unpublish_names,
    .settle = publishing_settle,
    .has_module = publishing_has_module,
    .find = publishing_find,
    .bind = publishing_bind,
};
