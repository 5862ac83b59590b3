/* SPDX-License-Identifier: MIT */
/* Intel SDM volume 3A: descriptors 3.5, task state 8.7, interrupt gates 6.14. */
#ifndef ARCH_X86_64_DESCRIPTORS_H
#define ARCH_X86_64_DESCRIPTORS_H

#include <stdint.h>

enum {
    GATE_INTERRUPT = 0x8e, /* present; masks interrupts */
    GATE_PRESENT = 0x80,
    TASK_AVAILABLE = 0x89, /* present */
    TASK_BUSY = 1 << 1,
};

/* What LGDT, SGDT, LIDT and SIDT take and give. */
struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct gate {
    uint16_t offset_low, selector;
    uint8_t stack, type; /* stack: 1 to 7, of task_state.ist; 0: the one in use */
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));

static inline struct gate gate_make(uint64_t handler, uint16_t selector, uint8_t stack)
{
    return (struct gate){ .offset_low = (uint16_t)handler,
                          .selector = selector,
                          .stack = stack,
                          .type = GATE_INTERRUPT,
                          .offset_middle = (uint16_t)(handler >> 16),
                          .offset_high = (uint32_t)(handler >> 32) };
}

static inline uint64_t gate_handler(const struct gate *gate)
{
    return gate->offset_low | (uint64_t)gate->offset_middle << 16 |
           (uint64_t)gate->offset_high << 32;
}

/* The two words of a task state's descriptor. */
static inline void task_descriptor(uint64_t words[2], uint64_t base, uint64_t size)
{
    words[0] = (size - 1) | (base & 0xffffff) << 16 | (uint64_t)TASK_AVAILABLE << 40 |
               (base >> 24 & 0xff) << 56;
    words[1] = base >> 32;
}

#endif
