/* SPDX-License-Identifier: MIT */
/* The space's index of names; see index.c. */
#ifndef LOADER_INDEX_H
#define LOADER_INDEX_H

#include "loader/table.h"

struct record;

enum {
    INDEX_BATCH = 32 /* names that are looked up together, at most */
};

/* Waits in the queue of a name that others published before; see index.c. */
struct shadow {
    item own;                       /* who waits; 0: nobody, or nobody any more */
    item first;                     /* of the first in the queue: who has the name; else 0 */
    struct shadow *next, *previous; /* a ring */
};

/* The table that growing replaced, kept until it is certain that it will not be needed again. */
struct index_backup {
    struct elfin_table table;
    elfin_region region;
    bool grown;
};

/*
 * Makes room for `more` records, so that elfin_index_add cannot fail for want of memory. After it,
 * exactly one of elfin_index_keep and elfin_index_restore must be called; the latter after all
 * records added since have been removed again.
 */
elfin_status elfin_index_reserve(elfin_space *space, uint64_t more, struct index_backup *backup);
void elfin_index_keep(elfin_space *space, struct index_backup *backup);
void elfin_index_restore(elfin_space *space, struct index_backup *backup);
/*
 * What is published under a name, 0: nothing. kind: ITEM_RECORD (all that is exported, the host's
 * too), ITEM_PRIVATE (then of this archive) or ITEM_MODULE. Of other groups than `except`, which
 * may be NULL.
 */
item elfin_index_find_except(const elfin_space *space, struct name name, enum item_kind kind,
                             const char *archive, const elfin_group *except);
static inline item elfin_index_find(const elfin_space *space, struct name name, enum item_kind kind,
                                    const char *archive)
{
    return elfin_index_find_except(space, name, kind, archive, NULL);
}
/* What is exported under a name; 0: nothing. */
item elfin_index_find_export(const elfin_space *space, struct name name);
/* The same for up to INDEX_BATCH names at once. */
void elfin_index_find_exports(const elfin_space *space, const struct name *names, uint32_t count,
                              item *found);
/*
 * Publishes an item, unless another has the name: then that is *holder, else *holder is 0.
 * ELFIN_ERR_LIMIT: too many names with one hash. archive: of an ITEM_PRIVATE.
 */
elfin_status elfin_index_add(elfin_space *space, struct name name, item i, const char *archive,
                             item *holder);
/* For exports: the first step of finding or adding a name, worth taking for many at once. */
void elfin_index_prefetch(const elfin_space *space, uint32_t hash);
/* Takes out an item that has its name, or waits for it as this shadow (which may be NULL). */
void elfin_index_remove(elfin_space *space, struct name name, item i, const char *archive,
                        struct shadow *shadow);

const char *elfin_item_name(item i);

/* What somebody who is bound to an item has to know. */
struct definition {
    const struct record *record; /* NULL: a row of the host, or `own` */
    struct elfin_module *owner;  /* NULL: the host */
    uint64_t address, size;
    uint32_t own; /* of a module without records (elfin_module.images): 1 + its position */
    bool tls;
};
struct definition elfin_item_definition(item i);

#endif
