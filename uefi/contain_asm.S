/* SPDX-License-Identifier: MIT */
/*
 * One stub of 16 bytes for each vector; they push an error code where the CPU does not, and the
 * vector, then all registers: struct interrupt_frame. contain_dispatch returns a frame to go on
 * with, perhaps on another stack, with an address in place of the error code: where to go when the
 * registers are as they were and all that the stubs have pushed is off the stack.
 */
        .text
        .balign 16
        .globl  contain_stubs
        .hidden contain_stubs
contain_stubs:
        vector = 0
        .rept   256
        .balign 16
        .if     (vector > 31) || !((1 << (vector & 31)) & 0x60227d00) /* EXCEPTIONS_WITH_ERROR */
        pushq   $0
        .endif
        pushq   $vector
        jmp     contain_common
        vector = vector + 1
        .endr

        .type   contain_common, @function
contain_common:
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
        andq    $-16, %rsp
        call    contain_dispatch
        movq    %rax, %rsp
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
        addq    $8, %rsp
        ret
        .size   contain_common, . - contain_common

/* Where contain_dispatch goes on when it is done. */
        .globl  contain_resume
        .hidden contain_resume
        .type   contain_resume, @function
contain_resume:
        iretq
        .size   contain_resume, . - contain_resume

        .section .note.GNU-stack, "", @progbits
