/* SPDX-License-Identifier: MIT */
/* One field: -DTYPE=... -DWIDTH=... -DSYMBOL=... The test writes the addend into the object. */
#include "field.h"

    .data
    .globl edge
edge:
    field TYPE, WIDTH, SYMBOL
    .size edge, WIDTH

    .type sized, @object
    .size sized, 0x123
sized:
    .zero 0x123

    .section .note.GNU-stack, "", @progbits
