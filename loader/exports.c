/* SPDX-License-Identifier: MIT */
/* The host's own exports. */
#include "loader/features.h"

static void append_table(elfin_space *space, struct elfin_export_table *table)
{
    if (space->last_table)
        space->last_table->next = table;
    else
        space->first_table = table;
    space->last_table = table;
}

/* Takes out what went in. */
static void remove_rows(elfin_space *space, const struct rows *r, size_t count)
{
    struct shadow *shadow = r->shadows;

    for (size_t i = 0; i < count; i++) {
        struct name name = elfin_name(r->rows[i].name);
        item own = make_item(&r->rows[i], r->kind);

        if (elfin_index_find_export(space, name) == own)
            elfin_index_remove(space, name, own, NULL, NULL);
        else if (shadow && shadow->own == own)
            elfin_index_remove(space, name, own, NULL, shadow++);
    }
}

/* Enters the rows, but for those that modules have exported before. */
static elfin_status add_rows(elfin_space *space, struct rows *r)
{
    for (size_t from = 0; from < r->count; from += INDEX_BATCH) {
        size_t count = r->count - from < INDEX_BATCH ? r->count - from : INDEX_BATCH;
        struct name names[INDEX_BATCH];

        for (size_t i = 0; i < count; i++) {
            names[i] = elfin_name(r->rows[from + i].name);
            elfin_index_prefetch(space, names[i].hash);
        }
        for (size_t i = 0; i < count; i++) {
            item own = make_item(&r->rows[from + i], r->kind), holder;
            elfin_status status = elfin_index_add(space, names[i], own, NULL, &holder);

            if (holder && (!space->host.waiting || !elfin_item_definition(holder).owner))
                status = ELFIN_ERR_DUPLICATE;
            if (status != ELFIN_OK) {
                remove_rows(space, r, from + i);
                return status;
            }
            r->shadowed += holder != 0;
        }
    }
    return ELFIN_OK;
}

static elfin_status append_rows(elfin_space *space, struct rows *r)
{
    uint64_t size = r->shadowed * sizeof(struct shadow);
    struct elfin_export_table *table;
    elfin_region region;
    elfin_status status =
        elfin_reserve_plain(&space->host, ELFIN_PURPOSE_RECORDS, sizeof(*table) + size, &region);

    if (status == ELFIN_OK) {
        table = memset(region.edit, 0, sizeof(*table) + size);
        *table =
            (struct elfin_export_table){ .region = region, .rows = r->rows, .count = r->count };
        r->shadows = table->shadows;
        if (r->shadowed)
            status = space->host.waiting->queue_rows(space, r);
        if (status == ELFIN_OK)
            append_table(space, table);
    }
    if (status != ELFIN_OK)
        remove_rows(space, r, r->count);
    if (status != ELFIN_OK && r->shadows)
        space->host.release(space->host.ctx, &region);
    return status;
}

elfin_status elfin_export_rows(elfin_space *space, const elfin_export *exports, size_t count,
                               enum item_kind kind)
{
    struct rows r = { .rows = exports, .count = count, .kind = kind };
    struct index_backup backup;
    elfin_status status;

    if (space->busy)
        return ELFIN_ERR_BUSY;
    if (!space->host.publishing)
        return ELFIN_ERR_ARGUMENT;
    for (size_t i = 0; i < count; i++)
        if (!exports[i].name || !*exports[i].name)
            return ELFIN_ERR_ARGUMENT;
    status = elfin_index_reserve(space, count, &backup);
    if (status != ELFIN_OK)
        return status;
    status = add_rows(space, &r);
    if (status == ELFIN_OK)
        status = append_rows(space, &r);
    if (status == ELFIN_OK)
        elfin_index_keep(space, &backup);
    else
        elfin_index_restore(space, &backup);
    return status;
}

elfin_status elfin_space_export(elfin_space *space, const elfin_export *exports, size_t count)
{
    return elfin_export_rows(space, exports, count, ITEM_ROW);
}
