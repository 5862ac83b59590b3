/* SPDX-License-Identifier: MIT */
/* Writing what a space holds; see handover_write.c. */
#ifndef LOADER_HANDOVER_WRITE_H
#define LOADER_HANDOVER_WRITE_H

#include "loader/handover.h"

struct handover_writer {
    const elfin_space *space;
    const elfin_hand_over *options;
    uint8_t *to; /* NULL: only counted */
    uint64_t offset[HANDOVER_TABLE_COUNT], count[HANDOVER_TABLE_COUNT];
    const elfin_module *wrong; /* that a defect is about, or NULL */
};

/* One more record of a table. */
void elfin_handover_put(struct handover_writer *w, enum handover_table table, const void *record);

/* The first module of a group has this number among all; see write_groups. */
static inline uint32_t handover_first_module(const elfin_group *group)
{
    return (uint32_t)group->waits;
}

/* handover_module.c: with all that belongs to it. DEFECT_NONE, or what keeps it here. */
uint32_t elfin_handover_module(struct handover_writer *w, const elfin_module *module);

#endif
