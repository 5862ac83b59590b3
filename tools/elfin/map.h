/* SPDX-License-Identifier: MIT */
/* The map of a linked group: where its sections, slots, stubs and symbols are. */
#ifndef ELFIN_TOOL_MAP_H
#define ELFIN_TOOL_MAP_H

#include "tools/elfin/image.h"

struct map {
    const elfin_group *group;
    const struct image *image;
};

/* Writes it as JSON; `what` is a struct map; fits file_write. */
void map_write(const void *what, FILE *out);

#endif
