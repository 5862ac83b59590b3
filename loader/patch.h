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
    struct binding to;
    uint32_t used; /* IMPORT_SLOT_USED, IMPORT_STUB_USED */
};

/* Pages of one part that are written: offsets in the block; low == high: none. */
struct patch_window {
    uint64_t low, high;
    bool open; /* writable now */
};

/* The definitions of a module, by name. */
struct named_definition {
    const char *name; /* first, see names.h */
    uint32_t position;
};

struct patched_module {
    struct patched_module *next;
    struct elfin_module *module;
    struct patch_change *first, **end;
    struct patch_window window[ELFIN_PART_COUNT];
    unsigned windows;         /* a bit for each that has pages */
    struct names definitions; /* once elfin_patch_definition has been asked for one */
    bool is_indexed;
    bool has_finals;                     /* a change may have to do with what unload calls */
    const struct patch_change *finalize; /* of __cxa_finalize, or NULL */
};

struct patch {
    struct load *load; /* for reports and working memory */
    const elfin_change *options;
    struct patched_module *first, **end;
    /* The first of each take no working memory; then some changes at once. */
    struct patched_module first_module;
    struct patch_change first_change;
    struct patch_change *spare;
    uint32_t spare_count;
};

void elfin_patch_begin(struct patch *patch, struct load *load, const elfin_change *options);
/* rebind.c: a call of its own: begins *load, which has its reports and working memory, and *patch.
 */
void elfin_rebind_begin(struct load *load, struct patch *patch, elfin_options *options,
                        elfin_space *space, const elfin_change *change, elfin_diag *diag);
/* Its end: what to return, given the status of its last step. */
elfin_status elfin_rebind_end(struct load *load, struct patch *patch, elfin_status status);
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

/*
 * rebind_all.c: ELFIN_ERR_CIRCLE, reported, if some group would use itself through others after the
 * patch. Looks at all groups if a module gets to use another one, else at none. Edges to the group
 * that is being loaded have been checked: whether that uses their users.
 */
elfin_status elfin_patch_check_circles(struct patch *patch);

static inline bool is_freed(const struct elfin_block *block, uint8_t part)
{
    return block->init_freed && (part == ELFIN_PART_INIT_TEXT || part == ELFIN_PART_INIT_DATA);
}

/* Writable at all times; the others have windows. */
static inline bool is_writable(uint8_t part)
{
    return part == ELFIN_PART_DATA || part == ELFIN_PART_INIT_DATA;
}

/* A report about a module in use. */
elfin_diag *elfin_patch_diag(struct load *load, uint32_t defect, const struct elfin_module *module,
                             const char *symbol);

/* definitions.c */

/* The definition of that name that a module has, exported or not; false: it has none. */
bool elfin_module_definition(const elfin_space *space, struct elfin_module *module,
                             struct name name, struct definition *out);
/* The same for many names: ELFIN_ERR_NOT_FOUND, not reported, or another error, which has been. */
elfin_status elfin_patch_definition(struct patch *patch, struct elfin_module *module,
                                    struct name name, struct definition *out);
/* The name that the definition has in the module that owns it. */
const char *elfin_binding_name(const struct binding *bound);
/* What a load would find now; true: nobody has the name, or it is only an address. */
bool elfin_definition_now(const struct load *load, struct name name, struct definition *out);

/* The module's part of the patch, made when it is first asked for. NULL without memory. */
struct patched_module *elfin_patched_module(struct patch *patch, struct elfin_module *module);

#endif
