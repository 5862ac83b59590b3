/* SPDX-License-Identifier: MIT */
#include "loader/internal.h"

enum {
    NAMES_FIRST = 48
};

elfin_status elfin_names_reserve(struct names *names, struct arena *arena, uint64_t more)
{
    struct elfin_table *old = &names->table, table = { 0 };
    uint64_t wanted = elfin_table_capacity(old->used + more);

    if (!wanted)
        return ELFIN_ERR_LIMIT;
    if (wanted <= old->capacity)
        return ELFIN_OK;
    /* Old entries stay in the arena: together less than the new ones. */
    if (old->capacity && wanted < 2 * (uint64_t)old->capacity)
        wanted = 2 * (uint64_t)old->capacity;
    if (wanted > UINT32_MAX)
        return ELFIN_ERR_LIMIT;
    table.capacity = (uint32_t)wanted;
    table.entries = elfin_arena_get(arena, 1, elfin_table_size(wanted));
    if (!table.entries)
        return arena->status;
    if (!elfin_table_fill(&table, old))
        return ELFIN_ERR_LIMIT;
    *old = table;
    return ELFIN_OK;
}

void *elfin_names_search(struct elfin_table_entry **entry, struct name name)
{
    for (; (*entry)->hash == name.hash; ++*entry) {
        const struct named *thing = item_pointer(entry_item(*entry));

        if (elfin_name_equal(thing->text, name.text, name.hash))
            return (void *)(uintptr_t)thing;
    }
    return NULL;
}

void *elfin_names_find(const struct names *names, struct name name)
{
    struct elfin_table_entry *entry;

    if (!names->table.capacity)
        return NULL;
    entry = table_first(&names->table, name.hash);
    return elfin_names_search(&entry, name);
}

void *elfin_names_enter(struct names *names, struct name name, void *thing)
{
    struct elfin_table_entry *entry = table_first(&names->table, name.hash);
    void *old = elfin_names_search(&entry, name);

    if (old)
        return old;
    if (elfin_table_add(&names->table, entry, name.hash, make_item(thing, ITEM_NAMED)) != ELFIN_OK)
        return NULL;
    return thing;
}
