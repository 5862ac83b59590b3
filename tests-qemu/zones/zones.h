/* SPDX-License-Identifier: MIT */
/*
 * Three modules that lie gigabytes apart: below at 100 MiB, above at 5 GiB, again at 110 MiB. Each
 * uses functions and data of those before it and hands them functions of its own to call.
 */
#ifndef TESTS_QEMU_ZONES_H
#define TESTS_QEMU_ZONES_H

typedef unsigned long u64;
typedef u64 zone_function(u64 value);

/* below.c */
extern u64 below_data[8];
extern u64 *below_pointer;
extern zone_function *below_hook;
zone_function below_step;
u64 below_call(zone_function *function, u64 value);

/* above.c */
extern u64 above_data[8];
extern zone_function *const above_table[4];
zone_function above_step;
u64 above_call(zone_function *function, u64 value);
u64 above_run(u64 seed);

/* again.c */
u64 again_run(u64 seed);

static inline u64 mix(u64 hash, u64 value)
{
    hash ^= value;
    hash *= 0x9e3779b97f4a7c15UL;
    return hash ^ hash >> 29;
}

#endif
