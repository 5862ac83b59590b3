/* SPDX-License-Identifier: MIT */
/* Intel SDM volume 3A: control registers 2.5. */
#include "kernel/cpu.h"

#include "arch-x86_64/descriptors.h"

enum {
    CODE = 0x08,
    DATA = 0x10,
    TASK = 0x18,
    VECTORS = INTERRUPT_COUNT,
    STUB_SIZE = 16,
    STACK_SIZE = 16384,
};

/* Which interrupt stack: nothing that may happen during another uses the same. */
enum {
    STACK_INTERRUPT = 1,
    STACK_FAULT,
    STACK_DOUBLE,
    STACK_NMI,
    STACK_CHECK,
    STACKS
};

#define CR0_MP         (UINT64_C(1) << 1)
#define CR0_EM         (UINT64_C(1) << 2)
#define CR0_TS         (UINT64_C(1) << 3)
#define CR0_NE         (UINT64_C(1) << 5)
#define CR0_AM         (UINT64_C(1) << 18)
#define CR4_OSFXSR     (UINT64_C(1) << 9)
#define CR4_OSXMMEXCPT (UINT64_C(1) << 10)
#define CR4_UMIP       (UINT64_C(1) << 11)
#define CR4_SMEP       (UINT64_C(1) << 20)
#define CR4_SMAP       (UINT64_C(1) << 21)
#define CPUID7_SMEP    (1u << 7)  /* EBX */
#define CPUID7_SMAP    (1u << 20) /* EBX */
#define CPUID7_UMIP    (1u << 2)  /* ECX */

/* Base and limit do not count for code and data in 64-bit mode. */
#define DESCRIPTOR_CODE UINT64_C(0x00209b0000000000)
#define DESCRIPTOR_DATA UINT64_C(0x0000930000000000)

extern const char interrupt_stubs[];

static uint64_t descriptors[5] = { 0, DESCRIPTOR_CODE, DESCRIPTOR_DATA };
static struct task_state task;
static struct gate gates[VECTORS];
static _Alignas(16) char stacks[STACKS][STACK_SIZE];

static void load_descriptors(void)
{
    struct table_pointer pointer = { sizeof(descriptors) - 1, (uint64_t)descriptors };

    for (unsigned i = STACK_INTERRUPT; i < STACKS; i++)
        task.ist[i - 1] = (uint64_t)stacks[i] + STACK_SIZE;
    task.io_map = sizeof(task);
    task_descriptor(&descriptors[TASK / 8], (uint64_t)&task, sizeof(task));
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %q1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmovw %w2, %%ds\n\t"
                     "movw %w2, %%es\n\t"
                     "movw %w2, %%ss\n\t"
                     "movw %w3, %%fs\n\t"
                     "movw %w3, %%gs\n\t"
                     "ltr %w4"
                     :
                     : "m"(pointer), "r"((uint64_t)CODE), "r"(DATA), "r"(0), "r"(TASK)
                     : "rax", "memory");
}

static uint8_t stack_of(unsigned vector)
{
    switch (vector) {
    case 2:
        return STACK_NMI;
    case 8:
        return STACK_DOUBLE;
    case 18:
        return STACK_CHECK;
    default:
        return vector < 32 ? STACK_FAULT : STACK_INTERRUPT;
    }
}

static void load_vectors(void)
{
    struct table_pointer pointer = { sizeof(gates) - 1, (uint64_t)gates };

    for (unsigned i = 0; i < VECTORS; i++)
        gates[i] = gate_make((uint64_t)interrupt_stubs + i * STUB_SIZE, CODE, stack_of(i));
    __asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

/* What makes mistakes faults: code and data of user mode are nobody's here. */
static uint64_t protections(void)
{
    uint32_t a = 7, b, c = 0, d;

    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (b & CPUID7_SMEP ? CR4_SMEP : 0) | (b & CPUID7_SMAP ? CR4_SMAP : 0) |
           (c & CPUID7_UMIP ? CR4_UMIP : 0);
}

static void set_control(void)
{
    uint64_t cr0, cr4;

    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    cr0 = (cr0 | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS | CR0_AM);
    __asm__ volatile("movq %0, %%cr0" : : "r"(cr0));
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT | protections();
    __asm__ volatile("movq %0, %%cr4" : : "r"(cr4));
}

void cpu_init(void)
{
    load_descriptors();
    load_vectors();
    set_control();
}
