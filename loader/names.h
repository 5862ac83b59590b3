/* SPDX-License-Identifier: MIT */
/*
 * A table from names to items in working memory: open addressing, at most half full. Names are not
 * copied. Hostile files may bring names with equal hashes; a probe that takes longer than any
 * honest table's (PROBE_LIMIT) is an error, so every operation is bounded.
 */
#ifndef LOADER_NAMES_H
#define LOADER_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <elfin/elfin.h>

struct arena;

enum {
    PROBE_LIMIT = 512
};

struct names_entry {
    const char *name;
    void *item; /* NULL: free */
    uint32_t hash;
};

struct names {
    struct names_entry *entries;
    uint64_t capacity, used; /* capacity: a power of two, or 0 */
};

uint32_t elfin_hash(const char *name);

/*
 * Finds or makes the entry of a name; a new one has no item, and counts once its item is set by
 * elfin_names_set. NULL: *status says ELFIN_ERR_MEMORY or ELFIN_ERR_LIMIT.
 */
struct names_entry *elfin_names_slot(struct names *names, struct arena *arena, const char *name,
                                     uint32_t hash, elfin_status *status);
void elfin_names_set(struct names *names, struct names_entry *entry, const char *name,
                     uint32_t hash, void *item);
/* The item, or NULL. */
void *elfin_names_find(const struct names *names, const char *name, uint32_t hash);

#endif
