/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_HEAP_BLOCK_H
#define LIBMINI_HEAP_BLOCK_H

/*
 * Inside of the heap: blocks, the lists of free ones, and chunks.
 *
 * A chunk is a header, blocks without gaps, and a last block that only marks the end. It is as long
 * as the least free one, so that what a free block would have can be read of any.
 * Sizes of blocks are in units of MINI_HEAP_ALIGN bytes, their header of one unit included. Each
 * block knows its own size and that of the block before it, so both neighbours can be reached.
 */

#include "libmini/heap.h"

enum {
    HEAP_UNIT = MINI_HEAP_ALIGN, /* also the size of a header */
    HEAP_BLOCK_UNITS_MIN = 2,    /* a free block holds its list links behind the header */
};

/* What a header was sealed as. */
enum heap_state {
    HEAP_USED = 0x5553,
    HEAP_FREE = 0x4652,
    HEAP_END = 0x454e,   /* the mark at a chunk's end */
    HEAP_STALE = 0x5354, /* was a header; its block is part of a free one now */
};

struct mini_heap_block {
    uint32_t units;
    uint32_t before; /* units of the block before; 0 for a chunk's first */
    uint64_t seal;
    /* Only in free blocks; an object's first bytes otherwise. */
    struct mini_heap_block *next;
    struct mini_heap_block *previous;
};

struct mini_heap_chunk {
    struct mini_tree_node tree; /* first. key: its own address */
    size_t size;                /* bytes, this header and the end mark included */
    uint64_t unused[3];         /* so that blocks start at a multiple of MINI_HEAP_ALIGN */
};

_Static_assert(sizeof(struct mini_heap_chunk) == 64, "the figure that heap.h tells");
_Static_assert(offsetof(struct mini_heap_block, next) == HEAP_UNIT, "one unit of header");
_Static_assert(sizeof(struct mini_heap_block) == HEAP_BLOCK_UNITS_MIN * HEAP_UNIT, "least block");

/* heap_block.c */

static inline struct mini_heap_block *heap_block_at(void *address)
{
    return address;
}

static inline void *heap_object(struct mini_heap_block *block)
{
    return (unsigned char *)block + HEAP_UNIT;
}

static inline struct mini_heap_block *heap_after(struct mini_heap_block *block)
{
    return heap_block_at((unsigned char *)block + (size_t)block->units * HEAP_UNIT);
}

static inline struct mini_heap_block *heap_before(struct mini_heap_block *block)
{
    return heap_block_at((unsigned char *)block - (size_t)block->before * HEAP_UNIT);
}

/* Seals the block as it is now. */
void mini_heap_seal(struct mini_heap_block *block, enum heap_state state);
/* Whether the block is as it was sealed, in that state. */
bool mini_heap_is(const struct mini_heap_block *block, enum heap_state state);
/* Whether used or free, sealed, and neighboured by sealed blocks that know its size and place. */
bool mini_heap_is_sound(struct mini_heap_block *block);

/* Tells a sealed block, used, free or end, the size of the one before it. */
void mini_heap_set_before(struct mini_heap_block *block, uint32_t units);

/* heap_list.c */

struct heap_slot {
    unsigned int class;
    unsigned int subclass;
};

/* Where free blocks of so many units are listed. */
struct heap_slot mini_heap_slot_of(uint32_t units);

/* Seals the block as free and lists it. A list whose first block is damaged is given up before. */
void mini_heap_list_add(struct mini_heap *heap, struct mini_heap_block *block);
/* False, and nothing changed, when its list neighbours do not know the block, a sealed free one. */
bool mini_heap_list_remove(struct mini_heap *heap, struct mini_heap_block *block);
/* A sound free block of at least that many units, no longer listed; NULL when there is none. */
struct mini_heap_block *mini_heap_list_take(struct mini_heap *heap, uint32_t units);

/* heap_chunk.c: `block` is free and in no list. */

/* A new chunk's only block, of at least that many units, to be sealed; NULL: not possible. */
struct mini_heap_block *mini_heap_chunk_grow(struct mini_heap *heap, uint32_t units);
/* Whether the block is its chunk's only one. */
bool mini_heap_chunk_is_empty(struct mini_heap_block *block);
/* Gives back a chunk, of which no block is listed. */
void mini_heap_chunk_shrink(struct mini_heap *heap, struct mini_heap_chunk *chunk);
/* The chunk that may have a block at the address; NULL if there is none. */
struct mini_heap_chunk *mini_heap_chunk_of(struct mini_heap *heap, uintptr_t address);

/* The chunk of its first block, and back. */
static inline struct mini_heap_block *heap_chunk_first(struct mini_heap_chunk *chunk)
{
    return heap_block_at((unsigned char *)chunk + sizeof(*chunk));
}

static inline struct mini_heap_chunk *heap_chunk_around(struct mini_heap_block *first)
{
    return (void *)((unsigned char *)first - sizeof(struct mini_heap_chunk));
}

static inline struct mini_heap_block *heap_chunk_end(struct mini_heap_chunk *chunk)
{
    return heap_block_at((unsigned char *)chunk + chunk->size - sizeof(struct mini_heap_block));
}

#endif
