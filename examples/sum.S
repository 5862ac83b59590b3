/* SPDX-License-Identifier: MIT */
/*
 * A module in assembly: sum adds up the integers it is called with, through a table of its own, and
 * counts its calls.
 *
 *     gcc -c examples/sum.S
 *
 *     elfin> load sum.o
 *     elfin> call sum:sum 1 2 3 4 5 6
 */
        .text
        .globl  sum
        .type   sum, @function
sum:
        incq    calls(%rip)
        leaq    values(%rip), %rax
        movq    %rdi, 0(%rax)
        movq    %rsi, 8(%rax)
        movq    %rdx, 16(%rax)
        movq    %rcx, 24(%rax)
        movq    %r8, 32(%rax)
        movq    %r9, 40(%rax)
        movq    first(%rip), %rdx       /* a pointer that the loader has filled in */
        xorl    %eax, %eax
        movl    $6, %ecx
1:      addq    (%rdx), %rax
        addq    $8, %rdx
        decl    %ecx
        jnz     1b
        ret
        .size   sum, . - sum

        .globl  sum_calls
        .type   sum_calls, @function
sum_calls:
        movq    calls(%rip), %rax
        ret
        .size   sum_calls, . - sum_calls

        .data
        .balign 8
first:  .quad   values

        .bss
        .balign 8
values: .skip   48
calls:  .skip   8

        .section .note.GNU-stack, "", @progbits
