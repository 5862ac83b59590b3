/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>
#include <stdlib.h>

/* What the benchmarks share. Times are ticks of the processor's counter: only ratios of one run
 * mean anything. */
static inline uint64_t bench_ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Reproducible random numbers (xorshift64*): the same run everywhere. */
struct bench_random {
    uint64_t state;
};

static inline uint64_t bench_random(struct bench_random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* 0 to bound - 1. */
static inline uint64_t bench_below(struct bench_random *random, uint64_t bound)
{
    return bench_random(random) % bound;
}

#endif
