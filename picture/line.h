/* SPDX-License-Identifier: MIT */
/* One line of text in the making: the only way to the output, so that its promises hold. */
#ifndef PICTURE_LINE_H
#define PICTURE_LINE_H

#include "picture/picture.h"

struct line {
    const struct picture_output *output;
    size_t length;
    bool cut;
    char text[PICTURE_COLUMNS + 1]; /* and the newline */
};

void picture_line_begin(struct line *line, const struct picture_output *output);

/* What does not fit is left out, and the end shows it. */
void picture_line_add(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Blanks up to the column, counted from 0; at least one if there is anything before. */
void picture_line_column(struct line *line, size_t column);

/* The name in at most `width` columns: too long ones lose their middle. */
void picture_line_name(struct line *line, const char *name, size_t width);

/*
 * "free 421 MiB, modules 28 KiB": sums by kind, those that are not 0; free memory first, which is
 * what loads look for. Goes on in lines of their own, from the column on, when one is full.
 */
void picture_line_sums(struct line *line, const uint64_t sum[PICTURE_KINDS], size_t column);

/* How many digits addresses up to this one should have, so that they line up. */
int picture_line_digits(uint64_t last);

/* "  0x..." with as many digits as `last` needs. */
void picture_line_address(struct line *line, uint64_t address, uint64_t last);

/* Writes the line and begins the next one. */
void picture_line_end(struct line *line);

#endif
