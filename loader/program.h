/* SPDX-License-Identifier: MIT */
/*
 * Executables and shared objects ("programs"). They are linked already: all that a program needs is
 * in its program headers and its dynamic section. It is made to look like an object, so that the
 * phases need to know little of it:
 *
 *  - its segments are the object's sections 2, 3, ...; they make up a block of their own, where
 *    every one keeps its place relative to the others;
 *  - section 1, the anchor, is empty and lies where address 0 of the file comes to lie: the
 *    definitions of the dynamic symbol table are relative to it, so that S = st_value + B for them
 *    as for the symbols of any section.
 *
 * All code is behind `struct elfin_programs`, which only a host refers to.
 */
#ifndef LOADER_PROGRAM_H
#define LOADER_PROGRAM_H

#include "loader/internal.h"

enum {
    PROGRAM_ANCHOR = 1, /* section index */
    PROGRAM_FIRST_SEGMENT = 2
};

/* A PT_LOAD segment that is not empty. */
struct segment {
    uint64_t vaddr, size;       /* in memory, as linked */
    uint64_t offset, file_size; /* of its bytes; the rest is zero-filled */
    uint32_t header;            /* index of its program header */
    uint8_t part;               /* TEXT, RODATA or DATA */
};

/* What program_dynamic.c looks for, in the order of its table. */
enum dynamic_tag {
    DYNAMIC_PLTRELSZ,
    DYNAMIC_HASH,
    DYNAMIC_STRTAB,
    DYNAMIC_SYMTAB,
    DYNAMIC_RELA,
    DYNAMIC_RELASZ,
    DYNAMIC_RELAENT,
    DYNAMIC_STRSZ,
    DYNAMIC_SYMENT,
    DYNAMIC_INIT,
    DYNAMIC_FINI,
    DYNAMIC_SONAME,
    DYNAMIC_SYMBOLIC,
    DYNAMIC_REL,
    DYNAMIC_PLTREL,
    DYNAMIC_TEXTREL,
    DYNAMIC_JMPREL,
    DYNAMIC_INIT_ARRAY,
    DYNAMIC_FINI_ARRAY,
    DYNAMIC_INIT_ARRAYSZ,
    DYNAMIC_FINI_ARRAYSZ,
    DYNAMIC_FLAGS,
    DYNAMIC_RELRSZ,
    DYNAMIC_RELR,
    DYNAMIC_RELRENT,
    DYNAMIC_GNU_HASH,
    DYNAMIC_VERSYM,
    DYNAMIC_FLAGS_1,
    DYNAMIC_TAG_COUNT
};

/* One table of the file. */
struct program_table {
    struct span bytes;
    enum dynamic_tag tag;
};

enum {
    PROGRAM_RELR,
    PROGRAM_RELA,
    PROGRAM_JMPREL,
    PROGRAM_TABLE_COUNT
};

struct program {
    /* program_segments.c. The block begins at `base`, as linked, and has `size` bytes. */
    uint64_t base, size, align, entry;
    struct segment *segments; /* ascending, disjoint */
    uint32_t segment_count;
    elfin_segment *extents; /* ascending, no gaps: whole pages by right */
    uint32_t extent_count;  /* of the file; layout may add two */
    uint32_t added_count;
    struct span dynamic; /* PT_DYNAMIC; empty: there is none */
    bool executable;
    bool fixed; /* ET_EXEC */

    /* program_dynamic.c */
    uint64_t value[DYNAMIC_TAG_COUNT];
    uint32_t have; /* bit per tag */
    struct program_table table[PROGRAM_TABLE_COUNT];
    const char **needs; /* names of modules */
    uint32_t need_count;
    bool symbolic; /* its own definitions bind its own references */

    /* program_symbols.c */
    uint32_t reference_count; /* symbols that relocations may refer to, at least 1 */
    struct span versions;     /* a 16-bit word per symbol, or empty */
    bool is_symtab;           /* the symbols are those of .symtab, for look-ups only */

    uint64_t resolver_count; /* program_scan.c: R_X86_64_IRELATIVE */
};

/* The seam: called by the phases of their names. `object` is a program. */
struct carver;

