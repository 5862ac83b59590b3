/* SPDX-License-Identifier: MIT */
#include "bench/lib/arena.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

void arena_init(struct arena *arena, uint64_t at, uint64_t size, uint64_t touched)
{
    int fixed = at ? MAP_FIXED_NOREPLACE : 0;
    void *base = mmap((void *)at, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);

    if (base == MAP_FAILED || (at && base != (void *)at)) {
        perror("mmap");
        exit(1);
    }
    /* Large pages as in firmware; at what costs time without them nobody looks here. */
    madvise(base, size, MADV_HUGEPAGE);
    *arena = (struct arena){ .base = base, .size = size };
    for (uint64_t i = 0; i < touched && i < size; i += 4096)
        ((volatile uint8_t *)base)[i] = 1;
}

void *arena_get(struct arena *arena, uint64_t size, uint64_t align)
{
    uint64_t start = (arena->used + align - 1) & -align;

    if (start > arena->size || size > arena->size - start)
        return NULL;
    arena->used = start + size;
    if (arena->peak < arena->used)
        arena->peak = arena->used;
    arena->live++;
    return arena->base + start;
}

void arena_put(struct arena *arena, const void *piece, uint64_t size)
{
    uint64_t start = (uint64_t)((const uint8_t *)piece - arena->base);

    if (start < arena->kept)
        return;
    arena->live--;
    if (arena->live == 0)
        arena->used = arena->kept;
    else if (start + size == arena->used)
        arena->used = start;
}

void arena_keep(struct arena *arena)
{
    arena->kept = arena->peak = arena->used;
    arena->live = 0;
}
