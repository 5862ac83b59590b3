/* SPDX-License-Identifier: MIT */
/* What stubs of interrupts push below what the CPU does: struct interrupt_frame of frame.h. */

/* `count` stubs of 16 bytes that push an error code where the CPU does not, and the vector. */
        .macro  interrupt_stub_table count, common
        vector = 0
        .rept   \count
        .balign 16
        .if     (vector > 31) || !((1 << (vector & 31)) & 0x60227d00) /* EXCEPTIONS_WITH_ERROR */
        pushq   $0
        .endif
        pushq   $vector
        jmp     \common
        vector = vector + 1
        .endr
        .endm

        .macro  push_registers
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
        .endm

        .macro  pop_registers
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
        .endm
