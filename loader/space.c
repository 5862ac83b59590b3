/* SPDX-License-Identifier: MIT */
/* A space and the host's own exports. */
#include "loader/internal.h"

/* What 32-bit displacements span: inside a block everything must reach everything. */
#define IMAGE_SIZE_LIMIT ((uint64_t)2 << 30)

elfin_status elfin_space_init(elfin_space *space, const elfin_host *host)
{
    elfin_host copy;

    if (!space || !host || host->struct_size != sizeof(*host) || !host->reserve || !host->release)
        return ELFIN_ERR_ARGUMENT;
    copy = *host;
    if (!copy.protect && !(copy.flags & ELFIN_HOST_NO_RIGHTS))
        return ELFIN_ERR_ARGUMENT;
    if (!copy.unwind_add != !copy.unwind_remove)
        return ELFIN_ERR_ARGUMENT;
    if (!copy.page_size)
        copy.page_size = 4096;
    if (!copy.max_image_size)
        copy.max_image_size = (uint64_t)256 << 20;
    if (!copy.tls_align)
        copy.tls_align = 16;
    if (!is_power_of_two(copy.tls_align) || copy.tls_align > TLS_SIZE_LIMIT ||
        copy.tls_size > TLS_SIZE_LIMIT)
        return ELFIN_ERR_ARGUMENT;
    if (!is_power_of_two(copy.page_size) || copy.page_size < 16 ||
        copy.page_size > IMAGE_SIZE_LIMIT || copy.max_image_size > IMAGE_SIZE_LIMIT)
        return ELFIN_ERR_ARGUMENT;
    *space = (elfin_space){ .host = copy };
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

/* Enters the rows; on a duplicate or a full probe takes out again what went in. */
static elfin_status add_rows(elfin_space *space, struct elfin_export_table *table)
{
    elfin_status status = ELFIN_OK;

    for (size_t i = 0; i < table->count; i++) {
        struct record *row = &table->rows[i], *other;

        other = elfin_index_find(space, row->name, row->hash, RECORD_EXPORTED, NULL);
        while (other && other->owner)
            other = other->shadow;
        status = other ? ELFIN_ERR_DUPLICATE : elfin_index_add(space, row);
        if (status == ELFIN_OK)
            continue;
        while (i > 0)
            elfin_index_remove(space, &table->rows[--i]);
        return status;
    }
    return ELFIN_OK;
}

static elfin_status export_rows(elfin_space *space, const elfin_export *exports, size_t count,
                                uint32_t flags)
{
    struct elfin_export_table *table;
    struct index_backup backup;
    elfin_region region;
    elfin_status status;
    uint64_t size;

    if (space->busy)
        return ELFIN_ERR_BUSY;
    for (size_t i = 0; i < count; i++)
        if (!exports[i].name || !*exports[i].name)
            return ELFIN_ERR_ARGUMENT;
    if (__builtin_mul_overflow((uint64_t)count, sizeof(table->rows[0]), &size) ||
        size > UINT64_MAX / 2)
        return ELFIN_ERR_ARGUMENT;
    status =
        elfin_reserve_plain(&space->host, ELFIN_PURPOSE_RECORDS, sizeof(*table) + size, &region);
    if (status != ELFIN_OK)
        return status;
    table = region.edit;
    *table = (struct elfin_export_table){ .region = region, .count = count };
    for (size_t i = 0; i < count; i++)
        table->rows[i] = (struct record){ .name = exports[i].name,
                                          .address = exports[i].address,
                                          .hash = elfin_hash(exports[i].name),
                                          .flags = flags };
    status = elfin_index_reserve(space, count, &backup);
    if (status == ELFIN_OK) {
        status = add_rows(space, table);
        if (status == ELFIN_OK) {
            elfin_index_keep(space, &backup);
            append_table(space, table);
            return ELFIN_OK;
        }
        elfin_index_restore(space, &backup);
    }
    space->host.release(space->host.ctx, &region);
    return status;
}

elfin_status elfin_space_export(elfin_space *space, const elfin_export *exports, size_t count)
{
    return export_rows(space, exports, count, RECORD_EXPORTED);
}

elfin_status elfin_space_export_tls(elfin_space *space, const elfin_export *exports, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (exports[i].address + TLS_SIZE_LIMIT >= 2 * TLS_SIZE_LIMIT)
            return ELFIN_ERR_ARGUMENT;
    return export_rows(space, exports, count, RECORD_EXPORTED | RECORD_TLS);
}
