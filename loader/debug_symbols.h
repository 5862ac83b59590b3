/* SPDX-License-Identifier: MIT */
/* What lies at which address of a module: sections and symbols, sorted, in one piece of memory. */
#ifndef LOADER_DEBUG_SYMBOLS_H
#define LOADER_DEBUG_SYMBOLS_H

#include "loader/debug.h"

struct section_row {
    uint32_t start, size; /* from the module's base */
    uint32_t name;        /* offset in the names */
};

/* What is kept of a module. Then sections, symbols, names. */
struct module_symbols {
    elfin_region region;
    uint64_t base; /* of the block of memory that it lies in */
    uint32_t section_count, symbol_count, names_size;
    uint32_t seal; /* of what is above */
};

/*
 * Module code may have written anywhere. Fields before a table's `seal`, which lead to all else,
 * are believed if they agree with it; what is read with their help is checked one by one.
 */
static inline uint32_t seal_of(const void *fields, uint64_t size)
{
    uint32_t sum = 0x9e3779b9;

    for (uint64_t i = 0; i < size; i += 4) {
        uint32_t word;

        __builtin_memcpy(&word, (const uint8_t *)fields + i, 4);
        sum = (sum ^ word) * 0x01000193 + (sum >> 15);
    }
    return sum;
}

static inline const struct section_row *section_rows(const struct module_symbols *m)
{
    return (const struct section_row *)(m + 1);
}

static inline const struct elfin_symbol_row *symbol_rows(const struct module_symbols *m)
{
    return (const struct elfin_symbol_row *)(section_rows(m) + m->section_count);
}

static inline const char *symbol_names(const struct module_symbols *m)
{
    return (const char *)(symbol_rows(m) + m->symbol_count);
}

/* ---- The file's own table -------------------------------------------------------------------- */

struct symtab {
    struct span symbols, names; /* names: empty, or NUL at the end */
    struct span sections;       /* SHT_SYMTAB_SHNDX */
    uint32_t count;             /* less than 2^32 * 24 bytes are read of larger ones */
};

/* debug_symtab.c; false: the section is not one. */
bool elfin_symtab_open(const struct debug_object *object, uint32_t index, struct symtab *out);
/* Of the symbol; not proven to exist; 0: none that is in the table of sections. */
uint32_t elfin_symtab_section(const struct symtab *table, uint32_t index,
                              const struct elf_symbol *symbol);

/* ---- Looking up: nothing is allocated, written or locked ------------------------------------- */

/* debug_find.c */

/* NULL: the table is damaged, or there is none. */
const struct module_symbols *elfin_symbols_of(const struct elfin_module *module);
/* The section that has the offset from the module's base; NULL: none. */
const struct section_row *elfin_section_at(const struct module_symbols *m, uint64_t offset);
/*
 * Of rows of `width` bytes that begin with a 32-bit number and ascend by it: how many are not above
 * the offset.
 */
uint64_t elfin_rows_below(const void *rows, uint64_t width, uint64_t count, uint64_t offset);
/* A name among `size` bytes of names; "" if it is not. */
const char *elfin_row_name(const char *names, uint64_t size, uint32_t at);
/* Of rows from `low` on the last that has the offset; NULL: none. */
const struct elfin_symbol_row *elfin_symbol_at(const struct elfin_symbol_row *rows, uint64_t count,
                                               uint64_t offset, uint64_t low);

/* ---- Whose an address is ----------------------------------------------------------------------
 */

/* debug_index.c: a group's code and data are known by address from then on, if there is memory. */
void elfin_debug_index_add(elfin_space *space, elfin_group *group);
/* The parts that only init needed are not in memory any more. */
void elfin_debug_index_trim(elfin_group *group);
void elfin_debug_index_remove(const elfin_host *host, elfin_group *group);
/* The module that it belongs to, or that is before it in memory; NULL: none. */
elfin_module *elfin_debug_module_at(const elfin_space *space, uint64_t address);

#endif
