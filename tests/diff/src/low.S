/* SPDX-License-Identifier: MIT */
/* Absolute fields of 32 bits and less: for placements below 2 GiB. */
#include "field.h"

    .data
.irp symbol, partner_data, partner_hidden, partner_common, ext_function, absent, low_local
    .irp addend, 0, 5, 0x1000
    field 32, 4, \symbol + \addend
    field 32S, 4, \symbol + \addend
    .endr
.endr
    .weak absent
    field 32S, 4, absent - 1
    field 32S, 4, partner_data - 0x70000000
    field 32, 4, _GLOBAL_OFFSET_TABLE_
    field 32S, 4, _GLOBAL_OFFSET_TABLE_ + 8

.irp symbol, partner_tiny, absent
    .irp addend, 0, 1, -1, -0x80
    field 8, 1, \symbol + \addend
    field 16, 2, \symbol + \addend
    .endr
.endr
    field 16, 2, partner_absolute
    field 16, 2, partner_absolute + 0xe000
    field 16, 2, partner_absolute - 0x9000
    field 8, 1, partner_absolute - 0x1200

    .text
low_local:
    mov $partner_data, %eax
    mov $partner_data, %rax
    mov partner_data, %eax
    mov partner_data(, %rdi, 8), %rcx
    movl $7, partner_data + 4
    cmpw $partner_absolute, %ax
    cmpb $partner_tiny, %al
    push $partner_hidden
    jmp *low_table(, %rax, 8)
    ret
    .size low_local, . - low_local

    .section .rodata, "a", @progbits
low_table:
    .quad low_local, low_local + 3

    .section .note.GNU-stack, "", @progbits
