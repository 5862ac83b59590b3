/* SPDX-License-Identifier: MIT */
/*
 * Time by the processor's time stamp counter, which costs little enough to time one small load, and
 * the removal of bytes from all caches.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>

/* Must be called once, before the others. Takes a twentieth of a second. */
void bench_clock_init(void);

/* Everything before has been done, nothing after has begun. */
static inline uint64_t bench_ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("mfence; lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Nanoseconds of so many ticks, what the reading of the counter itself takes deducted. */
double bench_ns(uint64_t ticks);

/* Writes back and drops every line of [start, start + size). */
void bench_flush(const void *start, uint64_t size);

#endif
