/* SPDX-License-Identifier: MIT */
/* Arithmetic on stretches of memory. Ends are inclusive: the last byte of all has no successor. */
#ifndef PICTURE_PIECES_H
#define PICTURE_PIECES_H

#include "picture/picture.h"

/* Sorts; drops what is empty. Returns how many are left. They may still overlap. */
size_t picture_pieces_sort(struct picture_piece *pieces, size_t count);

/*
 * Lays the blocks over the memory; both sorted. `out` has room for count + 2 * block_count. Returns
 * how many pieces came out: in order, apart from each other, equal neighbours joined.
 */
size_t picture_pieces_overlay(const struct picture_piece *memory, size_t count,
                              const struct picture_block *blocks, size_t block_count,
                              struct picture_piece *out);

static inline uint64_t higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Bytes from first to last; all 2^64 of them count as one less. */
static inline uint64_t extent(uint64_t first, uint64_t last)
{
    return last - first == UINT64_MAX ? UINT64_MAX : last - first + 1;
}

static inline uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

#endif
