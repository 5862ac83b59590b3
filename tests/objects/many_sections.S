/* SPDX-License-Identifier: MIT */
/* 66,000 sections: counts and indices leave the ELF header's 16 bits. */
    .altmacro
    .macro one number
    .section .text.f\number, "ax"
    movl $\number, %eax
    ret
    .endm

    .set i, 0
    .rept 66000
    .set i, i + 1
    one %i
    .endr

    .section .text.f1, "ax"
    .set first, . - 6
    .globl first
    .section .text.f66000, "ax"
    .set last, . - 6
    .globl last

    .data
    .globl pointer
    .balign 8
pointer:
    .quad last
    .section .note.GNU-stack, "", @progbits
