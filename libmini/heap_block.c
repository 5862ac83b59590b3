/* SPDX-License-Identifier: MIT */
#include "libmini/heap_block.h"

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    return x * UINT64_C(0x9e3779b97f4a7c15);
}

/* Of the links only where there are some: behind other headers lies an object, or nothing. */
static uint64_t checksum(const struct mini_heap_block *block, enum heap_state state)
{
    uint64_t sum = mix((uint64_t)block->before << 32 | block->units);

    sum = mix(sum ^ (uintptr_t)block ^ (uint64_t)state << 48);
    if (state == HEAP_FREE) {
        sum = mix(sum ^ (uintptr_t)block->next);
        sum = mix(sum ^ (uintptr_t)block->previous);
    }
    return sum;
}

void mini_heap_seal(struct mini_heap_block *block, enum heap_state state)
{
    block->seal = checksum(block, state);
}

bool mini_heap_is(const struct mini_heap_block *block, enum heap_state state)
{
    return block->seal == checksum(block, state);
}

static bool is_block(const struct mini_heap_block *block)
{
    return mini_heap_is(block, HEAP_USED) || mini_heap_is(block, HEAP_FREE);
}

bool mini_heap_is_sound(struct mini_heap_block *block)
{
    if (!is_block(block))
        return false;
    /* A sealed block's sizes are the heap's own, so its neighbours are where they say. */
    struct mini_heap_block *after = heap_after(block);
    if (after->before != block->units || !(mini_heap_is(after, HEAP_END) || is_block(after)))
        return false;
    if (block->before == 0)
        return true;
    struct mini_heap_block *before = heap_before(block);
    return before->units == block->before && is_block(before);
}

void mini_heap_set_before(struct mini_heap_block *block, uint32_t units)
{
    enum heap_state state = HEAP_END;

    if (!mini_heap_is(block, HEAP_END))
        state = mini_heap_is(block, HEAP_USED) ? HEAP_USED : HEAP_FREE;
    block->before = units;
    mini_heap_seal(block, state);
}
