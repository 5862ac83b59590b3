/* SPDX-License-Identifier: MIT */
/*
 * The space's index of names: one table (table.h) for what modules and the host export, for hidden
 * names of archive members, and for names of modules. Entries refer to records and to the host's
 * rows where they lie.
 *
 * The first to publish a name has it. Others wait in a queue of struct shadow, in order of
 * publication; the entry then refers to the first of these, which knows who has the name.
 */
#include "loader/features.h"
#include "loader/index_entry.h"
#include "libmini/str.h"

enum {
    INDEX_FIRST = 64,
    KIND_MODULE = 0x5bd1e980 /* for elfin_hash_as */
};

struct key elfin_index_key(struct name name, enum item_kind kind, const char *archive)
{
    struct key key = { .name = name, .low = kind, .high = kind, .archive = archive };

    if (kind <= ITEM_RECORD) {
        key.low = ITEM_ROW;
        key.high = ITEM_RECORD;
    } else {
        key.name.hash = elfin_hash_as(name.hash, kind == ITEM_MODULE ? (uint32_t)KIND_MODULE
                                                                     : elfin_name(archive).hash);
    }
    return key;
}

const char *elfin_item_name(item i)
{
    const elfin_export *row = item_pointer(i);

    return is_record(i) ? record_name(item_pointer(i)) : row->name;
}

struct definition elfin_item_definition(item i)
{
    const struct record *record = item_pointer(i);
    const elfin_export *row = item_pointer(i);

    if (!is_record(i))
        return (struct definition){ .address = row->address, .tls = item_kind(i) == ITEM_ROW_TLS };
    return (struct definition){ .record = record,
                                .owner = record_module(record),
                                .address = record->address,
                                .size = record->size,
                                .tls = record->flags & RECORD_TLS };
}

static inline bool is_match(item i, const struct key *key)
{
    const struct record *record = item_pointer(i);

    return item_kind(i) >= key->low && item_kind(i) <= key->high &&
           elfin_name_equal(elfin_item_name(i), key->name.text, key->name.hash) &&
           (item_kind(i) != ITEM_PRIVATE ||
            mini_str_equal(record_module(record)->archive, key->archive));
}

/* From the first entry with the key's hash on. 0: nobody; then *entry is behind the last one. */
static item scan(const struct elfin_table *table, const struct key *key,
                 struct elfin_table_entry **entry)
{
    for (; (*entry)->hash == key->name.hash; ++*entry) {
        item found = holder(table_item(table, *entry));

        if (is_match(found, key))
            return found;
    }
    return 0;
}

/* 0: nobody; then *where is the entry before which the name belongs. */
item elfin_index_search(const struct elfin_table *table, const struct key *key,
                        struct elfin_table_entry **where)
{
    if (!table->capacity)
        return 0;
    *where = table_first(table, key->name.hash);
    return scan(table, key, where);
}

/* The host's fixed table was there first. */
static item search_all(const elfin_space *space, const struct key *key,
                       struct elfin_table_entry **where)
{
    item found = key->high == ITEM_RECORD ? elfin_index_search(&space->fixed, key, where) : 0;

    return found ? found : elfin_index_search(&space->index, key, where);
}

item elfin_index_find_except(const elfin_space *space, struct name name, enum item_kind kind,
                             const char *archive, const elfin_group *except)
{
    struct key key = elfin_index_key(name, kind, archive);
    struct elfin_table_entry *where;
    item found = search_all(space, &key, &where);

    if (!except || !found || !is_of(found, except))
        return found;
    return queue_of(where) ? space->host.waiting->other(queue_of(where), except) : 0;
}

/* Of an item that has its hash. */
static inline bool is_export(item i, const struct name *name)
{
    return item_kind(i) >= ITEM_ROW && item_kind(i) <= ITEM_RECORD &&
           elfin_name_equal(elfin_item_name(i), name->text, name->hash);
}

static item find_export_in(const struct elfin_table *table, struct name name)
{
    const struct elfin_table_entry *entry;

    if (!table->capacity)
        return 0;
    for (entry = table_first(table, name.hash); entry->hash == name.hash; entry++) {
        item found = holder(table_item(table, entry));

        if (is_export(found, &name))
            return found;
    }
    return 0;
}

item elfin_index_find_export(const elfin_space *space, struct name name)
{
    item found = space->fixed.capacity ? find_export_in(&space->fixed, name) : 0;

    return found ? found : find_export_in(&space->index, name);
}

/* The search seldom goes on behind these lines. */
static struct elfin_table_entry *prefetch_home(const struct elfin_table *table, uint32_t hash)
{
    struct elfin_table_entry *home = &table->entries[table_home(table, hash)];

    __builtin_prefetch(home);
    __builtin_prefetch(home + 4);
    return home;
}

void elfin_index_prefetch(const elfin_space *space, uint32_t hash)
{
    if (space->fixed.capacity)
        prefetch_home(&space->fixed, hash);
    if (space->index.capacity)
        prefetch_home(&space->index, hash);
}

/*
 * For what has not been found, step by step for all, so that their cache misses lie in each other's
 * shadow: the entry, the row or record, its name.
 */
