/* SPDX-License-Identifier: MIT */
/*
 * bool call_guarded(struct call_frame *frame, uint64_t address, const uint64_t *arguments,
 *                   uint64_t *result, uint64_t stack)
 *
 * Calls address with six arguments, on the given stack, which is 16-byte aligned, or on this one if
 * it is 0. True: it returned and *result is its RAX. False: call_unwind was called with the frame
 * meanwhile. The frame holds the stack pointer below the saved registers: MXCSR and the x87 control
 * word, *result's address, an unused word. The nine pushes on top of the return address leave it
 * aligned, as a call needs it.
 */
#include "monitor/frame_asm.h"

        .text
        .globl  call_guarded
        .hidden call_guarded
        .type   call_guarded, @function
call_guarded:
        .cfi_startproc
        .cfi_signal_frame               /* the stack may lie below the module's, which called us */
        .irp    name, rbp, rbx, r12, r13, r14, r15
        push_register \name
        .endr
        pushq   %rcx
        subq    $16, %rsp
        .cfi_adjust_cfa_offset 24
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        movq    %rsp, (%rdi)
        movq    %rdi, %rbx
        /* CFA: what (%rbx) holds, and 80. DW_CFA_def_cfa_expression, its size; DW_OP_breg3 0,
           DW_OP_deref, DW_OP_plus_uconst 80 */
        .cfi_escape 0x0f, 5, 0x73, 0, 0x06, 0x23, 80
        movq    %rsi, %r10
        movq    %rdx, %r11
        testq   %r8, %r8
        cmovneq %r8, %rsp
        pushq   %rdi                    /* for walks from the module that know only its RSP */
        pushq   %rdi
        /* DW_OP_breg7 0, DW_OP_deref, DW_OP_deref, DW_OP_plus_uconst 80 */
        .cfi_escape 0x0f, 6, 0x77, 0, 0x06, 0x06, 0x23, 80
        movq    0(%r11), %rdi
        movq    8(%r11), %rsi
        movq    16(%r11), %rdx
        movq    24(%r11), %rcx
        movq    32(%r11), %r8
        movq    40(%r11), %r9
        xorl    %eax, %eax              /* a variadic function: no vector registers in use */
        xorl    %ebp, %ebp              /* the outermost frame of the module's */
        cld
        call    *%r10
        cld
        movq    (%rbx), %rsp
        .cfi_def_cfa rsp, 80
        movq    16(%rsp), %rcx
        movq    %rax, (%rcx)
        movl    $1, %eax
        clts
        jmp     restore
        .cfi_endproc
        .size   call_guarded, . - call_guarded

/* _Noreturn void call_unwind(struct call_frame *frame) */
        .globl  call_unwind
        .hidden call_unwind
        .type   call_unwind, @function
call_unwind:
        .cfi_startproc
        movq    (%rdi), %rsp
        .cfi_def_cfa rsp, 80            /* from here on the frame is call_guarded's */
        .cfi_offset rbp, -16
        .cfi_offset rbx, -24
        .cfi_offset r12, -32
        .cfi_offset r13, -40
        .cfi_offset r14, -48
        .cfi_offset r15, -56
        cld
        clts                            /* the module may have set it: fninit would fault */
        fninit                          /* no exception of the x87 is pending */
        xorl    %eax, %eax
restore:
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $24, %rsp
        .cfi_adjust_cfa_offset -24
        .irp    name, r15, r14, r13, r12, rbx, rbp
        pop_register \name
        .endr
        ret
        .cfi_endproc
        .size   call_unwind, . - call_unwind

        .section .note.GNU-stack, "", @progbits
