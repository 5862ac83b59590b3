/* SPDX-License-Identifier: MIT */
/* The ways in which `elfin map` shows the picture of memory. */
#ifndef ELFIN_TOOL_DRAW_H
#define ELFIN_TOOL_DRAW_H

#include "picture/picture.h"
#include "tools/elfin/exports.h"

#include <stdio.h>

/* The picture of the space, and where the exports lie. picture->memory is to be freed. */
void draw_collect(struct picture *picture, const elfin_space *space, const struct exports *exports);

void draw_json(const struct picture *picture, FILE *out);

/* `what` is a struct picture; fits file_write. */
void draw_svg(const void *what, FILE *out);

#endif
