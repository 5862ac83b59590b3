/* SPDX-License-Identifier: MIT */
#include "libmini/heap_block.h"

/*
 * Class 0 has a list for each size below 16 units. From there on a class is a power of two, cut
 * into 16 equal parts. So every block of a later list is larger than any of an earlier one.
 */
enum {
    SUBCLASS_BITS = 4
};
_Static_assert(MINI_HEAP_SUBCLASSES == 1 << SUBCLASS_BITS, "subclasses are that many bits");

static unsigned int highest_bit(uint32_t value)
{
    return 31u - (unsigned int)__builtin_clz(value);
}

static unsigned int lowest_bit(uint32_t value)
{
    return (unsigned int)__builtin_ctz(value);
}

struct heap_slot mini_heap_slot_of(uint32_t units)
{
    if (units < MINI_HEAP_SUBCLASSES)
        return (struct heap_slot){ 0, units };
    unsigned int log = highest_bit(units);
    return (struct heap_slot){
        log - SUBCLASS_BITS + 1,
        (units >> (log - SUBCLASS_BITS)) % MINI_HEAP_SUBCLASSES,
    };
}

static void set_first(struct mini_heap *heap, struct heap_slot slot, struct mini_heap_block *first)
{
    uint32_t bit = UINT32_C(1) << slot.subclass;

    heap->lists[slot.class][slot.subclass] = first;
    if (first != NULL)
        heap->subclasses[slot.class] |= bit;
    else
        heap->subclasses[slot.class] &= ~bit;

    bit = UINT32_C(1) << slot.class;
    if (heap->subclasses[slot.class] != 0)
        heap->classes |= bit;
    else
        heap->classes &= ~bit;
}

void mini_heap_list_add(struct mini_heap *heap, struct mini_heap_block *block)
{
    struct heap_slot slot = mini_heap_slot_of(block->units);
    struct mini_heap_block *first = heap->lists[slot.class][slot.subclass];

    if (first != NULL && !mini_heap_is(first, HEAP_FREE)) {
        heap->statistics.damaged++;
        first = NULL;
    }
    block->next = first;
    block->previous = NULL;
    mini_heap_seal(block, HEAP_FREE);
    if (first != NULL) {
        first->previous = block;
        mini_heap_seal(first, HEAP_FREE);
    }
    set_first(heap, slot, block);
}

/* The links of a sealed block are the heap's own, so they lead to what was a free block at least.
 */
bool mini_heap_list_remove(struct mini_heap *heap, struct mini_heap_block *block)
{
    struct heap_slot slot = mini_heap_slot_of(block->units);
    struct mini_heap_block *next = block->next;
    struct mini_heap_block *previous = block->previous;
    bool known = previous == NULL ? heap->lists[slot.class][slot.subclass] == block
                                  : previous->next == block && mini_heap_is(previous, HEAP_FREE);

    if (!known || (next != NULL && !(next->previous == block && mini_heap_is(next, HEAP_FREE)))) {
        heap->statistics.damaged++;
        return false;
    }
    if (next != NULL) {
        next->previous = previous;
        mini_heap_seal(next, HEAP_FREE);
    }
    if (previous == NULL) {
        set_first(heap, slot, next);
    } else {
        previous->next = next;
        mini_heap_seal(previous, HEAP_FREE);
    }
    return true;
}

/* The first list, from the one for that many units on, whose first block is large enough. */
static bool find_slot(const struct mini_heap *heap, uint32_t units, struct heap_slot *slot)
{
    *slot = mini_heap_slot_of(units);
    /* Of this list some blocks may be too small: one look at its first, no search. */
    const struct mini_heap_block *first = heap->lists[slot->class][slot->subclass];
    if (first != NULL && first->units >= units)
        return true;

    uint32_t later = heap->subclasses[slot->class] & ~((UINT32_C(2) << slot->subclass) - 1);
    if (later == 0) {
        uint32_t classes = heap->classes & ~((UINT32_C(2) << slot->class) - 1);
        if (classes == 0)
            return false;
        slot->class = lowest_bit(classes);
        later = heap->subclasses[slot->class];
    }
    slot->subclass = lowest_bit(later);
    return true;
}

struct mini_heap_block *mini_heap_list_take(struct mini_heap *heap, uint32_t units)
{
    struct heap_slot slot;

    while (find_slot(heap, units, &slot)) {
        struct mini_heap_block *block = heap->lists[slot.class][slot.subclass];
        bool sealed = mini_heap_is(block, HEAP_FREE);
        if (sealed && mini_heap_is_sound(block) && mini_heap_list_remove(heap, block))
            return block;
        /*
         * The block is unlisted for good; if its links are no longer its own, so is all behind it.
         * Each round makes a list shorter, and damage is rare: no loop to speak of.
         */
        heap->statistics.damaged++;
        if (!sealed || !mini_heap_list_remove(heap, block))
            set_first(heap, slot, NULL);
    }
    return NULL;
}
