/* SPDX-License-Identifier: MIT */
/* Images as files, by docs/IMAGE-FORMAT.md: for tests that damage them. */
#ifndef TESTS_IMAGE_FILE_H
#define TESTS_IMAGE_FILE_H

#include "tests/lib/elf_builder.h"

#include <elfin/elfin.h>

enum {
    IMF_CHECKSUM = 24, /* offset in the header */
    IMF_HEADER_SIZE = 592,
    IMF_PARTS = 160,  /* offset of 6 parts, each of 4 numbers of 8 bytes */
    IMF_TABLES = 352, /* offset of 15 tables, each of an offset and a count of 8 bytes */
};

/* In the order of the tables. */
enum imf_table {
    IMF_SECTIONS,
    IMF_SYMBOLS,
    IMF_SECTION_INDICES,
    IMF_USES,
    IMF_EXPORTED,
    IMF_SLOTS,
    IMF_COMMONS,
    IMF_INDIRECT,
    IMF_COMDATS,
    IMF_DEMANDS,
    IMF_IMPORTS,
    IMF_OTHERS,
    IMF_STREAM,
    IMF_OWN,
    IMF_NAMES,
    IMF_TABLE_COUNT
};

/* The image of an object (NULL: of a toy with that text), as a blob of its own; aborts on failure.
 */
struct blob imf_make(const elfin_host *host, const char *text);
struct blob imf_copy(const elfin_image *image);

uint64_t imf_get(const struct blob *image, size_t at, size_t width);
/* Where a table begins, how many records it has, and how large each is. */
size_t imf_table(const struct blob *image, enum imf_table table, uint64_t *count, size_t *size);

/* Makes the checksum right again. */
void imf_seal(struct blob *image);

#endif
