/* SPDX-License-Identifier: MIT */
/* Memory that is there before anybody is timed: no page faults, no allocator. */
#ifndef BENCH_ARENA_H
#define BENCH_ARENA_H

#include <stdint.h>

struct arena {
    uint8_t *base;
    uint64_t size, used, peak;
    uint64_t kept; /* the first bytes, which arena_put leaves alone */
    uint64_t live; /* pieces beyond those */
};

/* `touched` of its bytes are present; at == 0: anywhere. Ends the program if there is no memory. */
void arena_init(struct arena *arena, uint64_t at, uint64_t size, uint64_t touched);
/* NULL when it is full. align: a power of two. */
void *arena_get(struct arena *arena, uint64_t size, uint64_t align);
/* Gives a piece back; its memory is there again when it was the last one, or all are given back. */
void arena_put(struct arena *arena, const void *piece, uint64_t size);
/* What is in use now stays. */
void arena_keep(struct arena *arena);

#endif
