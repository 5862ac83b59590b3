/* SPDX-License-Identifier: MIT */
/* Names the GOT, which makes the linkers tell where theirs is. */
    .data
    .quad _GLOBAL_OFFSET_TABLE_

    .section .note.GNU-stack, "", @progbits
