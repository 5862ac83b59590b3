/* SPDX-License-Identifier: MIT */
#include "libmini/heap.h"

#include "libmini/heap_block.h"
#include "libmini/mem.h"

/* So that a chunk for it, rounded up, still counts its units in 32 bits. */
#define UNITS_MAX (UINT32_MAX - 2 * MINI_HEAP_GRAIN / HEAP_UNIT)

void mini_heap_init(struct mini_heap *heap, size_t limit, mini_heap_grow *grow,
                    mini_heap_shrink *shrink, void *ctx)
{
    *heap = (struct mini_heap){ .grow = grow, .shrink = shrink, .ctx = ctx };
    mini_tree_init(&heap->chunks, NULL);
    heap->statistics.limit = limit;
}

/* Units of a block for an object of that size; 0 when it is too large. */
static uint32_t units_for(size_t size)
{
    if (size > (size_t)(UNITS_MAX - 1) * HEAP_UNIT)
        return 0;
    uint32_t units = 1 + (uint32_t)((size + HEAP_UNIT - 1) / HEAP_UNIT);
    return units < HEAP_BLOCK_UNITS_MIN ? HEAP_BLOCK_UNITS_MIN : units;
}

static size_t bytes_of(const struct mini_heap_block *block)
{
    return (size_t)(block->units - 1) * HEAP_UNIT;
}

static void count_used(struct mini_heap *heap, size_t bytes)
{
    heap->statistics.used += bytes;
    if (heap->statistics.used > heap->statistics.peak)
        heap->statistics.peak = heap->statistics.used;
}

/* Cuts the block after that many units; the rest, at least a block, is to be sealed by the caller.
 */
static struct mini_heap_block *split(struct mini_heap_block *block, uint32_t units)
{
    uint32_t left = block->units - units;

    block->units = units;
    struct mini_heap_block *rest = heap_after(block);
    rest->units = left;
    rest->before = units;
    mini_heap_set_before(heap_after(rest), left);
    return rest;
}

/* Makes `block` end where `second`, the next, ends; its seal is the caller's to renew. */
static void absorb(struct mini_heap_block *block, struct mini_heap_block *second)
{
    block->units += second->units;
    mini_heap_set_before(heap_after(block), block->units);
    mini_heap_seal(second, HEAP_STALE);
}

/* Unlists a free block so that another may absorb it; a damaged one is left where it is. */
static bool detach(struct mini_heap *heap, struct mini_heap_block *block)
{
    return mini_heap_is(block, HEAP_FREE) && mini_heap_is_sound(block) &&
           mini_heap_list_remove(heap, block);
}

/* The block becomes free: joined with free neighbours, listed, or its chunk given back. */
static void release(struct mini_heap *heap, struct mini_heap_block *block)
{
    struct mini_heap_block *after = heap_after(block);

    /* Sealed, if only for now: its neighbours are sound only if it is. */
    mini_heap_seal(block, HEAP_USED);
    if (detach(heap, after))
        absorb(block, after);
    mini_heap_seal(block, HEAP_USED);
    if (block->before != 0 && detach(heap, heap_before(block))) {
        struct mini_heap_block *before = heap_before(block);
        absorb(before, block);
        block = before;
    }
    if (heap->shrink != NULL && mini_heap_chunk_is_empty(block)) {
        struct mini_heap_chunk *chunk = heap_chunk_around(block);
        if (heap->spare != NULL || chunk->size != MINI_HEAP_CHUNK) {
            mini_heap_chunk_shrink(heap, chunk);
            return;
        }
        heap->spare = chunk;
    }
    mini_heap_list_add(heap, block);
}

/* Units to skip so that the block's object is aligned: none, or enough for a block. */
static uint32_t units_to_skip(struct mini_heap_block *block, size_t align)
{
    uintptr_t object = (uintptr_t)heap_object(block);
    size_t skip = (size_t)(0 - object) & (align - 1);

    if (skip > 0 && skip < (size_t)HEAP_BLOCK_UNITS_MIN * HEAP_UNIT)
        skip += align;
    return (uint32_t)(skip / HEAP_UNIT);
}

void *mini_heap_alloc_aligned(struct mini_heap *heap, size_t align, size_t size)
{
    uint32_t units = units_for(size);

    if (align < HEAP_UNIT && align != 0)
        align = (align & (align - 1)) == 0 ? HEAP_UNIT : 0;
    /* A skip is at most align + 1 unit, and less than that where align is a unit: none at all. */
    size_t slack = align == HEAP_UNIT ? 0 : align / HEAP_UNIT + 1;
    if (units == 0 || align == 0 || (align & (align - 1)) != 0 || slack > UNITS_MAX - units) {
        heap->statistics.failed++;
        return NULL;
    }

    uint32_t wanted = units + (uint32_t)slack;
    struct mini_heap_block *block = mini_heap_list_take(heap, wanted);
    if (block == NULL)
        block = mini_heap_chunk_grow(heap, wanted);
    if (block == NULL) {
        heap->statistics.failed++;
        return NULL;
    }
    if (heap->spare != NULL && block == heap_chunk_first(heap->spare))
        heap->spare = NULL;

    uint32_t skip = units_to_skip(block, align);
    if (skip > 0) {
        struct mini_heap_block *aligned = split(block, skip);
        mini_heap_list_add(heap, block);
        block = aligned;
    }
    if (block->units - units >= HEAP_BLOCK_UNITS_MIN)
        mini_heap_list_add(heap, split(block, units));
    mini_heap_seal(block, HEAP_USED);
    heap->statistics.count++;
    count_used(heap, bytes_of(block));
    return heap_object(block);
}

