/* SPDX-License-Identifier: MIT */
/* Builds GNU archives in memory: symbol index, long names, members. */
#ifndef TESTS_AR_BUILDER_H
#define TESTS_AR_BUILDER_H

#include "tests/lib/elf_builder.h"

enum {
    AR_MAX_MEMBERS = 16,
    AR_MAX_ENTRIES = 64,
    AR_HEADER = 60
};

struct ar_builder {
    struct {
        char name[64];
        struct blob bytes; /* borrowed */
        size_t offset;     /* of the member's header; after ar_finish */
    } members[AR_MAX_MEMBERS];
    struct {
        char symbol[64];
        size_t member;
    } entries[AR_MAX_ENTRIES];
    size_t member_count, entry_count;
    bool no_index;                     /* leave the symbol index out */
    bool wide;                         /* 64-bit index (/SYM64/) */
    size_t index_offset, names_offset; /* of those headers; after ar_finish; 0 = absent */
};

void ar_init(struct ar_builder *ar);

/* symbols: blank-separated names for the index. Returns the member's number. */
size_t ar_member(struct ar_builder *ar, const char *name, struct blob bytes, const char *symbols);

struct blob ar_finish(struct ar_builder *ar);

#endif