struct elfin_programs {
    elfin_status (*open)(struct load *load, struct object *object, const struct elf_header *header);
    elfin_status (*scan)(struct load *load, struct object *object);
    /* The size of its block, with pages for the stubs and slots of indirect functions. */
    /* The block's size and alignment, and what is added to its object. */
    elfin_status (*layout)(struct load *load, struct block *block);
    /* Enough to tell executables and shared objects apart: what is wrong is told later. */
    bool (*is_one)(const elfin_input *input);
    void (*describe)(const struct object *object, struct elfin_module *module);
    /* The pages by right; its block has one object. */
    void (*carve)(struct carver *c, const struct object *object, struct block *block);
    void (*fixup)(const struct load *load, const struct object *object, const uint64_t *value);
    /* Those of R_X86_64_IRELATIVE, resolver_count of them. */
    void (*list_resolvers)(const struct object *object, elfin_indirect *list);
    elfin_status (*resolve)(struct load *load, const struct object *object);
    elfin_status (*init)(struct load *load, const struct object *object);
    uint64_t (*tally)(const struct object *object, uint64_t *types);
    /* A symbol that is no concern of others: its name is neither looked up nor defined. */
    bool (*ignores)(const struct object *object, uint32_t index, const struct elf_symbol *symbol);
};

/* Run address less address as linked. */
static inline uint64_t program_bias(const struct object *object)
{
    return object->sections[PROGRAM_ANCHOR].address;
}

static inline bool program_has(const struct program *p, enum dynamic_tag tag)
{
    return p->have & 1u << tag;
}

/* The program's references to this symbol go to its own definition, whoever else has one. */
static inline bool program_binds_inside(const struct object *object, uint32_t index)
{
    struct elf_symbol symbol = elfin_read_symbol(object, index);

    return symbol.st_shndx != SHN_UNDEF && elf_symbol_type(&symbol) != STT_GNU_IFUNC &&
           (object->program->symbolic || elf_symbol_visibility(&symbol) == STV_PROTECTED);
}

/* program.c */
elfin_status elfin_program_open(struct load *load, struct object *object,
                                const struct elf_header *header);

/* program_segments.c */
elfin_status elfin_program_segments_open(struct load *load, struct object *object,
                                         const struct elf_header *header);
uint64_t elfin_program_layout(struct object *object, uint64_t page);
/* The segment that holds all of [vaddr, vaddr + size) in memory, or NULL. */
const struct segment *elfin_program_segment(const struct program *p, uint64_t vaddr, uint64_t size);
/* The bytes of the file that come to lie there; false unless one segment has them all. */
bool elfin_program_bytes(const struct object *object, uint64_t vaddr, uint64_t size,
                         struct span *out);
/* The same up to the end of the segment's bytes. */
bool elfin_program_bytes_from(const struct object *object, uint64_t vaddr, struct span *out);
/* Code lies there. */
bool elfin_program_is_code(const struct program *p, uint64_t vaddr);

/* program_dynamic.c */
elfin_status elfin_program_dynamic_open(struct load *load, struct object *object);
elfin_status elfin_program_bad_dynamic(struct load *load, const struct object *object,
                                       enum dynamic_tag tag, uint32_t defect);
const char *elfin_program_tag_name(enum dynamic_tag tag);

/* program_symbols.c */
elfin_status elfin_program_symbols_open(struct load *load, struct object *object,
                                        const struct elf_header *header);
bool elfin_program_ignores(const struct object *object, uint32_t index,
                           const struct elf_symbol *symbol);

/* program_headers.c */
elfin_status elfin_program_symtab_open(struct load *load, struct object *object,
                                       const struct elf_header *header);
elfin_status elfin_program_resolvers_open(struct load *load, struct object *object,
                                          const struct elf_header *header);

/* program_scan.c */
elfin_status elfin_program_scan(struct load *load, struct object *object);
/* Counts by type; the sum. */
uint64_t elfin_program_tally(const struct object *object, uint64_t *types);

/*
 * Walks the places of a DT_RELR table: an even word is an address; an odd one has a bit for each of
 * the 63 words that follow the last place.
 */
struct relr_walk {
    struct span words;
    uint64_t next, base, bits, place; /* place: of bit 0 of `bits` */
};
/* False at the end. *index: the word that names the place. */
bool elfin_program_relr_next(struct relr_walk *walk, uint64_t *vaddr, uint64_t *index);

/* program_fixup.c, program_init.c */
void elfin_program_fixup(const struct load *load, const struct object *object,
                         const uint64_t *value);
void elfin_program_list_resolvers(const struct object *object, elfin_indirect *list);
elfin_status elfin_program_resolve(struct load *load, const struct object *object);
elfin_status elfin_program_init(struct load *load, const struct object *object);

#endif
