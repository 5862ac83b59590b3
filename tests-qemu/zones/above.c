/* SPDX-License-Identifier: MIT */
#include "zones.h"

u64 above_data[8] = { 1 };

static u64 *const far_words[2] = { &below_data[1], &above_data[1] };

static u64 own_step(u64 value)
{
    return mix(value, above_data[0] + *far_words[value & 1]);
}

u64 above_step(u64 value)
{
    above_data[value & 7] += below_data[value & 7];
    below_data[(value + 1) & 7] -= above_data[0];
    return mix(below_step(value), above_data[value & 7]);
}

zone_function *const above_table[4] = { below_step, own_step, above_step, below_step };

u64 above_call(zone_function *function, u64 value)
{
    return below_call(function, value) ^ below_call(own_step, value);
}

u64 above_run(u64 seed)
{
    u64 hash = seed;

    for (u64 i = 0; i < 16; i++) {
        hash = mix(hash, below_step(hash));
        hash = mix(hash, below_call(own_step, i) + above_table[i & 3](hash));
        hash = mix(hash, (u64)(below_pointer - below_data));
        below_pointer = &below_data[hash & 7];
        hash = mix(hash, above_table[0] == below_step && far_words[0] == below_data + 1);
    }
    return hash;
}
