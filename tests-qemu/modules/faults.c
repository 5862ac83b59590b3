/* SPDX-License-Identifier: MIT */
/* Every way to go wrong, as functions to call. Built twice: with and without ELFIN_INTERRUPTS. */
#include <stdint.h>

#include <elfin/efi.h>
#include <elfin/module.h>

#ifdef INTERRUPTS
ELFIN_MODULE("faults_open");
ELFIN_INTERRUPTS;
#else
ELFIN_MODULE("faults");
#endif

static const uint64_t constant = 7;
static uint64_t variable = 0xc3; /* a return instruction */
static volatile uint64_t zero;

void *memcpy(void *to, const void *from, size_t size);

uint64_t fault_none(uint64_t value);
uint64_t fault_read_null(void);
uint64_t fault_write_constant(void);
uint64_t fault_write_text(void);
uint64_t fault_execute_data(void);
uint64_t fault_execute_stack(void);
uint64_t fault_frame(void);
uint64_t fault_static(void);
uint64_t fault_jump_null(void);
uint64_t fault_general(void);
uint64_t fault_opcode(void);
uint64_t fault_divide(void);
uint64_t fault_breakpoint(void);
uint64_t fault_stack(uint64_t depth);
uint64_t fault_guard(uint64_t distance);
uint64_t fault_count(void);
uint64_t fault_jump_far(void);
uint64_t fault_step(void);
uint64_t fault_stack_pointer(void);
uint64_t fault_copy(void);
uint64_t fault_print(void);
uint64_t fault_allocate(uint64_t depth);
uint64_t fault_loop(void);
uint64_t fault_loop_exports(void);
uint64_t fault_loop_print(void);
uint64_t fault_x87(void);
uint64_t fault_state(void);
uint64_t state_changed(void);

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

uint64_t fault_execute_stack(void)
{
    volatile uint8_t code[16] = { 0xc3 };

    ((void (*)(void))(uintptr_t)code)();
    return code[0];
}

/* More than the stack, at once. */
uint64_t fault_frame(void)
{
    volatile uint8_t frame[512 << 10];

    frame[0] = 1;
    return frame[0];
}

static __attribute__((noinline)) uint64_t read_static(uint64_t address)
{
    return *(volatile uint64_t *)address + constant;
}

uint64_t fault_static(void)
{
    return read_static(zero + 16) + 1;
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

uint64_t fault_jump_far(void)
{
    ((void (*)(void))(zero + UINT64_C(0x8000000000001000)))();
    return 0;
}

uint64_t fault_step(void)
{
    __asm__ volatile("subq $128, %%rsp\n\t"
                     "pushfq\n\t"
                     "orq $0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "addq $128, %%rsp"
                     :
                     :
                     : "cc", "memory");
    return 0;
}

uint64_t fault_stack_pointer(void)
{
    __asm__ volatile("xorl %esp, %esp\n\tpushq $1");
    return 0;
}

uint64_t fault_copy(void)
{
    char buffer[64];

    memcpy(buffer, (const void *)zero, sizeof(buffer));
    return (uint64_t)(unsigned char)buffer[count % sizeof(buffer)];
}

/* Half a character, then nothing that can be read. */
uint64_t fault_print(void)
{
    elfin_print("half \xe2\x82%s", (const char *)(zero + UINT64_C(0x8000000000000000)));
    return 0;
}

/* The stack ends in an export, most likely. */
uint64_t fault_allocate(uint64_t depth)
{
    free(malloc(depth % 97));
    return depth == UINT64_MAX ? 0 : fault_allocate(depth + 1) + depth;
}

uint64_t fault_loop(void)
{
    while (zero == 0) {
    }
    return 0;
}

/* One export that does not come to an end. */
uint64_t fault_loop_print(void)
{
    for (;;)
        elfin_print("%*d\n", 2000000000, 1);
}

uint64_t fault_loop_exports(void)
{
    while (zero == 0)
        elfin_print("%s", "");
    return 0;
}

/* Its exceptions are no longer masked. */
uint64_t fault_x87(void)
{
    uint16_t control = 0;

    __asm__ volatile("fldcw %0\n\tfldz\n\tfldz\n\tfdivp\n\tfwait" : : "m"(control));
    return 0;
}

/* All that a call may leave behind. */
uint64_t fault_state(void)
{
    uint32_t control = 0;

    __asm__ volatile("ldmxcsr %0\n\tmovq %%cr0, %%rax\n\t"
                     "andq $~0x10000, %%rax\n\torq $8, %%rax\n\tmovq %%rax, %%cr0\n\t" /* WP, TS */
                     "movl $15, %%eax\n\tmovq %%rax, %%cr8\n\t"
                     "movl $2, %%eax\n\tmovq %%rax, %%dr7\n\t"
                     "movl $0xc0000101, %%ecx\n\txorl %%edx, %%edx\n\twrmsr\n\t" /* GS base */
                     "std\n\tud2"
                     :
                     : "m"(control)
                     : "rax", "rcx", "rdx");
    return 0;
}

/* Bits for what is not as a call begins: the direction, MXCSR, the x87 control word; CR8,
 * breakpoints, the base of GS. */
uint64_t state_changed(void)
{
    uint64_t flags;
    uint32_t vector;
    uint64_t cr8, dr7;
    uint32_t gs_low, gs_high;
    uint16_t x87;

    __asm__ volatile("subq $128, %%rsp\n\tpushfq\n\tpopq %0\n\taddq $128, %%rsp"
                     : "=r"(flags)
                     :
                     : "cc");
    __asm__ volatile("stmxcsr %0" : "=m"(vector));
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    __asm__ volatile("movq %%cr8, %0" : "=r"(cr8));
    __asm__ volatile("movq %%dr7, %0" : "=r"(dr7));
    __asm__ volatile("rdmsr" : "=a"(gs_low), "=d"(gs_high) : "c"(0xc0000101));
    return (flags >> 10 & 1) | (uint64_t)((vector & 0x1f80) != 0x1f80) << 1 |
           (uint64_t)((x87 & 0x3f) != 0x3f) << 2 | (uint64_t)(cr8 != 0) << 3 | (dr7 & 2) << 3 |
           (uint64_t)((gs_low | gs_high) != 0) << 5;
}
