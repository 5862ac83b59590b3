/* SPDX-License-Identifier: MIT */
#include "zones.h"

static u64 calls;

static u64 counted(u64 value)
{
    return mix(value, ++calls + above_data[2]);
}

static u64 *const words[2] = { &above_data[3], &below_data[4] };

u64 again_run(u64 seed)
{
    u64 hash = above_run(seed);

    below_hook = counted;
    for (u64 i = 0; i < 16; i++) {
        above_data[i & 7] += i;
        *words[i & 1] ^= hash & 0xff;
        hash = mix(hash, above_step(i) + above_data[(i + 1) & 7]);
        hash = mix(hash, above_call(counted, hash));
        hash = mix(hash, above_call(below_step, i) + above_table[i & 3](i));
    }
    below_hook = 0;
    return mix(hash, calls);
}
