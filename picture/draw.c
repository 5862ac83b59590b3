/* SPDX-License-Identifier: MIT */
#include "picture/draw.h"

void picture_draw(const struct picture *picture, const struct picture_output *output)
{
    struct line line;

    picture_line_begin(&line, output);
    picture_draw_overview(picture, &line);
    picture_draw_ranges(picture, &line);
    picture_draw_blocks(picture, &line);
}
