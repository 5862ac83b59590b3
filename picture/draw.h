/* SPDX-License-Identifier: MIT */
/* The parts of picture_draw. */
#ifndef PICTURE_DRAW_H
#define PICTURE_DRAW_H

#include "picture/line.h"

/* overview.c: the strips of all zones, and what the letters mean. */
void picture_draw_overview(const struct picture *picture, struct line *line);

/* ranges.c: the addresses at which the contents change. */
void picture_draw_ranges(const struct picture *picture, struct line *line);

/* blocks.c */
void picture_draw_blocks(const struct picture *picture, struct line *line);
void picture_draw_block_head(const struct picture *picture, const struct picture_block *block,
                             struct line *line);
/*
 * Its segments with what lies in them. With a module, all items of that module, those of others
 * added up; without one, all of them if they are few, else the modules, the largest if there are
 * many.
 */
void picture_draw_segments(const struct picture *picture, const struct picture_block *block,
                           uint32_t module, struct line *line);

#endif
