/* SPDX-License-Identifier: MIT */
/* One group, linked with the library for a host that never runs it: the heart of link and check. */
#ifndef ELFIN_TOOL_LINKING_H
#define ELFIN_TOOL_LINKING_H

#include "tools/elfin/exports.h"
#include "tools/elfin/host.h"
#include "tools/elfin/inputs.h"
#include "tools/elfin/report.h"

struct linking {
    struct host host;
    elfin_space space;
    elfin_group *group;          /* NULL when linking failed */
    unsigned problems;           /* how many have been reported */
    struct report_set *reported; /* NULL: all are printed */
};

/*
 * Links the inputs as one group against the exports, which must be unique. Reports every problem.
 * true if there is none. linking_end must be called in any case.
 */
bool linking_begin(struct linking *linking, const struct exports *exports,
                   const struct inputs *inputs);

/* The same, but of equal reports only the first in `set` is printed. */
bool linking_begin_once(struct linking *linking, const struct exports *exports,
                        const struct inputs *inputs, struct report_set *set);

void linking_end(struct linking *linking);

#endif
