/* SPDX-License-Identifier: MIT */
#include "loader/table.h"

enum {
    ENTRY = sizeof(struct elfin_table_entry),
    CLOSE_LIMIT = 64 /* entries to move when one is removed: far more than honest tables need */
};

uint64_t elfin_table_size(uint64_t capacity)
{
    return (capacity + TABLE_TAIL) * sizeof(struct elfin_table_entry);
}

uint64_t elfin_table_capacity(uint64_t names)
{
    return names < (uint64_t)1 << 31 ? names + names / 3 + 1 : 0;
}

/* In bytes. */
static uint64_t distance(const struct elfin_table_entry *from, const struct elfin_table_entry *to)
{
    return (uintptr_t)to - (uintptr_t)from;
}

static bool is_last(const struct elfin_table *table, const struct elfin_table_entry *entry)
{
    return entry == &table->entries[table->capacity + (uint64_t)TABLE_TAIL - 1];
}

bool elfin_table_fill(struct elfin_table *table, const struct elfin_table *from)
{
    uint64_t end = from->capacity ? from->capacity + (uint64_t)TABLE_TAIL : 0, next = 0;

    table->used = table->dead = 0;
    for (uint64_t i = 0; i < end; i++) {
        struct elfin_table_entry entry = from->entries[i];
        uint64_t home;

        if (table->entries == from->entries)
            from->entries[i] = (struct elfin_table_entry){ 0 };
        if (!entry.hash || !entry_item(&entry))
            continue;
        home = table_home(table, entry.hash);
        next = next < home ? home : next;
        if (is_last(table, &table->entries[next]))
            return false;
        table->entries[next++] = entry;
        table->used++;
    }
    return true;
}

/* One with that hash that refers to nothing any more, of those before `where`, or NULL. */
static struct elfin_table_entry *find_dead(const struct elfin_table *table,
                                           struct elfin_table_entry *where, uint32_t hash)
{
    while (where > table->entries && where[-1].hash == hash)
        if (!entry_item(--where))
            return where;
    return NULL;
}

/*
 * Dead entries are used again: they lie where much is entered and taken out, and would otherwise
 * add up to a row too long for PROBE_LIMIT.
 */
elfin_status elfin_table_add(struct elfin_table *table, struct elfin_table_entry *where,
                             uint32_t hash, item i)
{
    const struct elfin_table_entry *home = &table->entries[table_home(table, hash)];
    struct elfin_table_entry *free = table->dead ? find_dead(table, where, hash) : NULL;

    if (free) {
        table_set(free, i);
        table->dead--;
        return ELFIN_OK;
    }
    if (distance(home, where) >= (uint64_t)EQUAL_LIMIT * ENTRY && where[-EQUAL_LIMIT].hash == hash)
        return ELFIN_ERR_LIMIT;
    for (free = where;
         free->hash && entry_item(free) && distance(home, free) < (uint64_t)PROBE_LIMIT * ENTRY;)
        free++;
    if (distance(home, free) >= (uint64_t)PROBE_LIMIT * ENTRY || is_last(table, free))
        return ELFIN_ERR_LIMIT;
    if (free->hash)
        table->dead--;
    else
        table->used++;
    for (; free > where; free--)
        *free = free[-1];
    where->hash = hash;
    table_set(where, i);
    return ELFIN_OK;
}

/*
 * The entries behind move up, until a free one or one that is at home. An honest table never makes
 * that a long way; in others the entry stays, for nothing, until the table is filled anew.
 */
void elfin_table_remove(struct elfin_table *table, struct elfin_table_entry *entry)
{
    for (unsigned moved = 0; moved < CLOSE_LIMIT; moved++, entry++) {
        if (!entry[1].hash || &table->entries[table_home(table, entry[1].hash)] == entry + 1) {
            *entry = (struct elfin_table_entry){ 0 };
            table->used--;
            return;
        }
        *entry = entry[1];
    }
    table_set(entry, 0);
    table->dead++;
}
