/* SPDX-License-Identifier: MIT */
/* The host's fixed table: exports whose index was made before the host was linked. */
#include "loader/internal.h"

/* What an entry refers to is an offset from the rows: their address is not known yet. */
static item row_item(size_t position)
{
    return position * sizeof(elfin_export) | ITEM_ROW;
}

size_t elfin_export_index_entries(size_t count)
{
    uint64_t capacity = elfin_table_capacity(count);

    return capacity && capacity < UINT32_MAX ? (size_t)capacity + TABLE_TAIL : 0;
}

elfin_status elfin_export_index_make(const elfin_export *rows, size_t count,
                                     struct elfin_table_entry *entries)
{
    struct elfin_table table = { .entries = entries };
    uint64_t size = elfin_export_index_entries(count);
    elfin_status status = ELFIN_OK;

    if (!size)
        return ELFIN_ERR_LIMIT;
    table.capacity = (uint32_t)(size - TABLE_TAIL);
    memset(entries, 0, size * sizeof(*entries));
    for (size_t i = 0; status == ELFIN_OK && i < count; i++) {
        struct elfin_table_entry *entry;
        struct name name;

        if (!rows[i].name || !*rows[i].name)
            return ELFIN_ERR_ARGUMENT;
        name = elfin_name(rows[i].name);
        for (entry = table_first(&table, name.hash); entry->hash == name.hash; entry++)
            if (elfin_name_equal(rows[entry_item(entry) / sizeof(*rows)].name, name.text,
                                 name.hash))
                return ELFIN_ERR_DUPLICATE;
        status = elfin_table_add(&table, entry, name.hash, row_item(i));
    }
    return status;
}

/* It is the host's own: what can be wrong is that a tool of another version made it. */
static bool is_valid(const elfin_export_index *index)
{
    return index && index->version == ELFIN_EXPORT_INDEX_VERSION && index->entries && index->rows &&
           index->count && index->entry_count == elfin_export_index_entries(index->count) &&
           !index->entries[index->entry_count - 1].hash;
}

elfin_status elfin_space_export_indexed(elfin_space *space, const elfin_export_index *index)
{
    item first;

    if (space->busy)
        return ELFIN_ERR_BUSY;
    if (!space->host.publishing || !is_valid(index) || space->fixed.capacity || space->index.used ||
        space->first_table)
        return ELFIN_ERR_ARGUMENT;
    space->fixed = (struct elfin_table){
        .entries = (struct elfin_table_entry *)(uintptr_t)index->entries, /* which stay constant */
        .base = (uint64_t)(uintptr_t)index->rows,
        .capacity = index->entry_count - TABLE_TAIL,
        .used = index->count,
    };
    first = elfin_index_find_export(space, elfin_name(index->rows[0].name));
    if (first == make_item(index->rows, ITEM_ROW))
        return ELFIN_OK;
    space->fixed = (struct elfin_table){ 0 };
    return ELFIN_ERR_ARGUMENT;
}
