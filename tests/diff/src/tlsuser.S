/* SPDX-License-Identifier: MIT */
/* Uses thread-local variables of other objects of its group, and has one of its own. */
    .text
    .globl tls_user
tls_user:
    movq first@gottpoff(%rip), %rbx
    addq tls_zero@gottpoff(%rip), %r12
    movq $second@tpoff + 2, %rax
    .byte 0x66
    leaq first@tlsgd(%rip), %rdi
    .value 0x6666
    rex64 call __tls_get_addr@PLT
    leaq own@tlsld(%rip), %rdi
    call __tls_get_addr@PLT
    leaq own@dtpoff(%rax), %rcx
    leaq second@tlsdesc(%rip), %rax
    call *second@tlscall(%rax)
    .hidden second

    .section .tbss, "awT", @nobits
    .p2align 7
own:
    .zero 8

    .section .note.GNU-stack, "", @progbits
