/* SPDX-License-Identifier: MIT */
/*
 * A patch: imports of any number of modules, bound anew in one transaction. Everything that can be
 * wrong is found while it is put together. Then code and read-only memory are written, which can
 * fail only at page rights, and is undone then; then what cannot fail: writable memory, records.
 *
 * Nothing is kept of the old bytes: what a field holds follows from what its import is bound to.
 */
#ifndef LOADER_PATCH_H
#define LOADER_PATCH_H

#include "loader/linkage.h"

/* One import, and what it will be bound to. */
struct patch_change {
    struct patch_change *next; /* of the module */
    struct import *import;
    const struct record *record;
    uint64_t value;
    uint32_t used; /* IMPORT_SLOT_USED, IMPORT_STUB_USED */
};

/* Pages of one part that are written: offsets in the block; low == high: none. */
struct patch_window {
    uint64_t low, high;
    bool open; /* writable now */
};

struct patched_module {
    struct patched_module *next;
    struct elfin_module *module;
    struct patch_change *first, **end;
    struct patch_window window[ELFIN_PART_COUNT];
    bool has_finals;                     /* a change may have to do with what unload calls */
    const struct patch_change *finalize; /* of __cxa_finalize, or NULL */
};

struct patch {
    struct load *load; /* for reports and working memory */
    const elfin_change *options;
    struct patched_module *first, **end;
    /* The first of each take no working memory. */
    struct patched_module first_module;
    struct patch_change first_change;
};

void elfin_patch_begin(struct patch *patch, struct load *load, const elfin_change *options);
/*
 * Checks and adds one change. What is wrong has been reported; others may follow. bare: the
 * definition is only an address, which may be 0: nobody has the name.
 */
elfin_status elfin_patch_add(struct patch *patch, struct elfin_module *module,
                             struct import *import, const struct definition *definition, bool bare);
/* Writes what is read-only. On failure all is as before. */
elfin_status elfin_patch_write(struct patch *patch);
/* The rest, after elfin_patch_write. */
void elfin_patch_commit(struct patch *patch);
/* In any case, at the end. */
void elfin_patch_end(struct patch *patch);

/*
 * Marks the groups that `from` uses, directly or not, and itself, with the value returned; see
 * elfin_group.mark.
 */
uint64_t elfin_mark_used(elfin_space *space, elfin_group *from);

/* A report about a module in use. */
elfin_diag *elfin_patch_diag(struct load *load, uint32_t defect, const struct elfin_module *module,
                             const char *symbol);

/* The definition of that name that a module has, exported or not; false: it has none. */
bool elfin_module_definition(const struct elfin_module *module, const char *name,
                             struct definition *out);

#endif
