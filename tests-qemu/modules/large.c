/* SPDX-License-Identifier: MIT */
/* 64 MiB of zeroes, and nothing else. */
#include <stdint.h>

uint64_t large_at(uint64_t place);

enum {
    WORDS = 8 << 20
};
static uint64_t zeroes[WORDS];

uint64_t large_at(uint64_t place)
{
    return ++zeroes[place % WORDS];
}
