/* SPDX-License-Identifier: MIT */
/* Code and data that only init needs, and who asks for them afterwards. */
#include <elfin/efi.h>
#include <elfin/module.h>

enum {
    WORDS = 1 << 17
};

uint64_t early_sum(void);
uint64_t early_read(uint64_t offset);
uint64_t early_run(void);

__attribute__((section(".init.data"))) static uint64_t table[WORDS] = { 1, 2, 3 };
static uint64_t sum, *where;
static uint64_t (*function)(void);

__attribute__((section(".init.text"), noinline)) static uint64_t add(void)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < WORDS; i++)
        total += table[i];
    return total;
}

__attribute__((section(".init.text"))) static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    where = table;
    function = add;
    sum = add();
    return 0;
}
ELFIN_INIT(start);

uint64_t early_sum(void)
{
    return sum;
}

uint64_t early_read(uint64_t offset)
{
    return *(volatile uint64_t *)((uint64_t)where + offset);
}

uint64_t early_run(void)
{
    return function();
}
