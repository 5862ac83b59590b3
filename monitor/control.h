/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_CONTROL_H
#define MONITOR_CONTROL_H

#include <stdint.h>

/*
 * What module code may have changed for a moment when it was cut off: protection (CR0, CR4), which
 * interrupts come (CR8), breakpoints (DR7), the base of GS. Intel SDM volume 3A,
 * sections 2.5, 11.8.6 and 18.2.4.
 */
struct control {
    uint64_t cr0, cr4, cr8, dr7, gs_base;
};

void control_read(struct control *control);

/* Writes only what differs. */
void control_restore(const struct control *control);

/* Model-specific registers. */
static inline uint64_t control_msr_read(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void control_msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

#endif
