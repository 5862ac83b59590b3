/* SPDX-License-Identifier: MIT */
/* An object that needs the GOT's address, but no slot in it, and does not name it. */
#include "field.h"

    .data
    .globl gotbase
gotbase:
    field GOTOFF64, 8, gotbase
    field GOTOFF64, 8, partner_data + 8

    .section .note.GNU-stack, "", @progbits
