/* SPDX-License-Identifier: MIT */
/*
 * libelfin-debug.a: what its parts share. Debug data hangs on one pointer of the module; each kind
 * of it (ELFIN_DEBUG_*) is a part with a file of its own and memory of its own.
 */
#ifndef LOADER_DEBUG_H
#define LOADER_DEBUG_H

#include <elfin/debug.h>

#include "loader/features.h"

/* In the order of ELFIN_DEBUG_*: part k is flag 1 << k. */
enum debug_part_number {
    DEBUG_GDB,
    DEBUG_SYMBOLS,
    DEBUG_LINES,
    DEBUG_FRAMES,
    DEBUG_PARTS,
};

/* The debug data of a module. */
struct module_debug {
    elfin_region region;     /* this structure */
    void *part[DEBUG_PARTS]; /* NULL: it is not kept */
};

/*
 * What debug data is made from, as a part sees it: an ELF64 x86-64 file of type ET_REL, ET_EXEC or
 * ET_DYN, whose section header table lies in the file and has section_count entries of 64 bytes.
 * Nothing else of the headers is proven.
 */
struct debug_object {
    const elfin_host *host;
    const elfin_module *module;
    struct arena *work; /* given back when the parts are done */
    struct span file;
    struct span table; /* section headers */
    uint32_t section_count;
    uint32_t names; /* section index of the names of sections, 0: it has none */
    uint16_t type;  /* e_type */
    /* ET_REL: by section index, where the section lies; 0: it is not in memory. Else NULL. */
    const uint64_t *addresses;
    uint64_t bias; /* else: what is added to addresses in the file */
};

struct debug_part {
    /* NULL: nothing is kept, for whatever reason. */
    void *(*add)(const struct debug_object *object);
    void (*remove)(const elfin_host *host, void *data);
    /* Optional: the parts that only init needed are about to be given back. */
    void (*trim)(const elfin_host *host, const elfin_module *module, void *data);
};

/* A part's data of the module; NULL: it has none. */
static inline void *debug_part(const struct elfin_module *module, enum debug_part_number part)
{
    return module->debug ? module->debug->part[part] : NULL;
}

/* debug_file.c */

/* The index-th section header, index < section_count. */
static inline struct elf_section debug_section(const struct debug_object *object, uint32_t index)
{
    struct elf_section section;

    span_record(object->table, index, &section, sizeof(section));
    return section;
}

/* The section's name, "" if it has none that ends inside the file's table of names. */
const char *elfin_debug_section_name(const struct debug_object *object,
                                     const struct elf_section *section);
/* Its bytes in the file; false: not all of them are inside (SHT_NOBITS: there are none). */
bool elfin_debug_section_bytes(const struct debug_object *object, const struct elf_section *section,
                               struct span *bytes);
/* The name, which may be as long as the file, is this text. */
bool elfin_debug_is_name(const char *name, const char *text);
/* The first section of that name; 0: there is none. */
uint32_t elfin_debug_find_section(const struct debug_object *object, const char *name);
/* Fills in what is in the file: ELFIN_ERR_NOT_ELF, _TRUNCATED, _HEADER. */
elfin_status elfin_debug_open(struct debug_object *object, struct span file);

/* trace.c */

void elfin_trace_loaded(struct load *load, elfin_status status);
void elfin_trace_bound(const elfin_host *host, const struct elfin_module *module,
                       const struct patch_change *change);
void elfin_trace_detached(const elfin_host *host, const elfin_group *group);

/* debug_gdb.c, and so on */
extern const struct debug_part elfin_debug_gdb;
extern const struct debug_part elfin_debug_symbols;
extern const struct debug_part elfin_debug_lines;

#endif
