/* SPDX-License-Identifier: MIT */
#include "loader/internal.h"
#include "libmini/str.h"

/* FNV-1a with a final mix, so that the low bits depend on every byte. */
uint32_t elfin_hash(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3u;
    hash ^= hash >> 32;
    return (uint32_t)(hash * 0x9e3779b97f4a7c15u >> 32);
}

/* The entry of the name, or the free one where it belongs, or NULL after PROBE_LIMIT steps. */
static struct names_entry *probe(const struct names *names, const char *name, uint32_t hash)
{
    uint64_t mask = names->capacity - 1;

    for (uint64_t step = 0; step < PROBE_LIMIT; step++) {
        struct names_entry *entry = &names->entries[(hash + step) & mask];

        if (!entry->item || (entry->hash == hash && mini_str_equal(entry->name, name)))
            return entry;
    }
    return NULL;
}

/* Doubles the table. Old entries stay in the arena: together less than the new table. */
static elfin_status grow(struct names *names, struct arena *arena)
{
    struct names bigger = { .capacity = names->capacity ? 2 * names->capacity : 64,
                            .used = names->used };

    bigger.entries = elfin_arena_get(arena, bigger.capacity, sizeof(*bigger.entries));
    if (!bigger.entries)
        return arena->status;
    for (uint64_t i = 0; i < names->capacity; i++) {
        struct names_entry *old = &names->entries[i], *entry;

        if (!old->item)
            continue;
        entry = probe(&bigger, old->name, old->hash);
        if (!entry)
            return ELFIN_ERR_LIMIT;
        *entry = *old;
    }
    *names = bigger;
    return ELFIN_OK;
}

struct names_entry *elfin_names_slot(struct names *names, struct arena *arena, const char *name,
                                     uint32_t hash, elfin_status *status)
{
    struct names_entry *entry;

    if (2 * (names->used + 1) > names->capacity) {
        *status = grow(names, arena);
        if (*status != ELFIN_OK)
            return NULL;
    }
    entry = probe(names, name, hash);
    if (!entry)
        *status = ELFIN_ERR_LIMIT;
    return entry;
}

void elfin_names_set(struct names *names, struct names_entry *entry, const char *name,
                     uint32_t hash, void *item)
{
    if (!entry->item)
        names->used++;
    *entry = (struct names_entry){ .name = name, .item = item, .hash = hash };
}

void *elfin_names_find(const struct names *names, const char *name, uint32_t hash)
{
    struct names_entry *entry;

    if (!names->capacity)
        return NULL;
    entry = probe(names, name, hash);
    return entry ? entry->item : NULL;
}
