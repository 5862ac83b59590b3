/* SPDX-License-Identifier: MIT */
#include "matrix.h"

u64 peer_data[4] = { 1001, 2002, 3003, 4004 };
const char peer_text[] = "text of the peer";

u64 peer_mix(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + peer_data[b & 3];
}

u64 peer_call(u64 (*callback)(u64), u64 value)
{
    return callback(value) + callback(value + 1);
}
