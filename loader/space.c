/* SPDX-License-Identifier: MIT */
/* A space and the host's own exports. */
#include <stddef.h>

#include "loader/features.h"

/* What 32-bit displacements span: inside a block everything must reach everything. */
#define IMAGE_SIZE_LIMIT ((uint64_t)2 << 30)

/* Members of a host that others need, by their place in units of 8 bytes. */
#define HOST_WORD(member)    (uint8_t)(offsetof(elfin_host, member) / 8)
#define NEEDS(member, other) HOST_WORD(member), HOST_WORD(other)

/* Parts that need others have them. */
static bool is_complete(const elfin_host *host)
{
    static const uint8_t needs[][2] = {
        { NEEDS(programs, reaching) },
        { NEEDS(programs, records) },
        { NEEDS(images, reaching) },
        { NEEDS(images, records) },
        { NEEDS(dividing, reaching) },
        { NEEDS(reasons, reaching) },
        { NEEDS(starting, users) },
        { NEEDS(rebinding, users) },
        { NEEDS(records, starting) },
        { NEEDS(unwind_add, unwinding) },
        { NEEDS(tls_size, threads) },
        { NEEDS(parallel, sharing) },
        { NEEDS(threads, slots) },
        { NEEDS(indirects, slots) },
        { NEEDS(starting, slots) },
        { NEEDS(reaching, slots) },
        { NEEDS(unwind_add, unwind_remove) },
        { NEEDS(unwind_remove, unwind_add) },
    };
    const uint64_t *words = (const uint64_t *)(const void *)host;

    _Static_assert(sizeof(host->programs) == 8 && sizeof(host->tls_size) == 8, "words");
    for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++)
        if (words[needs[i][0]] && !words[needs[i][1]])
            return false;
    return host->debugging || !host->debug;
}

elfin_status elfin_space_init(elfin_space *space, const elfin_host *host)
{
    uint64_t page, image, tls_align;

    if (!space || !host || host->struct_size != sizeof(*host) || !host->reserve || !host->release ||
        (!host->protect && !(host->flags & ELFIN_HOST_NO_RIGHTS)) || !is_complete(host))
        return ELFIN_ERR_ARGUMENT;
    page = host->page_size ? host->page_size : 4096;
    image = host->max_image_size ? host->max_image_size : (uint64_t)256 << 20;
    tls_align = host->tls_align ? host->tls_align : 16;
    if (!is_power_of_two(tls_align) || tls_align > TLS_SIZE_LIMIT ||
        host->tls_size > TLS_SIZE_LIMIT || !is_power_of_two(page) || page < 16 ||
        page > IMAGE_SIZE_LIMIT || image > IMAGE_SIZE_LIMIT)
        return ELFIN_ERR_ARGUMENT;
    memmove(&space->host, host, sizeof(*host)); /* which may lie in *space */
    memset(space, 0, offsetof(elfin_space, host));
    memset(&space->host + 1, 0, sizeof(*space) - offsetof(elfin_space, host) - sizeof(*host));
    space->host.page_size = page;
    space->host.max_image_size = image;
    space->host.tls_align = tls_align;
    return ELFIN_OK;
}

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
