/* SPDX-License-Identifier: MIT */
/*
 * The table behind every look-up by name: open addressing, linear probing, entries in the order of
 * their hashes. An entry's home grows with its hash, so the whole table is one sorted list with
 * gaps: a search for what is missing ends as early as one that finds, and a table is copied into a
 * larger one in a single pass over both. Twelve bytes for an entry, three in four in use at most.
 *
 * Hostile files may bring names with equal hashes. Adding more than EQUAL_LIMIT of them, or one
 * that would take longer to place than in any honest table (PROBE_LIMIT), fails; so every operation
 * is bounded.
 */
#ifndef LOADER_TABLE_H
#define LOADER_TABLE_H

#include <elfin/elfin.h>

#include "loader/name.h"

enum {
    PROBE_LIMIT = 512,
    EQUAL_LIMIT = 32,
    TABLE_TAIL = 64 /* entries behind the last home; the very last one is always free */
};

/*
 * What an entry refers to, in the low bits of its pointer. 0 is nothing: a free entry (hash 0 as
 * well), or one that was taken out where closing the gap would have cost too much.
 */
enum item_kind {
    ITEM_ROW = 1, /* elfin_export of the host */
    ITEM_ROW_TLS, /* the same: thread-local */
    ITEM_RECORD,  /* struct record: found by other groups */
    ITEM_PRIVATE, /* struct record: hidden, found by members of the same archive */
    ITEM_MODULE,  /* struct record: the module's own name */
    ITEM_NAMED,   /* anything that begins with a pointer to its name */
    ITEM_QUEUE,   /* struct shadow: several have this name, see index.c */
    ITEM_KIND_MASK = 7
};

typedef uint64_t item;

static inline item make_item(const void *pointer, enum item_kind kind)
{
    return (uint64_t)(uintptr_t)pointer | (uint64_t)kind;
}

static inline enum item_kind item_kind(item i)
{
    return (enum item_kind)(i & ITEM_KIND_MASK);
}

static inline void *item_pointer(item i)
{
    return (void *)(uintptr_t)(i & ~(uint64_t)ITEM_KIND_MASK);
}

static inline item entry_item(const struct elfin_table_entry *entry)
{
    item i;

    __builtin_memcpy(&i, entry->item, sizeof(i));
    return i;
}

/* The same; those of the host's fixed table are offsets from its rows. The kind may be 0. */
static inline item table_item(const struct elfin_table *table,
                              const struct elfin_table_entry *entry)
{
    return entry_item(entry) + table->base;
}

static inline void table_set(struct elfin_table_entry *entry, item i)
{
    __builtin_memcpy(entry->item, &i, sizeof(i));
}

/* Where the search for a hash begins. The smallest hashes come last. */
static inline uint64_t table_home(const struct elfin_table *table, uint32_t hash)
{
    return (uint64_t)~hash * table->capacity >> 32;
}

/* The first entry whose hash is not greater. The table's capacity is not 0. */
static inline struct elfin_table_entry *table_first(const struct elfin_table *table, uint32_t hash)
{
    struct elfin_table_entry *entry = &table->entries[table_home(table, hash)];

    while (entry->hash > hash)
        entry++;
    return entry;
}

/* Bytes of a table's entries. */
uint64_t elfin_table_size(uint64_t capacity);
/* The least capacity for so many names; 0: there is none. */
uint64_t elfin_table_capacity(uint64_t names);
/*
 * Enters what `from` holds into the table, whose entries are zeroed, or, with an equal capacity,
 * those of `from` themselves. False: an entry would lie behind the end.
 */
bool elfin_table_fill(struct elfin_table *table, const struct elfin_table *from);
/*
 * Adds an entry at `where`, where the search for its hash ended: behind those with that hash and
 * before all smaller ones. The caller has made room. ELFIN_ERR_LIMIT.
 */
elfin_status elfin_table_add(struct elfin_table *table, struct elfin_table_entry *where,
                             uint32_t hash, item i);
void elfin_table_remove(struct elfin_table *table, struct elfin_table_entry *entry);

#endif
