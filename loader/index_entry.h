/* SPDX-License-Identifier: MIT */
/* Entries of the space's index; see index.c. */
#ifndef LOADER_INDEX_ENTRY_H
#define LOADER_INDEX_ENTRY_H

#include "loader/internal.h"

/* What is looked for: the name, with the hash of its kind, kinds, and whose archive. */
struct key {
    struct name name;
    enum item_kind low, high;
    const char *archive;
};

static inline bool is_record(item i)
{
    return item_kind(i) >= ITEM_RECORD;
}

/* Who has the name of an entry. */
static inline item holder(item i)
{
    const struct shadow *shadow = item_pointer(i);

    return item_kind(i) == ITEM_QUEUE ? shadow->first : i;
}

static inline bool is_of(item i, const elfin_group *group)
{
    return is_record(i) && record_module(item_pointer(i))->group == group;
}

/* The queue behind who has the name; NULL: there is none. */
static inline struct shadow *queue_of(const struct elfin_table_entry *entry)
{
    return item_kind(entry_item(entry)) == ITEM_QUEUE ? item_pointer(entry_item(entry)) : NULL;
}

struct key elfin_index_key(struct name name, enum item_kind kind, const char *archive);
/* 0: nobody; then *where is the entry before which the name belongs. */
item elfin_index_search(const struct elfin_table *table, const struct key *key,
                        struct elfin_table_entry **where);
/* The entry with that hash that is the item, or says that the item has the name. */
struct elfin_table_entry *elfin_index_entry(const elfin_space *space, uint32_t hash, item i);

#endif
