/* SPDX-License-Identifier: MIT */
#include "matrix.h"

u64 matrix_counter = 7;
const char *matrix_names[4] = { "one", "two", "three", peer_text };
u64 matrix_common[4];

static u64 private_zero[1000];
static u64 private_data[4] = { 11, 22, 33, 44 };
static u64 *inner_pointer = &private_data[2];
static u64 *peer_pointer = &peer_data[1];
static char host_copy[32];
static u64 constructed;

static u64 private_function(u64 value)
{
    return value * 3 + matrix_counter++;
}

u64 matrix_callback(u64 value)
{
    return value + private_data[value & 3];
}

static u64 (*functions[])(u64) = { private_function, matrix_callback, part_hidden };
static __SIZE_TYPE__ (*host_function)(const char *) = strlen;

__attribute__((constructor)) static void construct(void)
{
    constructed = 1000 + private_data[1];
}

/* A jump table, or a table of values, when optimised. */
static u64 switches(u64 value)
{
    switch (value & 15) {
    case 0:
        return private_function(value);
    case 1:
        return peer_data[0];
    case 2:
        return part_data + 5;
    case 3:
        return matrix_counter;
    case 4:
        return strlen(matrix_names[2]);
    case 5:
        return part_hidden(value);
    case 6:
        return private_data[3] ^ value;
    case 7:
        return *inner_pointer;
    case 8:
        return *peer_pointer + 1;
    case 9:
        return part_hidden_data[5];
    default:
        return value;
    }
}

static const char *text(u64 value)
{
    switch (value & 7) {
    case 0:
        return "alpha";
    case 1:
        return "beta";
    case 2:
        return "gamma-gamma";
    case 3:
        return peer_text;
    case 4:
        return "epsilon";
    case 5:
        return matrix_names[1];
    default:
        return "omega";
    }
}

/* Addresses of labels: relocations against a code section with an addend. */
static u64 labels(u64 value)
{
    static const void *const targets[] = { &&first, &&second, &&third };

    goto *targets[value % 3];
first:
    value += 1;
second:
    value = value * 5 + peer_data[2];
third:
    return value ^ 0x55;
}

static u64 weak_symbols(u64 hash)
{
    hash = mix(hash, nobody ? nobody(1) : 99);
    return mix(hash, &nobody_data ? nobody_data : 98);
}

static u64 own_data(u64 hash)
{
    for (u64 i = 0; i < 4; i++) {
        matrix_common[i] += i + 1;
        private_zero[i * 300] += hash & 15;
        hash = mix(hash, matrix_common[i] + private_data[i] + private_zero[i * 300 + 1]);
        hash = mix(hash, part_table[i] + part_hidden_data[i * 2]);
        hash = mix(hash, strlen(matrix_names[i]));
    }
    hash = mix(hash, *part_pointer);
    return mix(hash, (u64)(inner_pointer - private_data));
}

static u64 calls(u64 hash)
{
    for (u64 i = 0; i < 3; i++)
        hash = mix(hash, functions[i](i) + part_functions[i](i));
    hash = mix(hash, part_global(hash & 1023, matrix_callback));
    hash = mix(hash, peer_mix(1, hash & 7, 3, 4, 5, private_data[0], 7));
    hash = mix(hash, peer_call(private_function, 9));
    hash = mix(hash, functions[1] == matrix_callback && functions[2] == part_hidden);
    memcpy(host_copy, matrix_names[3], host_function(matrix_names[3]) + 1);
    return mix(hash, (u64)host_copy[2] + strlen(host_copy));
}

u64 matrix_run(u64 seed)
{
    u64 hash = mix(seed, constructed);

    for (u64 i = 0; i < 16; i++) {
        hash = mix(hash, switches(i));
        hash = mix(hash, (u64)text(i)[0] + strlen(text(i)));
        hash = mix(hash, labels(i));
    }
    hash = own_data(hash);
    hash = weak_symbols(hash);
    hash = calls(hash);
    return mix(hash, (u64)__builtin_popcountll(hash) + matrix_counter);
}