static void find_in(const struct elfin_table *table, const struct name *names, uint32_t count,
                    item *found)
{
    struct elfin_table_entry *entries[INDEX_BATCH];
    item first[INDEX_BATCH];

    for (uint32_t i = 0; i < count; i++)
        entries[i] = prefetch_home(table, names[i].hash);
    for (uint32_t i = 0; i < count; i++) {
        struct elfin_table_entry *entry = entries[i];

        while (entry->hash > names[i].hash)
            entry++;
        entries[i] = entry;
        first[i] = entry->hash == names[i].hash ? table_item(table, entry) : 0;
        __builtin_prefetch(item_pointer(first[i]));
    }
    for (uint32_t i = 0; i < count; i++)
        if (item_kind(first[i])) {
            first[i] = holder(first[i]);
            __builtin_prefetch(elfin_item_name(first[i]));
        }
    for (uint32_t i = 0; i < count; i++) {
        if (found[i] || entries[i]->hash != names[i].hash)
            continue;
        found[i] = is_export(first[i], &names[i]) ? first[i] : find_export_in(table, names[i]);
    }
}

void elfin_index_find_exports(const elfin_space *space, const struct name *names, uint32_t count,
                              item *found)
{
    for (uint32_t i = 0; !FOR_SPEED && i < count; i++)
        found[i] = elfin_index_find_export(space, names[i]);
    if (!FOR_SPEED)
        return;
    memset(found, 0, count * sizeof(*found));
    if (space->fixed.capacity)
        find_in(&space->fixed, names, count, found);
    if (space->index.capacity)
        find_in(&space->index, names, count, found);
}

/* ---- Changes --------------------------------------------------------------------------------- */

static elfin_status grow(elfin_space *space, uint64_t capacity, struct index_backup *backup)
{
    struct elfin_table table = { .capacity = (uint32_t)capacity };
    elfin_region region;
    elfin_status status;

    if (capacity > UINT32_MAX)
        return ELFIN_ERR_LIMIT;
    status = elfin_reserve_plain(&space->host, ELFIN_PURPOSE_RECORDS, elfin_table_size(capacity),
                                 &region);
    if (status != ELFIN_OK)
        return status;
    table.entries = memset(region.edit, 0, elfin_table_size(capacity));
    if (!elfin_table_fill(&table, &space->index)) {
        space->host.release(space->host.ctx, &region);
        return ELFIN_ERR_LIMIT;
    }
    backup->grown = true;
    space->index = table;
    space->index_region = region;
    return ELFIN_OK;
}

elfin_status elfin_index_reserve(elfin_space *space, uint64_t more, struct index_backup *backup)
{
    struct elfin_table *index = &space->index;
    uint64_t live = index->used - index->dead, capacity = elfin_table_capacity(live + more);

    *backup = (struct index_backup){ .table = *index, .region = space->index_region };
    if (!capacity)
        return ELFIN_ERR_LIMIT;
    if (elfin_table_capacity(index->used + more) <= index->capacity)
        return ELFIN_OK;
    if (capacity <= index->capacity) {
        elfin_table_fill(index, index);
        backup->table = *index;
        return ELFIN_OK;
    }
    if (capacity < index->capacity + index->capacity / 4 + INDEX_FIRST)
        capacity = index->capacity + index->capacity / 4 + INDEX_FIRST;
    return grow(space, capacity, backup);
}

void elfin_index_keep(elfin_space *space, struct index_backup *backup)
{
    if (backup->grown && backup->table.capacity)
        space->host.release(space->host.ctx, &backup->region);
    backup->grown = false;
}

void elfin_index_restore(elfin_space *space, struct index_backup *backup)
{
    if (!backup->grown)
        return;
    space->host.release(space->host.ctx, &space->index_region);
    space->index = backup->table;
    space->index_region = backup->region;
    backup->grown = false;
}

elfin_status elfin_index_add(elfin_space *space, struct name name, item i, const char *archive,
                             item *holds)
{
    struct key key = elfin_index_key(name, item_kind(i), archive);
    struct elfin_table_entry *where = table_first(&space->index, key.name.hash);

    *holds = 0;
    if (space->fixed.capacity || where->hash == key.name.hash)
        *holds = search_all(space, &key, &where);
    return *holds ? ELFIN_OK : elfin_table_add(&space->index, where, key.name.hash, i);
}

/* The entry with that hash that is the item, or says that the item has the name. */
struct elfin_table_entry *elfin_index_entry(const elfin_space *space, uint32_t hash, item i)
{
    struct elfin_table_entry *entry = table_first(&space->index, hash);

    while (entry_item(entry) != i && holder(entry_item(entry)) != i)
        entry++;
    return entry;
}

void elfin_index_remove(elfin_space *space, struct name name, item i, const char *archive,
                        struct shadow *shadow)
{
    struct key key = elfin_index_key(name, item_kind(i), archive);
    struct elfin_table_entry *entry;

    if (shadow && shadow->own) {
        space->host.waiting->leave(space, key.name.hash, shadow);
        return;
    }
    entry = elfin_index_entry(space, key.name.hash, i);
    if (queue_of(entry))
        space->host.waiting->promote(entry);
    else
        elfin_table_remove(&space->index, entry);
}
