/* SPDX-License-Identifier: MIT */
/*
 * Adoption: what was handed over becomes groups of a space. One struct on the stack of
 * elfin_space_adopt, which alone gives back what the steps have acquired. Everything is proven
 * before anything is taken; what has been proven nobody looks at again.
 */
#ifndef LOADER_ADOPT_H
#define LOADER_ADOPT_H

#include "loader/handover.h"

/* Bytes from `first` on, none of them after the last of all; and whose they are. */
struct adopt_range {
    uint64_t first, size;
    uint32_t owner;
};

struct adopt {
    struct load load; /* what the phases of a load want to know: of the group at hand */
    elfin_options options;
    struct object subject; /* what its reports and calls are about: one module */
    const elfin_adoption *adoption;
    struct handover view;

    /* While it is being proven: */
    uint64_t where;             /* offset in the bytes of the record at hand */
    struct adopt_range *ranges; /* run addresses of blocks, ascending */
    uint64_t names_left;        /* bytes of names that nobody has referred to */
    bool uses_groups;           /* some module uses another group's */
    bool starts, has_tls;       /* some code is to be called; some module has thread-local data */

    /* From then on: */
    elfin_group **groups;   /* with records, */
    uint32_t group_count;   /* so many, */
    uint32_t published;     /* of which these are visible */
    uint64_t taken;         /* blocks, in their order */
    elfin_module **modules; /* by number */
};

/* The group at hand, in the checks and after: where its records lie. */
struct adopt_at {
    struct handover_group group;
    struct handover_place place;
    uint32_t first_block, first_module;
};

/* Reads the next record of a table, which there is, and notes where it lies. */
static inline void adopt_next(struct adopt *a, struct adopt_at *at, enum handover_table table,
                              void *record)
{
    uint64_t size = elfin_handover_record_size[table];

    a->where = a->view.header.table[table].offset + at->place.at[table] * size;
    handover_read(&a->view, table, at->place.at[table]++, record, size);
}

/* So many records are left. */
static inline bool adopt_has(const struct adopt *a, const struct adopt_at *at,
                             enum handover_table table, uint64_t count)
{
    return count <= a->view.header.table[table].count - at->place.at[table];
}

/* On to the next group; false at the end. */
static inline bool adopt_group(struct adopt *a, struct adopt_at *at)
{
    if (!adopt_has(a, at, HANDOVER_GROUP_TABLE, 1))
        return false;
    at->first_block = (uint32_t)at->place.at[HANDOVER_BLOCKS];
    at->first_module = (uint32_t)at->place.at[HANDOVER_MODULES];
    adopt_next(a, at, HANDOVER_GROUP_TABLE, &at->group);
    return true;
}

/* Past what belongs to the group at hand, as far as it is needed to find the next one's. */
static inline void adopt_pass(struct adopt_at *at)
{
    at->place.at[HANDOVER_BLOCKS] += at->group.block_count;
    at->place.at[HANDOVER_MODULES] += at->group.module_count;
}

/* Working memory that there was none of. */
static inline uint32_t adopt_no_memory(const struct adopt *a)
{
    return defect_number(DEFECT_WORKING_MEMORY) |
           defect_of(a->load.work.status, ELFIN_PHASE_OBJECT);
}

/* All of these return DEFECT_NONE or what is wrong, at a->where. */

/* adopt_check.c: head, groups, and all that follows. */
uint32_t elfin_adopt_check(struct adopt *a, struct span bytes);
/* adopt_blocks.c: blocks, which then can be asked for. */
uint32_t elfin_adopt_blocks(struct adopt *a);
/* Ascending; DEFECT_NONE, or the defect if two overlap. */
uint32_t elfin_adopt_sort(struct adopt_range *ranges, uint64_t count, uint32_t overlap);
/* The group's block that has the address, or NULL. */
const struct adopt_range *elfin_adopt_find(const struct adopt *a, const struct adopt_at *at,
                                           uint64_t address);
/* The bytes lie in a block of the group; of size 0: it begins or ends there. */
bool elfin_adopt_inside(const struct adopt *a, const struct adopt_at *at, uint64_t address,
                        uint64_t size);
/* They lie in one of these parts (1 << elfin_part) of one block. */
bool elfin_adopt_in_part(const struct adopt *a, const struct adopt_at *at, uint32_t parts,
                         uint64_t address, uint64_t size);
/* adopt_tables.c: one module, with all that belongs to it. *tls: where the one before ends. */
uint32_t elfin_adopt_module(struct adopt *a, struct adopt_at *at, uint64_t *tls);
/* adopt_space.c: whether the space can have it. */
uint32_t elfin_adopt_fits(struct adopt *a);

/* adopt_group.c: the lasting records of the next group; elfin_status, reported. */
elfin_status elfin_adopt_records(struct adopt *a, struct adopt_at *at);
/* adopt_unwind.c: what its memory holds is what a host may get. */
bool elfin_adopt_is_unwind(const struct elfin_block *block);
/* adopt_run.c: it is published, and its code runs. */
elfin_status elfin_adopt_start(struct adopt *a, const struct adopt_at *at, elfin_group *group);
/* Subject of reports and calls from now on. */
void elfin_adopt_subject(struct adopt *a, elfin_group *group, elfin_module *module);

#endif
