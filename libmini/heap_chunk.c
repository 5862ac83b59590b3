/* SPDX-License-Identifier: MIT */
#include "libmini/heap_block.h"

#define CHUNK_EXTRA (sizeof(struct mini_heap_chunk) + sizeof(struct mini_heap_block))

/* Asks for the usual size; where that is too much, for what is needed. */
static struct mini_heap_chunk *ask(struct mini_heap *heap, size_t needed)
{
    size_t room = heap->statistics.limit - heap->statistics.reserved;
    size_t size = needed > MINI_HEAP_CHUNK ? needed : MINI_HEAP_CHUNK;
    struct mini_heap_chunk *chunk = size <= room ? heap->grow(heap->ctx, size) : NULL;

    if (chunk == NULL && needed < size && needed <= room) {
        size = needed;
        chunk = heap->grow(heap->ctx, size);
    }
    if (chunk == NULL)
        return NULL;
    if ((uintptr_t)chunk % MINI_HEAP_ALIGN != 0) {
        if (heap->shrink != NULL)
            heap->shrink(heap->ctx, chunk, size);
        return NULL;
    }
    chunk->size = size;
    return chunk;
}

struct mini_heap_block *mini_heap_chunk_grow(struct mini_heap *heap, uint32_t units)
{
    size_t needed = (size_t)units * HEAP_UNIT + CHUNK_EXTRA;

    needed = (needed + MINI_HEAP_GRAIN - 1) / MINI_HEAP_GRAIN * MINI_HEAP_GRAIN;
    struct mini_heap_chunk *chunk = ask(heap, needed);
    if (chunk == NULL)
        return NULL;
    chunk->tree.key = (uintptr_t)chunk;
    mini_tree_insert(&heap->chunks, &chunk->tree);
    heap->statistics.reserved += chunk->size;
    heap->statistics.chunks++;

    struct mini_heap_block *block = heap_chunk_first(chunk);
    block->units = (uint32_t)((chunk->size - CHUNK_EXTRA) / HEAP_UNIT);
    block->before = 0;
    struct mini_heap_block *end = heap_chunk_end(chunk);
    *end = (struct mini_heap_block){ .units = HEAP_BLOCK_UNITS_MIN, .before = block->units };
    mini_heap_seal(end, HEAP_END);
    return block;
}

bool mini_heap_chunk_is_empty(struct mini_heap_block *block)
{
    return block->before == 0 && mini_heap_is(heap_after(block), HEAP_END);
}

void mini_heap_chunk_shrink(struct mini_heap *heap, struct mini_heap_chunk *chunk)
{
    mini_tree_remove(&heap->chunks, &chunk->tree);
    heap->statistics.reserved -= chunk->size;
    heap->statistics.chunks--;
    if (heap->shrink != NULL)
        heap->shrink(heap->ctx, chunk, chunk->size);
}

struct mini_heap_chunk *mini_heap_chunk_of(struct mini_heap *heap, uintptr_t address)
{
    struct mini_tree_node *node = mini_tree_at_most(&heap->chunks, address);

    if (node == NULL)
        return NULL;
    struct mini_heap_chunk *chunk = (void *)node;
    bool inside =
        address >= (uintptr_t)heap_chunk_first(chunk) && address < (uintptr_t)heap_chunk_end(chunk);
    return inside ? chunk : NULL;
}
