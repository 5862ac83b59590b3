/* SPDX-License-Identifier: MIT */
/*
 * The space's index of names: open addressing with linear probing, at most half full, removal by
 * shifting back, so there are no tombstones. One entry per kind and name; records that were
 * published under a name that was taken wait in its list of shadows, in order of publication.
 */
#include "loader/internal.h"
#include "libmini/str.h"

enum {
    KIND_MASK = RECORD_EXPORTED | RECORD_PRIVATE | RECORD_MODULE,
    INDEX_FIRST = 256
};

/* Private names are found within their archive only. */
static bool same_key(const struct record *record, uint32_t kind, const char *name,
                     const char *archive)
{
    return record->flags & kind && mini_str_equal(record->name, name) &&
           (kind != RECORD_PRIVATE || mini_str_equal(record->owner->archive, archive));
}

/* The entry with that key, or the free entry where it belongs, or NULL after PROBE_LIMIT steps. */
static struct elfin_index_entry *probe(const elfin_space *space, uint32_t hash, uint32_t kind,
                                       const char *name, const char *archive)
{
    uint64_t mask = space->index_capacity - 1;

    for (uint64_t step = 0; step < PROBE_LIMIT; step++) {
        struct elfin_index_entry *entry = &space->index[(hash + step) & mask];

        if (!entry->record || (entry->hash == hash && same_key(entry->record, kind, name, archive)))
            return entry;
    }
    return NULL;
}

static struct elfin_index_entry *probe_record(const elfin_space *space, const struct record *record)
{
    return probe(space, record->hash, record->flags & KIND_MASK, record->name,
                 record->owner ? record->owner->archive : NULL);
}

/* Enters all records of the old table into a new one. */
static bool rehash(elfin_space *space, const struct elfin_index_entry *old, uint64_t capacity)
{
    for (uint64_t i = 0; i < capacity; i++) {
        struct elfin_index_entry *entry;

        if (!old[i].record)
            continue;
        entry = probe_record(space, old[i].record);
        if (!entry)
            return false;
        *entry = old[i];
    }
    return true;
}

elfin_status elfin_index_reserve(elfin_space *space, uint64_t more, struct index_backup *backup)
{
    uint64_t capacity = space->index_capacity ? space->index_capacity : INDEX_FIRST;
    elfin_region region;
    elfin_status status;

    *backup = (struct index_backup){ .index = space->index,
                                     .region = space->index_region,
                                     .capacity = space->index_capacity,
                                     .used = space->index_used };
    while (2 * (space->index_used + more) > capacity)
        capacity *= 2;
    if (capacity == space->index_capacity)
        return ELFIN_OK;
    status = elfin_reserve_plain(&space->host, ELFIN_PURPOSE_RECORDS,
                                 capacity * sizeof(struct elfin_index_entry), &region);
    if (status != ELFIN_OK)
        return status;
    memset(region.edit, 0, capacity * sizeof(struct elfin_index_entry));
    space->index = region.edit;
    space->index_region = region;
    space->index_capacity = capacity;
    backup->grown = true;
    if (rehash(space, backup->index, backup->capacity))
        return ELFIN_OK;
    elfin_index_restore(space, backup);
    return ELFIN_ERR_LIMIT;
}

void elfin_index_keep(elfin_space *space, struct index_backup *backup)
{
    if (backup->grown && backup->capacity)
        space->host.release(space->host.ctx, &backup->region);
    backup->grown = false;
}

void elfin_index_restore(elfin_space *space, struct index_backup *backup)
{
    if (!backup->grown)
        return;
    space->host.release(space->host.ctx, &space->index_region);
    space->index = backup->index;
    space->index_region = backup->region;
    space->index_capacity = backup->capacity;
    space->index_used = backup->used;
    backup->grown = false;
}

elfin_status elfin_index_add(elfin_space *space, struct record *record)
{
    struct elfin_index_entry *entry = probe_record(space, record);
    struct record *first;

    if (!entry)
        return ELFIN_ERR_LIMIT;
    record->flags |= RECORD_INDEXED;
    record->shadow = record->before = NULL;
    if (!entry->record) {
        *entry = (struct elfin_index_entry){ .hash = record->hash, .record = record };
        space->index_used++;
        return ELFIN_OK;
    }
    first = entry->record;
    record->before = first->before ? first->before : first;
    record->before->shadow = record;
    first->before = record;
    return ELFIN_OK;
}

/* Closes the hole: entries that probed past it move back, until a free one. */
static void close_hole(elfin_space *space, struct elfin_index_entry *entry)
{
    uint64_t mask = space->index_capacity - 1, hole = (uint64_t)(entry - space->index), i = hole;

    for (;;) {
        i = (i + 1) & mask;
        if (!space->index[i].record)
            break;
        /* An entry may move if its home is not cyclically within (hole, i]. */
        if (((i - space->index[i].hash) & mask) < ((i - hole) & mask))
            continue;
        space->index[hole] = space->index[i];
        hole = i;
    }
    space->index[hole].record = NULL;
    space->index_used--;
}

/* Takes one of several records of a name out of their list; the first one knows the last. */
static void unlink_shadow(struct elfin_index_entry *entry, struct record *record)
{
    struct record *first = entry->record, *last = first->before;

    if (record == first) {
        entry->record = first = record->shadow;
    } else {
        record->before->shadow = record->shadow;
        if (record == last)
            last = record->before;
        else
            record->shadow->before = record->before;
    }
    first->before = first == last ? NULL : last;
}

void elfin_index_remove(elfin_space *space, struct record *record)
{
    struct elfin_index_entry *entry;

    if (!(record->flags & RECORD_INDEXED))
        return;
    record->flags &= ~(uint32_t)RECORD_INDEXED;
    entry = probe_record(space, record);
    if (entry->record == record && !record->shadow)
        close_hole(space, entry);
    else
        unlink_shadow(entry, record);
}

struct record *elfin_index_find(const elfin_space *space, const char *name, uint32_t hash,
                                uint32_t kind, const char *archive)
{
    struct elfin_index_entry *entry;

    if (!space->index_capacity)
        return NULL;
    entry = probe(space, hash, kind, name, archive);
    return entry ? entry->record : NULL;
}
