/* SPDX-License-Identifier: MIT */
/*
 * The state in which module code runs; built as for user space, with a red zone and stack canaries.
 */
#include <stdint.h>

#include <elfin/efi.h>

#include "red_zone.h"

uint64_t interrupts_enabled(void);
uint64_t interrupts_after_exports(void);
uint64_t canary(void);
uint64_t smash(uint64_t count);

uint64_t interrupts_enabled(void)
{
    uint64_t flags;

    __asm__ volatile("subq $128, %%rsp\n\tpushfq\n\tpopq %0\n\taddq $128, %%rsp" : "=r"(flags));
    return flags >> 9 & 1;
}

/* One bit for each export after which interrupts were enabled. */
uint64_t interrupts_after_exports(void)
{
    uint64_t bits = 0;
    void *object, *pages;

    elfin_print("interrupts?\n");
    bits |= interrupts_enabled() << 0;
    object = malloc(200000);
    bits |= interrupts_enabled() << 1;
    object = realloc(object, 400000);
    bits |= interrupts_enabled() << 2;
    free(object);
    bits |= interrupts_enabled() << 3;
    pages = elfin_pages_alloc(3, 0, 0, UINT64_MAX);
    bits |= interrupts_enabled() << 4;
    elfin_pages_free(pages, 3);
    bits |= interrupts_enabled() << 5;
    return bits;
}

/* 1 when %fs:0x28 has something, the same twice, whose low byte is 0. */
uint64_t canary(void)
{
    uint64_t first, second;

    __asm__ volatile("movq %%fs:0x28, %0" : "=r"(first));
    elfin_print("canary?\n");
    __asm__ volatile("movq %%fs:0x28, %0" : "=r"(second));
    return first != 0 && first == second && (first & 0xff) == 0;
}

/* The ABI: at entry, 8 more than a multiple of 16. No prologue of the compiler in between. */
__asm__(".globl misalignment\n"
        "misalignment:\n\t"
        "leaq 8(%rsp), %rax\n\tandl $15, %eax\n\tret");

__attribute__((noinline)) uint64_t smash(uint64_t count)
{
    volatile char buffer[16];

    for (uint64_t i = 0; i < count; i++)
        buffer[i] = 'x';
    return (uint64_t)buffer[0];
}
