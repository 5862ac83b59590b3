/* SPDX-License-Identifier: MIT */
/*
 * Writes sections .debug_line byte by byte, and objects that have them: three functions of 16 bytes
 * in sections of their own, .text (a), .text.b and .text.c, and .debug_line with relocations for
 * the addresses that the programs set.
 */
#ifndef TESTS_LINE_BUILDER_H
#define TESTS_LINE_BUILDER_H

#include "tests/lib/elf_builder.h"

enum {
    LB_MAX = 4096,
    LB_MAX_FIXES = 32
};

struct line_builder {
    uint8_t bytes[LB_MAX];
    size_t size;
    size_t unit, header, program; /* where the current unit and its header_length begin, and end */
    unsigned version, width;      /* width: 4, or 8 in the 64-bit format */
    struct {
        size_t at;
        unsigned type;
        int target; /* 0 to 2: the function's section; 3: .debug_line_str; 4: .debug_str */
        int64_t addend;
    } fixes[LB_MAX_FIXES];
    size_t fix_count;
    char line_texts[512], texts[512];
    size_t line_texts_size, texts_size;
    uint64_t debug_flags; /* sh_flags of .debug_line */
    struct elf_builder elf;
    int sections[3], line_section;
};

void lb_init(struct line_builder *lb);

void lb_put(struct line_builder *lb, unsigned width, uint64_t value);
void lb_uleb(struct line_builder *lb, uint64_t value);
void lb_sleb(struct line_builder *lb, int64_t value);
void lb_text(struct line_builder *lb, const char *text);

/* The numbers of a header; lb_unit takes usual ones. */
struct lb_header {
    unsigned least, operations, range, opcode_base;
    int base;
};
#define LB_USUAL ((struct lb_header){ 1, 1, 14, 13, -5 })

/* Begins a unit up to its tables of names, which for versions before 5 are directory "d", files
 * "a.c" in none and "b.c" in it, and in version 5 the same after ".". */
void lb_unit(struct line_builder *lb, unsigned version, unsigned width, struct lb_header header);
/* The same without tables. */
void lb_begin(struct line_builder *lb, unsigned version, unsigned width, struct lb_header header);
void lb_names(struct line_builder *lb);
/* The header ends; the program begins. */
void lb_program(struct line_builder *lb);
/* The program ends: lengths are filled in. */
void lb_end(struct line_builder *lb);

/* DW_LNE_set_address of a function's section, DW_LNE_end_sequence. */
void lb_address(struct line_builder *lb, int target, int64_t addend);
void lb_end_sequence(struct line_builder *lb);
/* Address and line advance by so much, and a row. */
void lb_row(struct line_builder *lb, unsigned address, int line);
/* A text of .debug_line_str (3) or .debug_str (4) by its offset, relocated. */
void lb_offset(struct line_builder *lb, int target, const char *text);

/* Two units of that version: a at a.c lines 10 to 12, b at d/b.c lines 20, 21; c in the second. */
void lb_sample(struct line_builder *lb, unsigned version, unsigned width);

/* The object; lb->elf is filled in. */
struct blob lb_object(struct line_builder *lb);

#endif
