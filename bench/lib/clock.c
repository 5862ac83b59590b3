/* SPDX-License-Identifier: MIT */
#include "bench/lib/clock.h"

#include <sys/resource.h>

bool bench_clock_long;
static double counter_period;
static uint64_t overhead[2];

static uint64_t monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void find_overhead(bool is_long)
{
    bench_clock_choose(is_long);
    overhead[is_long] = UINT64_MAX;
    for (int i = 0; i < 1000; i++) {
        uint64_t begin = bench_ticks(), ticks = bench_ticks() - begin;

        if (ticks < overhead[is_long])
            overhead[is_long] = ticks;
    }
}

void bench_clock_init(void)
{
    uint64_t start = monotonic(), first = bench_ticks(), now;

    do
        now = monotonic();
    while (now - start < 50000000);
    counter_period = (double)(now - start) / (double)(bench_ticks() - first);
    find_overhead(true);
    find_overhead(false);
}

void bench_clock_choose(bool is_long)
{
    bench_clock_long = is_long;
}

double bench_ns(uint64_t ticks)
{
    if (ticks <= overhead[bench_clock_long])
        return 0;
    ticks -= overhead[bench_clock_long];
    return bench_clock_long ? (double)ticks : (double)ticks * counter_period;
}

long bench_interruptions(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
}

void bench_flush(const void *start, uint64_t size)
{
    const char *at = (const char *)((uintptr_t)start & ~(uintptr_t)63), *end = start;

    for (end += size; at < end; at += 64)
        __asm__ volatile("clflush (%0)" : : "r"(at) : "memory");
    __asm__ volatile("mfence" : : : "memory");
}
