/* SPDX-License-Identifier: MIT */
/* What the parts of the SVG drawing share. */
#ifndef ELFIN_TOOL_DRAW_SVG_H
#define ELFIN_TOOL_DRAW_SVG_H

#include "tools/elfin/draw.h"
#include "tools/elfin/svg.h"

/* Units are pixels at a scale of 1. */
#define DRAW_LEFT 160.0 /* of the rows; addresses stand before them */
#define DRAW_WIDE 720.0 /* the rows */
#define DRAW_ROW  20.0  /* their height, and what is between two */
#define DRAW_GAP  5.0
#define DRAW_TEXT 16.0

enum {
    DRAW_ROWS = 24, /* of one block, or zone, at most, but one more for each part */
    DRAW_NAME = 80  /* of a name, in letters, at most */
};

/* Where the next thing goes. */
struct page {
    const struct picture *picture;
    FILE *out; /* NULL: the height is measured */
    double y;
};

/* Text at page->y; false while the height is measured: then there is nothing to end. */
bool draw_text_begin(struct page *page, const char *class, double x);

/* An address before a row that begins at page->y. */
void draw_address(struct page *page, uint64_t address);

/* draw_svg_blocks.c */
void draw_block(struct page *page, uint32_t number);

#endif
