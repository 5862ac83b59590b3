/* SPDX-License-Identifier: MIT */
/* A small writer of SVG 1.1. Strings may be bytes of any kind: see svg_text. */
#ifndef ELFIN_TOOL_SVG_H
#define ELFIN_TOOL_SVG_H

#include <stdio.h>

struct svg_box {
    double x, y, width, height;
};

/* With a white background. `style` is CSS for the classes of the elements. */
void svg_begin(FILE *out, double width, double height, const char *style);
void svg_end(FILE *out);

/* A rectangle; with a tip until svg_box_end, which shows what is written under the pointer. */
void svg_box(FILE *out, const char *class, const struct svg_box *box);
void svg_tip_box(FILE *out, const char *class, const struct svg_box *box);
void svg_tip_end(FILE *out);

void svg_line(FILE *out, const char *class, double x1, double y1, double x2, double y2);

/* Text whose baseline begins at x, y. */
void svg_text_begin(FILE *out, const char *class, double x, double y);
void svg_text_end(FILE *out);

/*
 * The contents of texts and tips: at most `most` characters, markup escaped; bytes other than
 * printable ASCII, which may not even be characters, are written as '?'.
 */
void svg_put(FILE *out, const char *text, size_t most);

#endif
