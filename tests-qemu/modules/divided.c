/* SPDX-License-Identifier: MIT */
/* Data that last and data that only init needs, of one right: pages of 2 MiB may lie across the
 * border. */
#include <stdint.h>

#include <elfin/module.h>

enum {
    WORDS = 5 << 16 /* 2.5 MiB */
};

uint64_t divided_sum(void);

static uint64_t zeroes[WORDS];
__attribute__((section(".init.data"))) static uint64_t table[WORDS] = { 1, 2, 3 };
static uint64_t sum;

static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    zeroes[WORDS - 1] = table[2];
    sum = table[0] + table[1] + zeroes[WORDS - 1];
    return 0;
}
ELFIN_INIT(start);

uint64_t divided_sum(void)
{
    return sum + zeroes[0];
}
