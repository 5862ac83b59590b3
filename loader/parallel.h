/* SPDX-License-Identifier: MIT */
/* What the parts of struct elfin_sharing share. */
#ifndef LOADER_PARALLEL_H
#define LOADER_PARALLEL_H

#include "loader/features.h"

/* The job for all numbers below count. What fails is not repeated; false if not all is done. */
bool elfin_parallel_try(struct load *load, uint32_t count, parallel_job job, parallel_start start);
/* The next jobs will take about so many bytes of working memory, all together. */
void elfin_parallel_expect(struct load *load, uint64_t size);

/* shards.c: see struct elfin_sharing. */
elfin_status elfin_shards_sort(struct load *load, struct object *object);
bool elfin_shards_enter(struct load *load);
void elfin_shards_place(struct load *load, struct object *object);

/* early.c: see struct elfin_sharing. */
void elfin_early_begin(struct load *load);
elfin_status elfin_early_end(struct load *load, uint64_t *shadowed);

#endif
