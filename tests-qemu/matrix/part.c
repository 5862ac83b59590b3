/* SPDX-License-Identifier: MIT */
#include "matrix.h"

u64 part_hidden_data[8] = { 2, 3, 5, 7, 11, 13, 17, 19 };
u64 part_data = 4711;
u64 *part_pointer = &part_hidden_data[6];
const u64 part_table[4] = { 100, 200, 300, 400 };
u64 matrix_common[8];

static u64 part_private(u64 value)
{
    return value + part_hidden_data[value & 7] + *matrix_names[0];
}

u64 part_hidden(u64 value)
{
    return part_private(value) * 2 + part_data;
}

u64 part_global(u64 value, u64 (*callback)(u64))
{
    matrix_common[7] += callback(value);
    return matrix_common[7] + peer_data[3] + matrix_callback(value);
}

u64 (*const part_functions[3])(u64) = { part_private, part_hidden, matrix_callback };
