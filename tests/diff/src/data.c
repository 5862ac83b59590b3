/* SPDX-License-Identifier: MIT */
/* Data that points at everything: 64-bit fields with addends, large arrays, COMMON. */
#include "matrix.h"

int counter = 7;
int hidden_counter = 11;
int protected_counter = 13;
WEAK int twice_weak = 1;

int large_data[LARGE_COUNT] = {1, 2, 3, [LARGE_COUNT - 1] = 4};
int large_zero[LARGE_COUNT];
static int private_large[LARGE_COUNT] = {5};
static char private_zero[3000];

int common_word;
char common_bytes[33];

const int primes[] = {2, 3, 5, 7, 11, 13, 17, 19};

static NOINLINE int private_function(int x)
{
    return x + private_large[x & 1023] + private_zero[x & 255];
}

const struct record records[] = {
    {"double", double_it, &counter},
    {"hidden", hidden_step, &hidden_counter},
    {"private", private_function, &private_large[17]},
    {"host", ext_call, &ext_array[5]},
    {"hook", default_hook, &protected_counter},
    {"absent", absent_call, &absent_word},
    {"large", classify, &large_data[LARGE_COUNT - 1]},
    {"zero", overridden, &large_zero[LARGE_COUNT / 2]},
};

/* Before the start and past the end of their targets. */
const char *const edges[] = {
    &common_bytes[32] + 1,
    (const char *)&primes[0] - 4096,
    (const char *)&large_zero[LARGE_COUNT],
    &"suffix"[3],
    "a longer string with the same suffix",
};

int sum_large(int i)
{
    return large_data[i] + large_zero[i] + private_large[i] + private_function(i);
}
