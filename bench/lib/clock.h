/* SPDX-License-Identifier: MIT */
/*
 * Time of what takes long by the thread's processor time, in which nothing counts that others do on
 * a busy machine; of what does not by the time stamp counter, which costs little enough to time one
 * small load, and again if the thread was interrupted. And the removal of bytes from all caches.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Must be called once, before the others. Takes a twentieth of a second. */
void bench_clock_init(void);

extern bool bench_clock_long;

/* Which clock bench_ticks reads from now on. */
void bench_clock_choose(bool is_long);

/* Everything before has been done, nothing after has begun. */
static inline uint64_t bench_ticks(void)
{
    struct timespec t;
    uint32_t low, high;

    if (bench_clock_long) {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    }
    __asm__ volatile("mfence; lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* How often another thread has got this processor instead. */
long bench_interruptions(void);

/* Nanoseconds of so many ticks, what the reading of the counter itself takes deducted. */
double bench_ns(uint64_t ticks);

/* Writes back and drops every line of [start, start + size). */
void bench_flush(const void *start, uint64_t size);

#endif
