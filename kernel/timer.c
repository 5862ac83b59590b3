/* SPDX-License-Identifier: MIT */
/* Intel SDM volume 3A, chapter 11 (APIC); the 8254 timer measures its frequency. */
#include "kernel/timer.h"

#include <stddef.h>

#include "kernel/cpu.h"
#include "kernel/memory.h"
#include "kernel/port.h"

/* Registers of the APIC, as indices of 32-bit words. */
enum {
    APIC_TASK_PRIORITY = 0x80 / 4,
    APIC_END = 0xb0 / 4,
    APIC_SPURIOUS = 0xf0 / 4,
    APIC_TIMER = 0x320 / 4,
    APIC_INITIAL = 0x380 / 4,
    APIC_CURRENT = 0x390 / 4,
    APIC_DIVIDE = 0x3e0 / 4,
    APIC_ENABLED = 1 << 8,
    APIC_PERIODIC = 1 << 17,
    APIC_MASKED = 1 << 16,
    APIC_DIVIDE_BY_16 = 3,
    APIC_BASE_ENABLED = 1 << 11,
};

/* The 8254's third counter, whose gate and output are bits of port 0x61. */
enum {
    COUNTER_DATA = 0x42,
    COUNTER_MODE = 0x43,
    COUNTER_ONCE = 0xb0, /* counter 2, low and high byte, mode 0 */
    GATE = 0x61,
    GATE_OPEN = 1,
    GATE_SPEAKER = 2,
    GATE_DONE = 0x20,
    COUNTER_HERTZ = 1193182,
    MEASURE_HERTZ = 50
};

/* The two 8259 interrupt controllers. */
enum {
    OLD_FIRST = 0x20,
    OLD_SECOND = 0xa0,
    OLD_INIT = 0x11,
    OLD_CASCADE_FIRST = 4,
    OLD_CASCADE_SECOND = 2,
    OLD_8086 = 1,
    OLD_ALL = 0xff
};

static volatile uint32_t *apic;
static uint64_t ticks, frequency;
static void (*each)(void);

/* Their vectors would be the CPU's own; and nobody serves them. */
static void silence_old_controllers(void)
{
    port_write(OLD_FIRST, OLD_INIT);
    port_write(OLD_SECOND, OLD_INIT);
    port_write(OLD_FIRST + 1, INTERRUPT_OLD);
    port_write(OLD_SECOND + 1, INTERRUPT_OLD + 8);
    port_write(OLD_FIRST + 1, OLD_CASCADE_FIRST);
    port_write(OLD_SECOND + 1, OLD_CASCADE_SECOND);
    port_write(OLD_FIRST + 1, OLD_8086);
    port_write(OLD_SECOND + 1, OLD_8086);
    port_write(OLD_FIRST + 1, OLD_ALL);
    port_write(OLD_SECOND + 1, OLD_ALL);
}

/* Counts of the APIC and of the CPU in a fiftieth of a second. */
static uint32_t measure(void)
{
    uint16_t count = COUNTER_HERTZ / MEASURE_HERTZ;
    uint64_t begin;

    port_write(GATE, (uint8_t)((port_read(GATE) & ~GATE_SPEAKER) | GATE_OPEN));
    port_write(COUNTER_MODE, COUNTER_ONCE);
    port_write(COUNTER_DATA, (uint8_t)count);
    port_write(COUNTER_DATA, (uint8_t)(count >> 8));
    begin = cpu_ticks();
    apic[APIC_INITIAL] = UINT32_MAX;
    while (!(port_read(GATE) & GATE_DONE))
        __asm__ volatile("pause");
    frequency = (cpu_ticks() - begin) * MEASURE_HERTZ;
    return UINT32_MAX - apic[APIC_CURRENT];
}

void timer_init(void)
{
    uint64_t base = msr_read(MSR_APIC_BASE);
    uint32_t count;

    silence_old_controllers();
    msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLED);
    apic = memory_device(base & ~(PAGING_PAGE - 1) & UINT64_C(0xfffffffff000), PAGING_PAGE);
    apic[APIC_TASK_PRIORITY] = 0;
    apic[APIC_SPURIOUS] = APIC_ENABLED | INTERRUPT_SPURIOUS;
    apic[APIC_DIVIDE] = APIC_DIVIDE_BY_16;
    apic[APIC_TIMER] = APIC_MASKED;
    count = measure();
    apic[APIC_TIMER] = APIC_PERIODIC | INTERRUPT_TIMER;
    apic[APIC_INITIAL] = count / (TIMER_HERTZ / MEASURE_HERTZ);
}

void timer_tick(void)
{
    ticks++;
    apic[APIC_END] = 0;
    if (each != NULL)
        each();
}

uint64_t timer_ticks(void)
{
    return __atomic_load_n(&ticks, __ATOMIC_RELAXED);
}

ELFIN_KERNEL_EXPORT(timer_ticks);

uint64_t timer_cpu_frequency(void)
{
    return frequency;
}

void timer_every_tick(void (*function)(void))
{
    __atomic_store_n(&each, function, __ATOMIC_RELAXED);
}
