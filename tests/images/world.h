/* SPDX-License-Identifier: MIT */
/* A space whose memory is nowhere: blocks lie where they are told to, and no code runs. */
#ifndef TESTS_IMAGES_WORLD_H
#define TESTS_IMAGES_WORLD_H

#include "tests/images/subject.h"

#include <elfin/elfin.h>

struct world {
    elfin_space space;
    const struct subject *subject; /* whose imports are known, and in which set */
    unsigned set;
    elfin_export *variables; /* thread-local imports, as the host exports them */
    elfin_status status;     /* of the last call */
    elfin_diag diag;
};

/* A world must stay where it is until it is closed. */
void world_open(struct world *world, const struct subject *subject, unsigned set);
void world_close(struct world *world);

elfin_host world_host(struct world *world);

/* What all loads here ask for. */
elfin_options world_options(uint32_t flags);

/* NULL, with world->status and world->diag, if the load is refused. */
elfin_group *world_load(struct world *world, const elfin_input *input, uint64_t at, uint32_t flags);

/* The input as its block at that address. */
elfin_input world_input(const elfin_input *input, uint64_t at);

#endif
