/* SPDX-License-Identifier: MIT */
/* The `ar` format as GNU ar writes it: "!<arch>\n", then members, each a header of text and bytes.
 */
#ifndef LOADER_ARCHIVE_H
#define LOADER_ARCHIVE_H

#include "loader/defects.h"
#include "loader/span.h"

enum {
    ARCHIVE_MAGIC_SIZE = 8,
    ARCHIVE_HEADER_SIZE = 60,
    ARCHIVE_NAME_SIZE = 128
};

enum member_kind {
    MEMBER_OBJECT,
    MEMBER_INDEX,      /* "/": symbol index with 32-bit offsets */
    MEMBER_INDEX64,    /* "/SYM64/" */
    MEMBER_LONG_NAMES, /* "//" */
};

struct member {
    enum member_kind kind;
    char name[ARCHIVE_NAME_SIZE]; /* cut if longer */
    struct span data;
    uint64_t next; /* offset of the next member's header */
};

/*
 * Reads the member whose header is at offset. long_names may be empty. DEFECT_NONE, or what is
 * wrong.
 */
uint32_t elfin_archive_member(struct span file, struct span long_names, uint64_t offset,
                              struct member *out);

#endif
