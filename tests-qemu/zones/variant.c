/* SPDX-License-Identifier: MIT */
/* One of each: own data, functions, constants and pointers to them; data and functions of another
 * module and of the host; what nobody defines. */
#include "zones.h"

__SIZE_TYPE__ strlen(const char *s);
__attribute__((weak)) u64 nobody(u64 value);

u64 variant_run(u64 seed);
u64 variant_global = 3;

static u64 zero[64];
static u64 words[4] = { 11, 22, 33, 44 };
static u64 *pointer = &words[2];

static u64 step(u64 value)
{
    zero[value & 63] += value;
    return zero[value & 63] + *pointer + variant_global++;
}

static zone_function *functions[2] = { step, below_step };

static const char *name(u64 value)
{
    static const char *const names[4] = { "alpha", "be", "gamma-gamma", "delta" };

    return names[value & 3];
}

u64 variant_run(u64 seed)
{
    u64 hash = seed;

    for (u64 i = 0; i < 8; i++) {
        hash = mix(hash, step(hash) + words[i & 3] + strlen(name(i)));
        hash = mix(hash, below_data[i] + functions[i & 1](i));
        hash = mix(hash, below_call(step, i));
    }
    hash = mix(hash, nobody ? nobody(1) : 5);
    return mix(hash, functions[1] == below_step && below_pointer != &below_data[hash & 1]);
}
