/* SPDX-License-Identifier: MIT */
/* The local APIC's timer. */
#ifndef KERNEL_TIMER_H
#define KERNEL_TIMER_H

#include <stdint.h>

enum {
    TIMER_HERTZ = 100
};

/* Begins to tick, once interrupts are enabled; the old interrupt controllers are silenced. */
void timer_init(void);

/* From the interrupt. */
void timer_tick(void);

/* Ticks since timer_init. */
uint64_t timer_ticks(void);

/* How often the time-stamp counter ticks in a second. */
uint64_t timer_cpu_frequency(void);

/* Called with every tick; NULL: nothing is. */
void timer_every_tick(void (*function)(void));

#endif
