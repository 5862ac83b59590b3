/* SPDX-License-Identifier: MIT */
/* Every register of the instructions that linkers rewrite, and fields in data. */
    .text
    .globl tls_code
tls_code:
.irp register, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
    movq second@gottpoff(%rip), %\register
    addq second@gottpoff(%rip), %\register
    leaq second@tlsdesc(%rip), %\register
.endr
    leaq first@tlsdesc(%rip), %rax
    call *first@tlscall(%rax)
    leaq _TLS_MODULE_BASE_@tlsdesc(%rip), %rax
    call *_TLS_MODULE_BASE_@tlscall(%rax)
    leaq second@dtpoff(%rax), %rcx
    movl %fs:second@tpoff + 4, %eax
    movq $second@tpoff, %rax
    movabs $second@tpoff - 8, %rax
    leaq first@tpoff(%rax), %rcx

/* The ways to call __tls_get_addr, by PLT, through a slot, without a PLT. */
    .byte 0x66
    leaq zeros@tlsgd(%rip), %rdi
    .value 0x6666
    rex64 call __tls_get_addr@PLT
    .byte 0x66
    leaq zeros@tlsgd(%rip), %rdi
    .byte 0x66
    rex64 call *__tls_get_addr@GOTPCREL(%rip)
    leaq zeros@tlsld(%rip), %rdi
    call __tls_get_addr@PLT
    leaq zeros@tlsld(%rip), %rdi
    call *__tls_get_addr@GOTPCREL(%rip)
    leaq zeros@dtpoff + 8(%rax), %rcx

    .section .data.offsets, "aw", @progbits
    .globl tls_offsets
tls_offsets:
    .quad first@tpoff
    .quad zeros@tpoff + 3
    .long second@tpoff

    .section .tdata, "awT", @progbits
    .p2align 3
    .globl first
    .type first, @tls_object
    .size first, 8
first:
    .quad 0x1111
    .globl second
    .hidden second
    .type second, @tls_object
    .size second, 4
second:
    .long 0x2222
    .section .tdata.more, "awT", @progbits
    .p2align 4
    .quad tls_code
    .section .tbss, "awT", @nobits
    .p2align 5
zeros:
    .zero 40

    .section .note.GNU-stack, "", @progbits
