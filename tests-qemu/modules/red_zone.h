/* SPDX-License-Identifier: MIT */
#ifndef TESTS_QEMU_RED_ZONE_H
#define TESTS_QEMU_RED_ZONE_H

#include <stdint.h>

uint64_t red_zone(uint64_t rounds);

/*
 * Writes below the stack pointer, waits for some timer interrupts to destroy it, and looks. Returns
 * the number of words that changed.
 */
uint64_t red_zone(uint64_t rounds)
{
    uint64_t changed = 0, value;

    __asm__ volatile("movq %2, -8(%%rsp)\n\tmovq %2, -64(%%rsp)\n\tmovq %2, -120(%%rsp)\n"
                     "1:\tpause\n\tdecq %1\n\tjnz 1b\n\t"
                     "cmpq %2, -8(%%rsp)\n\tsetne %b0\n\t"
                     "movq -64(%%rsp), %1\n\txorq %2, %1\n\torq %1, %0\n\t"
                     "movq -120(%%rsp), %1\n\txorq %2, %1\n\torq %1, %0"
                     : "+r"(changed), "+r"(rounds), "=r"(value)
                     : "2"(UINT64_C(0x1234567887654321))
                     : "memory", "cc");
    return changed;
}

#endif
