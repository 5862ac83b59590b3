/* SPDX-License-Identifier: MIT */
/* Fields of all TLS types in data, and how compilers read local-dynamic offsets from there. */
#include "field.h"

    .data
    .globl tls_data
tls_data:
.irp addend, 0, 4, -8, 0x1000
    field DTPOFF64, 8, number + \addend
    field TPOFF64, 8, number + \addend
    field DTPOFF32, 4, number + \addend
    field TPOFF32, 4, number + \addend
.endr
    field TPOFF64, 8, absent
    field TPOFF32, 4, absent + 2
    .weak absent
    .type absent, @tls_object

    .section .tbss, "awT", @nobits
    .globl tls_zero
    .type tls_zero, @tls_object
    .size tls_zero, 3
tls_zero:
    .zero 3
    .section .tdata, "awT", @progbits
    .type number, @tls_object
    .size number, 1
    .byte 1
number:
    .byte 2
    .size number, 1

    .section .note.GNU-stack, "", @progbits
