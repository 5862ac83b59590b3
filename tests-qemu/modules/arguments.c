/* SPDX-License-Identifier: MIT */
/* Prints the words that init is given; functions for `call` with all their integers. */
#include <elfin/efi.h>
#include <elfin/module.h>

uint64_t six(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
uint64_t all_ones(void);
int minus_one(void);
uint64_t not_code = 1;

uint64_t six(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    return a + b * 10 + c * 100 + d * 1000 + e * 10000 + f * 100000;
}

uint64_t all_ones(void)
{
    return UINT64_MAX;
}

static uint64_t hidden_from_others(void)
{
    return 77;
}
uint64_t not_exported(void) __attribute__((alias("hidden_from_others")));

static int start(int argc, char **argv)
{
    elfin_print("%d words:", argc);
    for (int i = 0; i < argc; i++)
        elfin_print(" [%s]", argv[i]);
    elfin_print("%s\n", argv[argc] == NULL ? "" : " and no end");
    return 0;
}

ELFIN_MODULE("arguments", .version = "2.5", .description = "shows its words");
ELFIN_INIT(start);
ELFIN_EXPORT(six);
ELFIN_EXPORT(all_ones);
