/* SPDX-License-Identifier: MIT */
/*
 * The memory image of a group as a file: its blocks in their order, each from its first byte to the
 * last byte that is not part of the zero-filled tail, as it lies in memory (gaps between parts
 * included). Each block begins at a multiple of 4096 bytes; the space before it is zero.
 */
#ifndef ELFIN_TOOL_IMAGE_H
#define ELFIN_TOOL_IMAGE_H

#include <elfin/elfin.h>

#include <stdio.h>

struct image_block {
    elfin_region region;
    uint64_t start;  /* in the file */
    uint64_t extent; /* how many bytes of the region are in the file */
};

struct image {
    struct image_block *blocks;
    size_t count, capacity;
};

void image_plan(struct image *image, const elfin_group *group);

/* Where the section begins in the file; false for zero-filled memory that the image leaves out. */
bool image_offset(const struct image *image, const elfin_section *section, uint64_t *out);

/* `what` is a struct image; fits file_write. */
void image_write(const void *what, FILE *out);

void image_free(struct image *image);

#endif
