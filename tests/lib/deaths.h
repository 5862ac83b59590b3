/* SPDX-License-Identifier: MIT */
#ifndef TESTS_DEATHS_H
#define TESTS_DEATHS_H

#include <stddef.h>
#include <stdint.h>

/* What is alive in a trace, in a binary heap: what dies next is at its root. */
struct living {
    uint64_t dies;
    uint64_t base; /* or a pointer */
    uint64_t size;
};

static inline void living_swap(struct living *a, struct living *b)
{
    struct living old = *a;

    *a = *b;
    *b = old;
}

static inline void living_push(struct living *heap, size_t *count, struct living thing)
{
    size_t i = (*count)++;

    heap[i] = thing;
    for (; i > 0 && heap[(i - 1) / 2].dies > heap[i].dies; i = (i - 1) / 2)
        living_swap(&heap[(i - 1) / 2], &heap[i]);
}

static inline struct living living_pop(struct living *heap, size_t *count)
{
    struct living first = heap[0];
    size_t i = 0, child;

    heap[0] = heap[--*count];
    while ((child = 2 * i + 1) < *count) {
        if (child + 1 < *count && heap[child + 1].dies < heap[child].dies)
            child++;
        if (heap[i].dies <= heap[child].dies)
            break;
        living_swap(&heap[i], &heap[child]);
        i = child;
    }
    return first;
}

#endif
