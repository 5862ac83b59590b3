/* SPDX-License-Identifier: MIT */
/* The names of a group that is being published; see publish.c. */
#ifndef LOADER_PUBLISH_H
#define LOADER_PUBLISH_H

#include "loader/features.h"

/* The symbols of all modules that are published, one by one. */
struct walk {
    const elfin_space *space;
    const elfin_group *group;
    uint32_t module, symbol;
};
struct record *elfin_next_published(struct walk *walk);

static inline item record_item(const struct record *record)
{
    if (record->flags & RECORD_MODULE)
        return make_item(record, ITEM_MODULE);
    return make_item(record, record->flags & RECORD_EXPORTED ? ITEM_RECORD : ITEM_PRIVATE);
}

/* The record's name: before a symbol's lies its hash. */
struct name elfin_published_name(const struct record *record);
/* All, with their queue. */
void elfin_unpublish_names(elfin_space *space, elfin_group *group);

static inline void lose_name(struct record *record)
{
    record->flags &= ~(uint32_t)RECORD_INDEXED & 0xff;
}

/* replaced.c: what the replaced group has under the record's name, or, with *waits, waits to have.
 */
item elfin_find_replaced(const struct load *load, struct name name, const struct record *record,
                         struct shadow **waits);

#endif
