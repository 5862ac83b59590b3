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

/* The exceptions that matter here (Intel SDM volume 3A, table 6-1). */
enum {
    EXCEPTION_NMI = 2,
    EXCEPTION_DOUBLE = 8,
    EXCEPTION_PAGE = 14,
    EXCEPTION_MACHINE_CHECK = 18,
    EXCEPTION_COUNT = 32,
    EXCEPTIONS_WITH_ERROR = 0x60227d00, /* bits: 8, 10 to 14, 17, 21, 29, 30 */
};

/* Bits of a page fault's error code. */
enum {
    PAGE_FAULT_PRESENT = 1 << 0,
    PAGE_FAULT_WRITE = 1 << 1,
    PAGE_FAULT_FETCH = 1 << 4,
};

#endif
