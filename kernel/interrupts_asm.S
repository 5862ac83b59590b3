/* SPDX-License-Identifier: MIT */
/*
 * One stub of 16 bytes for each vector; they push an error code where the CPU does not, so that
 * struct interrupt_frame has one shape, and then all registers. Vector registers are saved as well:
 * handlers do not use them, but what they call may be a module.
 */
        .text
        .balign 16
        .globl  interrupt_stubs
interrupt_stubs:
        vector = 0
        .rept   64
        .balign 16
        .if     !((1 << vector) & 0x60227d00)   /* 8, 10 to 14, 17, 21, 29, 30: Intel SDM 6.15 */
        pushq   $0
        .endif
        pushq   $vector
        jmp     interrupt_common
        vector = vector + 1
        .endr

        .type   interrupt_common, @function
interrupt_common:
        pushq   %r15
        pushq   %r14
        pushq   %r13
        pushq   %r12
        pushq   %r11
        pushq   %r10
        pushq   %r9
        pushq   %r8
        pushq   %rbp
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %rbx
        pushq   %rax
        cld
        movq    %rsp, %rdi
        movq    %rsp, %rbx
        subq    $512, %rsp
        andq    $-16, %rsp
        clts                            /* a module's: an exception here would be without end */
        fxsave64 (%rsp)
        call    interrupt_dispatch
        fxrstor64 (%rsp)
        movq    %rbx, %rsp
        popq    %rax
        popq    %rbx
        popq    %rcx
        popq    %rdx
        popq    %rsi
        popq    %rdi
        popq    %rbp
        popq    %r8
        popq    %r9
        popq    %r10
        popq    %r11
        popq    %r12
        popq    %r13
        popq    %r14
        popq    %r15
        addq    $16, %rsp
        iretq
        .size   interrupt_common, . - interrupt_common

        .section .note.GNU-stack, "", @progbits
