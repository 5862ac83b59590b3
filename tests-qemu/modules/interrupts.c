/* SPDX-License-Identifier: MIT */
/*
 * Built with -mno-red-zone: may run with interrupts enabled. Its red_zone shows what happens to
 * code that is built otherwise.
 */
#include <stdint.h>

#include <elfin/module.h>

#include "red_zone.h"

ELFIN_INTERRUPTS;

uint64_t interrupts_enabled(void);

uint64_t interrupts_enabled(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
    return flags >> 9 & 1;
}
