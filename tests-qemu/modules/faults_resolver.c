/* SPDX-License-Identifier: MIT */
/* The resolver of its indirect function faults. */
#include <stdint.h>

#include <elfin/module.h>

ELFIN_MODULE("resolver");

uint64_t indirect(void);
uint64_t use_indirect(void);

static uint64_t (*resolve(void))(void)
{
    return *(uint64_t(*volatile *)(void))0;
}

uint64_t indirect(void) __attribute__((ifunc("resolve")));

uint64_t use_indirect(void)
{
    return indirect();
}
