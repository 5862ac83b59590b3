/* SPDX-License-Identifier: MIT */
#include "zones.h"

u64 below_data[8] = { 2, 3, 5, 7, 11, 13, 17, 19 };
u64 *below_pointer = &below_data[3];
zone_function *below_hook; /* set by the others, to functions of theirs */

u64 below_step(u64 value)
{
    below_data[value & 7] += value;
    return below_data[value & 7] ^ *below_pointer;
}

u64 below_call(zone_function *function, u64 value)
{
    u64 result = function(value) + 1;

    return below_hook != 0 ? mix(result, below_hook(value + 2)) : result;
}
