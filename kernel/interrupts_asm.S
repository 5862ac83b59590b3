/* SPDX-License-Identifier: MIT */
/*
 * One stub of 16 bytes for each vector; they push an error code where the CPU does not, so that
 * struct interrupt_frame has one shape, and then all registers. Vector registers are saved as well:
 * handlers do not use them, but what they call may be a module.
 */
#include "monitor/frame_asm.h"

        .text
        .balign 16
        .globl  interrupt_stubs
interrupt_stubs:
        interrupt_stub_table 64, interrupt_common

        .type   interrupt_common, @function
interrupt_common:
        interrupt_frame_begins
        push_registers
        cld
        movq    %rsp, %rdi
        movq    %rsp, %rbx
        .cfi_def_cfa_register rbx
        subq    $512, %rsp
        andq    $-16, %rsp
        clts                            /* a module's: an exception here would be without end */
        fxsave64 (%rsp)
        call    interrupt_dispatch
        fxrstor64 (%rsp)
        movq    %rbx, %rsp
        .cfi_def_cfa_register rsp
        pop_registers
        addq    $16, %rsp
        .cfi_adjust_cfa_offset -16
        iretq
        .cfi_endproc
        .size   interrupt_common, . - interrupt_common

        .section .note.GNU-stack, "", @progbits
