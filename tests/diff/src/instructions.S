/* SPDX-License-Identifier: MIT */
/* Code: branches of every kind to every target, and every instruction that linkers rewrite. */

/* All users of a GOT slot that have a direct form. */
.macro got_users symbol
    .irp register, rax, rcx, rsp, rbp, rdi, r8, r12, r13, r15
    mov \symbol@GOTPCREL(%rip), %\register
    .endr
    .irp register, eax, ebp, r9d, r14d
    mov \symbol@GOTPCREL(%rip), %\register
    .endr
    .irp register, rax, rdx, r10, r15, ecx, r11d
    test %\register, \symbol@GOTPCREL(%rip)
    .irp operation, add, or, adc, sbb, and, sub, xor, cmp
    \operation \symbol@GOTPCREL(%rip), %\register
    .endr
    .endr
    call *\symbol@GOTPCREL(%rip)
    jmp *\symbol@GOTPCREL(%rip)
.endm

/* These stay as they are: no direct form, or a field before the end of the instruction. */
.macro got_readers symbol
    push \symbol@GOTPCREL(%rip)
    cmpq $0, \symbol@GOTPCREL(%rip)
    cmpq $0x12345678, \symbol@GOTPCREL(%rip)
    cmpb $1, \symbol@GOTPCREL(%rip)
    mov %rax, \symbol@GOTPCREL(%rip)
    lea \symbol@GOTPCREL(%rip), %rdx
    movzbl \symbol@GOTPCREL(%rip), %eax
    mov \symbol@GOTPCREL + 4(%rip), %eax
.endm

.macro branches symbol
    call \symbol
    call \symbol@PLT
    jmp \symbol
    .irp condition, o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g
    j\condition \symbol
    .endr
    .byte 0xe8 /* call with the type that old assemblers gave it */
    .reloc ., R_X86_64_PC32, \symbol - 4
    .zero 4
.endm

/* No stub can stand in for these. */
.macro offset_branches symbol
    call \symbol + 3
    jne \symbol + 1
    .byte 0xe9
    .reloc ., R_X86_64_PLT32, \symbol - 2
    .zero 4
.endm

.macro data_users symbol
    lea \symbol(%rip), %rax
    lea \symbol + 17(%rip), %r9
    mov \symbol(%rip), %r8d
    movl $0x11223344, \symbol(%rip)
    movq $5, \symbol + 4(%rip)
    cmpb $1, \symbol(%rip)
    cmpw $0x1234, \symbol(%rip)
    addl $1, \symbol(%rip)
.endm

    .text
    .globl instructions_code
instructions_code:
.irp symbol, ext_function, partner_function, partner_hidden, partner_weak, code_local, \
             shared_function
    branches \symbol
.endr
.irp symbol, partner_function, partner_hidden, partner_weak, code_local, shared_function
    offset_branches \symbol
.endr
    call absent
    jmp absent
    je absent
    .weak absent

.irp symbol, ext_function, ext_datum, partner_function, partner_hidden, partner_data, \
             partner_weak, partner_common, absent
    got_users \symbol
    got_readers \symbol
.endr

.irp symbol, partner_data, partner_common, partner_unique, code_local, shared_data
    data_users \symbol
.endr

/* The idioms of the medium and large models. */
    lea _GLOBAL_OFFSET_TABLE_(%rip), %rbx
1:  lea 1b(%rip), %rbx
    movabs $_GLOBAL_OFFSET_TABLE_ - 1b, %r11
    add %r11, %rbx
.irp symbol, ext_function, partner_function, partner_hidden, partner_data, absent
    movabs $\symbol@GOT, %rax
    movabs $\symbol@GOTOFF, %rcx
    movabs $\symbol@PLTOFF, %rdx
    movabs $\symbol, %rsi
    movabs $\symbol - ., %rdi
    movabs \symbol, %eax
.endr
    ret

code_local:
    ret
    nop
    nop
    nop

/* Branches from one executable section to another. */
    .section .text.unlikely, "ax", @progbits
    jmp code_local
    jne instructions_code
    call partner_function

    .section .note.GNU-stack, "", @progbits
