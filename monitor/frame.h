/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_FRAME_H
#define MONITOR_FRAME_H

#include <stdint.h>

/* What the CPU pushes at an interruption, and the stubs before it. */
struct interrupt_frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, error; /* error: 0 where the CPU gives none */
    uint64_t rip, cs, rflags, rsp, ss;
};

/* The registers that functions keep, of the caller, where this is. */
__attribute__((always_inline)) static inline void frame_here(struct interrupt_frame *frame)
{
    __asm__ volatile("movq %%rbx, %0\n\t"
                     "movq %%rbp, %1\n\t"
                     "movq %%r12, %2\n\t"
                     "movq %%r13, %3\n\t"
                     "movq %%r14, %4\n\t"
                     "movq %%r15, %5\n\t"
                     "movq %%rsp, %6\n\t"
                     "leaq 0(%%rip), %%rax\n\t"
                     "movq %%rax, %7"
                     : "=m"(frame->rbx), "=m"(frame->rbp), "=m"(frame->r12), "=m"(frame->r13),
                       "=m"(frame->r14), "=m"(frame->r15), "=m"(frame->rsp), "=m"(frame->rip)
                     :
                     : "rax");
}

/* The exceptions that matter here (Intel SDM volume 3A, table 6-1). */
enum {
    EXCEPTION_DOUBLE = 8,
    EXCEPTION_PAGE = 14,
    EXCEPTION_COUNT = 32,
    /* Bits: those that an instruction raises by what it does. Not the machine's (2, 18) and a
     * hypervisor's. */
    EXCEPTIONS_OF_CODE = 0x002b7dfb,
    EXCEPTIONS_WITH_ERROR = 0x60227d00, /* bits: 8, 10 to 14, 17, 21, 29, 30 */
};

/* Bits of a page fault's error code. */
enum {
    PAGE_FAULT_PRESENT = 1 << 0,
    PAGE_FAULT_WRITE = 1 << 1,
    PAGE_FAULT_FETCH = 1 << 4,
};

static inline int exception_is_of_code(uint64_t vector)
{
    return vector < EXCEPTION_COUNT && EXCEPTIONS_OF_CODE >> vector & 1;
}

#endif
