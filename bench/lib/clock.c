/* SPDX-License-Identifier: MIT */
#include "bench/lib/clock.h"

#include <time.h>

static double ns_per_tick;
static uint64_t overhead;

static uint64_t monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void bench_clock_init(void)
{
    uint64_t start = monotonic(), first = bench_ticks(), now;

    do
        now = monotonic();
    while (now - start < 50000000);
    ns_per_tick = (double)(now - start) / (double)(bench_ticks() - first);
    overhead = UINT64_MAX;
    for (int i = 0; i < 1000; i++) {
        uint64_t begin = bench_ticks(), ticks = bench_ticks() - begin;

        if (ticks < overhead)
            overhead = ticks;
    }
}

double bench_ns(uint64_t ticks)
{
    return ticks > overhead ? (double)(ticks - overhead) * ns_per_tick : 0;
}

void bench_flush(const void *start, uint64_t size)
{
    const char *at = (const char *)((uintptr_t)start & ~(uintptr_t)63), *end = start;

    for (end += size; at < end; at += 64)
        __asm__ volatile("clflush (%0)" : : "r"(at) : "memory");
    __asm__ volatile("mfence" : : : "memory");
}