void *mini_heap_alloc(struct mini_heap *heap, size_t size)
{
    return mini_heap_alloc_aligned(heap, MINI_HEAP_ALIGN, size);
}

/* Why there is no used block: walks to it from the chunk's start. */
static enum mini_heap_status why_not_used(struct mini_heap_chunk *chunk,
                                          const struct mini_heap_block *block)
{
    struct mini_heap_block *at = heap_chunk_first(chunk);

    if (mini_heap_is(block, HEAP_FREE) || mini_heap_is(block, HEAP_STALE))
        return MINI_HEAP_DOUBLE_FREE;
    while (at < block && (mini_heap_is(at, HEAP_USED) || mini_heap_is(at, HEAP_FREE)))
        at = heap_after(at);
    return at > block ? MINI_HEAP_FOREIGN : MINI_HEAP_DAMAGED;
}

/* The object's block if it is one in use, and sound; else NULL, and *status says why not. */
static struct mini_heap_block *find_used(struct mini_heap *heap, const void *object,
                                         enum mini_heap_status *status)
{
    uintptr_t address = (uintptr_t)object - HEAP_UNIT;
    struct mini_heap_chunk *chunk = mini_heap_chunk_of(heap, address);

    *status = MINI_HEAP_FOREIGN;
    if (chunk == NULL || address % HEAP_UNIT != 0)
        return NULL;
    size_t offset = address - (uintptr_t)chunk;
    struct mini_heap_block *block = heap_block_at((unsigned char *)chunk + offset);
    if (!mini_heap_is(block, HEAP_USED))
        *status = why_not_used(chunk, block);
    else
        *status = mini_heap_is_sound(block) ? MINI_HEAP_OK : MINI_HEAP_DAMAGED;
    heap->statistics.damaged += *status == MINI_HEAP_DAMAGED;
    return *status == MINI_HEAP_OK ? block : NULL;
}

enum mini_heap_status mini_heap_free(struct mini_heap *heap, void *object)
{
    enum mini_heap_status status;
    struct mini_heap_block *block;

    if (object == NULL)
        return MINI_HEAP_OK;
    block = find_used(heap, object, &status);
    if (block == NULL)
        return status;
    heap->statistics.used -= bytes_of(block);
    heap->statistics.count--;
    release(heap, block);
    return MINI_HEAP_OK;
}

size_t mini_heap_size(struct mini_heap *heap, const void *object)
{
    enum mini_heap_status status;
    struct mini_heap_block *block = find_used(heap, object, &status);

    return block != NULL ? bytes_of(block) : 0;
}

/* Makes the used block that large if the next is free and large enough. */
static bool extend(struct mini_heap *heap, struct mini_heap_block *block, uint32_t units)
{
    struct mini_heap_block *after = heap_after(block);

    if (!mini_heap_is(after, HEAP_FREE) || after->units < units - block->units ||
        !detach(heap, after))
        return false;
    absorb(block, after);
    mini_heap_seal(block, HEAP_USED);
    return true;
}

/* The same with the free block before it: the object moves down, over itself. NULL if it cannot. */
static struct mini_heap_block *slide(struct mini_heap *heap, struct mini_heap_block *block,
                                     uint32_t units)
{
    struct mini_heap_block *before;
    size_t size = bytes_of(block);

    if (block->before == 0)
        return NULL;
    before = heap_before(block);
    if (!mini_heap_is(before, HEAP_FREE) || before->units < units - block->units ||
        !detach(heap, before))
        return NULL;
    absorb(before, block);
    memmove(heap_object(before), heap_object(block), size);
    mini_heap_seal(before, HEAP_USED);
    return before;
}

static void *move(struct mini_heap *heap, struct mini_heap_block *block, size_t size)
{
    void *moved = mini_heap_alloc(heap, size);

    if (moved == NULL)
        return NULL;
    memcpy(moved, heap_object(block), bytes_of(block));
    heap->statistics.used -= bytes_of(block);
    heap->statistics.count--;
    release(heap, block);
    return moved;
}

void *mini_heap_realloc(struct mini_heap *heap, void *object, size_t size)
{
    uint32_t units = units_for(size);
    enum mini_heap_status status;
    struct mini_heap_block *block;

    if (object == NULL)
        return mini_heap_alloc(heap, size);
    block = units != 0 ? find_used(heap, object, &status) : NULL;
    if (block == NULL) {
        heap->statistics.failed++;
        return NULL;
    }
    size_t old = bytes_of(block);
    if (units > block->units && !extend(heap, block, units)) {
        struct mini_heap_block *grown = slide(heap, block, units);
        if (grown == NULL)
            return move(heap, block, size);
        block = grown;
    }
    if (block->units - units >= HEAP_BLOCK_UNITS_MIN) {
        struct mini_heap_block *rest = split(block, units);
        mini_heap_seal(block, HEAP_USED);
        release(heap, rest);
    }
    heap->statistics.used -= old;
    count_used(heap, bytes_of(block));
    return heap_object(block);
}

void mini_heap_trim(struct mini_heap *heap)
{
    if (heap->spare == NULL || !detach(heap, heap_chunk_first(heap->spare)))
        return;
    mini_heap_chunk_shrink(heap, heap->spare);
    heap->spare = NULL;
}

void mini_heap_drop(struct mini_heap *heap)
{
    while (heap->chunks.root != NULL)
        mini_heap_chunk_shrink(heap, (void *)heap->chunks.root);
    mini_heap_init(heap, heap->statistics.limit, heap->grow, heap->shrink, heap->ctx);
}

struct mini_heap_statistics mini_heap_statistics(const struct mini_heap *heap)
{
    return heap->statistics;
}
