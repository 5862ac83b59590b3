/* SPDX-License-Identifier: MIT */
#include "libmini/heap_block.h"

struct totals {
    size_t chunks;
    size_t reserved;
    size_t count;
    size_t used;
    size_t free_blocks;
};

/* From the chunk's first block to exactly its end, without two free neighbours. */
static bool check_chunk(struct mini_heap_chunk *chunk, struct totals *totals)
{
    struct mini_heap_block *block = heap_chunk_first(chunk);
    struct mini_heap_block *end = heap_chunk_end(chunk);
    bool before_is_free = false;

    totals->chunks++;
    totals->reserved += chunk->size;
    if (block->before != 0)
        return false;
    for (; block < end; block = heap_after(block)) {
        if (!mini_heap_is_sound(block))
            return false;
        bool is_free = mini_heap_is(block, HEAP_FREE);
        if (is_free && before_is_free)
            return false;
        before_is_free = is_free;
        totals->free_blocks += is_free;
        totals->count += !is_free;
        totals->used += is_free ? 0 : (size_t)(block->units - 1) * HEAP_UNIT;
    }
    return block == end && mini_heap_is(end, HEAP_END);
}

static bool check_list(const struct mini_heap *heap, unsigned int class, unsigned int subclass,
                       size_t *listed)
{
    const struct mini_heap_block *block = heap->lists[class][subclass];
    bool bit = (heap->subclasses[class] >> subclass & 1) != 0;

    if (bit != (block != NULL))
        return false;
    for (; block != NULL; block = block->next) {
        if (!mini_heap_is(block, HEAP_FREE))
            return false;
        struct heap_slot slot = mini_heap_slot_of(block->units);
        if (slot.class != class || slot.subclass != subclass)
            return false;
        ++*listed;
    }
    return true;
}

bool mini_heap_check(struct mini_heap *heap)
{
    const struct mini_heap_statistics *told = &heap->statistics;
    struct totals totals = { 0 };
    size_t listed = 0;

    for (struct mini_tree_node *node = mini_tree_at_least(&heap->chunks, 0); node != NULL;
         node = mini_tree_at_least(&heap->chunks, node->key + 1)) {
        if (!check_chunk((void *)node, &totals))
            return false;
    }
    for (unsigned int class = 0; class < MINI_HEAP_CLASSES; class ++) {
        if ((heap->classes >> class & 1) != (heap->subclasses[class] != 0))
            return false;
        for (unsigned int subclass = 0; subclass < MINI_HEAP_SUBCLASSES; subclass++) {
            if (!check_list(heap, class, subclass, &listed))
                return false;
        }
    }
    return listed == totals.free_blocks && totals.chunks == told->chunks &&
           totals.reserved == told->reserved && totals.reserved <= told->limit &&
           totals.count == told->count && totals.used == told->used && told->used <= told->peak;
}
