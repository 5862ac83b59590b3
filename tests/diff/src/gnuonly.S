/* SPDX-License-Identifier: MIT */
/* The types that lld does not know. */
#include "field.h"

    .data
.irp symbol, gnuonly_local, partner_data, partner_function, partner_hidden, ext_function, absent
    .irp addend, 0, -8, 0x100000000
    field GOTPCREL64, 8, \symbol + \addend
    field GOTPLT64, 8, \symbol + \addend
    .endr
.endr
    .weak absent
gnuonly_local:
    .quad 0

    .text
    .globl gnuonly_code
gnuonly_code:
    lea _GLOBAL_OFFSET_TABLE_(%rip), %rbx
    movabs $partner_data@GOT, %rax
    mov (%rbx, %rax), %rax
    movabs $partner_function@PLTOFF, %rcx
    add %rbx, %rcx
    call *%rcx
    ret

    .section .note.GNU-stack, "", @progbits
