/* SPDX-License-Identifier: MIT */
/*
 * Line tables: what DWARF says of a module's code (.debug_line, DWARF 2 to 5, section 6.2), run
 * once into rows that are sorted by address.
 *
 * A row holds from its address to the next row's. Rows are 12 bytes; a program of n bytes makes n
 * rows at most, for each takes an opcode, and what is kept of it are those at which something
 * changes.
 */
#ifndef LOADER_LINES_H
#define LOADER_LINES_H

#include "loader/debug_symbols.h"

/* Bytes that are taken one after the other; behind the end there are zeros, and `bad` is set. */
struct reader {
    const uint8_t *at, *end;
    bool bad;
};

/* Of 1, 2, 3, 4 or 8 bytes. */
uint64_t elfin_reader_take(struct reader *r, unsigned width);
/* DWARF 5, section 7.6; bits beyond the 64th are dropped. */
uint64_t elfin_reader_leb(struct reader *r, bool is_signed);
/* Past the NUL. */
const char *elfin_reader_text(struct reader *r);
void elfin_reader_skip(struct reader *r, uint64_t size);

struct line_row {
    uint32_t start;  /* from the module's base */
    uint32_t line;   /* 0: none in particular */
    uint16_t column; /* 0: not known */
    uint16_t file;   /* 1 + number, 0: not known, or LINE_END */
};

enum {
    LINE_END = 0xffff, /* nothing is known from here on */
    LINE_FILES = LINE_END - 1,
};

/* Offsets in the names. */
struct line_file {
    uint32_t directory, name;
};

/* What is kept of a module. Then rows, files, names. */
struct module_lines {
    elfin_region region;
    uint32_t row_count, file_count, names_size;
    uint32_t seal; /* of what is above */
};

/* ---- While they are made --------------------------------------------------------------------- */

/* A file of the unit that is being read. */
struct unit_file {
    const char *directory, *name; /* "" if not known */
    uint32_t kept;                /* 1 + number among those that rows name, 0: none does */
};

/* All units are read twice, first only to count. */
struct line_maker {
    const struct debug_object *object;
    const struct module_symbols *symbols;
    struct span texts[2]; /* .debug_line_str, .debug_str */
    const char *defect;   /* what is wrong, or NULL */
    bool counts;
    /* Of all units; while they are counted all files are: */
    uint64_t row_count, kept_count;
    struct line_row *rows;
    struct unit_file *kept;
    /* Of one unit, and the most that any has: */
    uint64_t directory_count, file_count, directory_most, file_most;
    const char **directories;
    struct unit_file *files;
};

/* A unit's header. */
struct line_unit {
    struct reader program;
    uint32_t version;
    unsigned width;     /* of offsets: 4, or 8 in the 64-bit format */
    uint8_t least;      /* minimum_instruction_length */
    uint8_t operations; /* maximum_operations_per_instruction */
    uint8_t range, opcode_base;
    int8_t base;
    const uint8_t *lengths; /* standard_opcode_lengths */
};

/*
 * line_header.c: takes the next unit. False at the end, and when something is wrong (m->defect).
 * A unit of another version has an empty program.
 */
bool elfin_line_unit(struct line_maker *m, struct reader *section, struct line_unit *unit);
/* For DW_LNE_define_file too: DWARF 4, section 6.2.5.3. */
void elfin_line_file(struct line_maker *m, struct reader *r, const char *name);

/* line_program.c: false when something is wrong. */
bool elfin_line_run(struct line_maker *m, struct line_unit *unit);

/* line_rows.c: sorts the rows, drops what says nothing, and puts them into memory that stays. */
struct module_lines *elfin_line_keep(struct line_maker *m);

/* debug_relocate.c: what is wrong with the section's relocations, or NULL: they have been applied.
 */
const char *elfin_debug_relocate(const struct debug_object *object, uint32_t section,
                                 uint8_t *bytes, uint64_t size);

/* ---- Looking up ------------------------------------------------------------------------------ */

/* line_rows.c: fills in line, column, file and directory, if they are known. */
void elfin_line_find(const struct elfin_module *module, const struct section_row *section,
                     uint64_t offset, elfin_location *location);

#endif
