/* SPDX-License-Identifier: MIT */
/* Every way to go wrong, as functions to call. */
#include <stdint.h>

#include <elfin/module.h>

ELFIN_MODULE("faults");

static const uint64_t constant = 7;
static uint64_t variable = 0xc3; /* a return instruction */
static volatile uint64_t zero;

uint64_t fault_none(uint64_t value);
uint64_t fault_read_null(void);
uint64_t fault_write_constant(void);
uint64_t fault_write_text(void);
uint64_t fault_execute_data(void);
uint64_t fault_jump_null(void);
uint64_t fault_general(void);
uint64_t fault_opcode(void);
uint64_t fault_divide(void);
uint64_t fault_breakpoint(void);
uint64_t fault_stack(uint64_t depth);
uint64_t fault_guard(uint64_t distance);
uint64_t fault_count(void);

static uint64_t count;

uint64_t fault_none(uint64_t value)
{
    count++;
    return value + constant;
}

uint64_t fault_read_null(void)
{
    return *(volatile uint64_t *)zero;
}

uint64_t fault_write_constant(void)
{
    *(volatile uint64_t *)(uintptr_t)&constant = 8;
    return constant;
}

uint64_t fault_write_text(void)
{
    *(volatile uint8_t *)(uintptr_t)&fault_none = 0xc3;
    return 0;
}

uint64_t fault_execute_data(void)
{
    ((void (*)(void))(uintptr_t)&variable)();
    return 0;
}

uint64_t fault_jump_null(void)
{
    ((void (*)(void))zero)();
    return 0;
}

uint64_t fault_general(void)
{
    return *(volatile uint64_t *)(zero + UINT64_C(0x8000000000000000));
}

uint64_t fault_opcode(void)
{
    __asm__ volatile("ud2");
    return 0;
}

uint64_t fault_divide(void)
{
    return constant / zero;
}

uint64_t fault_breakpoint(void)
{
    __asm__ volatile("int3");
    return 3;
}

uint64_t fault_stack(uint64_t depth)
{
    volatile uint64_t frame[64];

    frame[depth % 64] = depth;
    return depth == UINT64_MAX ? 0 : fault_stack(depth + 1) + frame[depth % 64];
}

/* Just outside of the module. */
uint64_t fault_guard(uint64_t distance)
{
    return *(volatile uint64_t *)(((uintptr_t)&fault_none & ~UINT64_C(0xfff)) - distance);
}

uint64_t fault_count(void)
{
    return count;
}
