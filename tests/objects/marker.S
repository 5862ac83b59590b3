/* SPDX-License-Identifier: MIT */
/* A label in a section without bytes: a place, and nothing there. */
    .text
    .globl marker
marker:
    .section .note.GNU-stack,"",@progbits
