/* SPDX-License-Identifier: MIT */
/* The CPU's own tables, and what instructions it has that C does not. */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include <stdint.h>

#include "monitor/frame.h"

enum {
    MSR_APIC_BASE = 0x1b,
};

/* Vectors, behind the 32 that are the CPU's own; interrupts_asm.S has a stub for each. */
enum {
    INTERRUPT_OLD = 32, /* 16 of the old interrupt controllers, masked */
    INTERRUPT_TIMER = 48,
    INTERRUPT_SPURIOUS = 63,
    INTERRUPT_COUNT
};

/*
 * Descriptors, interrupt vectors and a stack for each kind of interruption: what was interrupted
 * keeps the bytes below its stack pointer (the red zone) whatever happens. Vector registers are
 * enabled. Interrupts stay masked.
 */
void cpu_init(void);

/* Each interruption comes here; see interrupts_asm.S. */
void interrupt_dispatch(struct interrupt_frame *frame);

static inline uint64_t msr_read(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline uint64_t cpu_ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#endif
