/* SPDX-License-Identifier: MIT */
/*
 * Linkage: what a module keeps of its imports so that they can be bound anew (ELFIN_LOAD_REBIND).
 * Only what depends on a symbol's value is in it: 4 bytes for each such field. All code is behind
 * `struct elfin_rebinding`, which only a host refers to.
 */
#ifndef LOADER_LINKAGE_H
#define LOADER_LINKAGE_H

#include "loader/carver.h"
#include "loader/internal.h"

enum {
    IMPORT_WEAK = 1 << 0,       /* no reference is strong: it may be 0 */
    IMPORT_TLS = 1 << 1,        /* its offset from the thread pointer is used */
    IMPORT_ADDRESS = 1 << 2,    /* its address is used */
    IMPORT_SIZE = 1 << 3,       /* its size is stored */
    IMPORT_READS_SLOT = 1 << 4, /* code reads the slot, whatever the value is */
    IMPORT_SLOT_USED = 1 << 5,  /* something reads the slot now */
    IMPORT_STUB_USED = 1 << 6,  /* some branch goes through the stub now */
    IMPORT_FINAL = 1 << 7,      /* a word that says what unload calls may be one of its fields */
    IMPORT_FINALIZE = 1 << 8,   /* unload calls it: __cxa_finalize */
};

/* What an import is bound to. */
struct binding {
    const struct record *record; /* NULL: the host's, `own`, an address that elfin_rebind was given,
                                    or it is 0 */
    struct elfin_module *owner;  /* NULL: none of the above is a module's */
    uint64_t value;
    uint32_t own; /* as in struct definition */
};

/* An undefined symbol that relocations of the module use. */
struct import {
    const char *name;
    struct binding bound;
    uint32_t hash, flags;
    uint32_t slot, stub; /* 1 + number in the module; 0 = none */
    uint32_t first_run, run_count;
};

/* Fields of one import, kind and addend in one part; never empty. */
struct import_run {
    int64_t addend;
    uint32_t first, count; /* in linkage.fields */
    uint8_t kind, part;
};

struct linkage {
    struct import *imports; /* ascending by hash */
    struct import_run *runs;
    uint32_t *fields; /* offsets in the block, ascending within a run */
    uint64_t got, plt;
    uint32_t import_count, run_count, field_count;
    uint32_t block; /* its number in the group */
    uint32_t trap;  /* 1 + number of the stub that traps; 0 = none */
    /* Of elfin_module.uses: those from here on come from imports, and there is room for one of each
       import; the ones before do not change. */
    uint32_t fixed_uses;
};

/* The seam: what the phases of a load call. */
struct elfin_rebinding {
    /* After place: finds what the object has to keep. */
    elfin_status (*collect)(struct load *load, struct object *object);
    void (*carve)(struct carver *c, const struct object *object, struct elfin_module *module);
    /* After fix-up. */
    void (*fill)(struct load *load, const struct object *object);
    /* elfin_arch_follow, for images. */
    void (*arch)(const struct arch_scan *scan, uint64_t record, struct arch_field *out);
};

/* linkage.c */
elfin_status elfin_linkage_collect(struct load *load, struct object *object);
void elfin_linkage_carve(struct carver *c, const struct object *object,
                         struct elfin_module *module);
void elfin_linkage_fill(struct load *load, const struct object *object);

/* The first import of that name, or NULL; others of the same name follow. */
struct import *elfin_import_find(const struct linkage *linkage, struct name name);
bool elfin_import_is(const struct linkage *linkage, const struct import *import, struct name name);

/* The module's run, to check and to write. */
struct arch_fields elfin_import_run(const struct elfin_module *module,
                                    const struct import_run *run);
/* What the import's fields have to follow if its value is that. */
struct arch_binding elfin_import_binding(const struct elfin_module *module,
                                         const struct import *import, const struct binding *to);
/* The flags IMPORT_SLOT_USED and IMPORT_STUB_USED that it has when bound so. False: *failure, and
 * the run it is of. */
bool elfin_import_check(const struct elfin_module *module, const struct import *import,
                        const struct arch_binding *to, uint32_t *used,
                        const struct import_run **failed, struct arch_failure *failure);

/* Edges from what imports are bound to: takes them back, adds them anew, counts the new ones. */
void elfin_linkage_drop_uses(struct elfin_module *module);
void elfin_linkage_count_uses(struct elfin_module *module);
void elfin_linkage_add_uses(elfin_space *space, struct elfin_module *module);

#endif
