/* SPDX-License-Identifier: MIT */
/* A table from names to things in working memory; each begins with a pointer to its name. */
#ifndef LOADER_NAMES_H
#define LOADER_NAMES_H

#include "loader/table.h"

struct arena;

struct names {
    struct elfin_table table;
};

/* Begins with a pointer to its name, and has nothing else. */
struct named {
    const char *text;
};

/*
 * Makes room for so many more names, in one step if it is the first time. ELFIN_ERR_MEMORY,
 * ELFIN_ERR_LIMIT, ELFIN_ERR_HOST.
 */
elfin_status elfin_names_reserve(struct names *names, struct arena *arena, uint64_t more);
/* The search for a name with this hash will find its place in the cache. There is a table. */
static inline void elfin_names_prefetch(const struct names *names, uint32_t hash)
{
    __builtin_prefetch(&names->table.entries[table_home(&names->table, hash)]);
}
/* What has that name among the entries with its hash, from *entry on, or NULL; then *entry is
 * behind them. */
void *elfin_names_search(struct elfin_table_entry **entry, struct name name);
/* What has that name, or NULL. */
void *elfin_names_find(const struct names *names, struct name name);
/*
 * What has that name; if nothing has, `thing` (8-aligned) is entered, and returned: its own pointer
 * to the name may be set later. There is room. NULL: too many names have one hash.
 */
void *elfin_names_enter(struct names *names, struct name name, void *thing);

#endif
