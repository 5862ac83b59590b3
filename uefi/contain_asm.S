/* SPDX-License-Identifier: MIT */
/*
 * One stub of 16 bytes for each vector; they push an error code where the CPU does not, and the
 * vector, then all registers: struct interrupt_frame. contain_dispatch returns a frame to go on
 * with, perhaps on another stack, with an address in place of the error code: where to go when the
 * registers are as they were and all that the stubs have pushed is off the stack.
 */
#include "monitor/frame_asm.h"

        .text
        .balign 16
        .globl  contain_stubs
        .hidden contain_stubs
contain_stubs:
        interrupt_stub_table 256, contain_common

        .type   contain_common, @function
contain_common:
        interrupt_frame_begins
        push_registers
        cld
        movq    %rsp, %rdi
        movq    %rsp, %rbx              /* for walks over this frame */
        .cfi_def_cfa_register rbx
        andq    $-16, %rsp
        call    contain_dispatch
        movq    %rax, %rsp
        .cfi_def_cfa_register rsp
        pop_registers
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        ret
        .cfi_endproc
        .size   contain_common, . - contain_common

/* Where contain_dispatch goes on when it is done. */
        .globl  contain_resume
        .hidden contain_resume
        .type   contain_resume, @function
contain_resume:
        interrupt_frame_begins
        .cfi_def_cfa_offset 40
        iretq
        .cfi_endproc
        .size   contain_resume, . - contain_resume

        .section .note.GNU-stack, "", @progbits
