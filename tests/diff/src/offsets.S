/* SPDX-License-Identifier: MIT */
/* Branches to a place behind an import: fine when it is near, hopeless when it is far. */

    .text
    .globl offsets_code
offsets_code:
    call ext_function + 3
    jmp ext_function + 0x40
    je ext_function - 1
    .byte 0xe8
    .reloc ., R_X86_64_PLT32, ext_function + 0x10
    .zero 4
    ret

    .section .note.GNU-stack, "", @progbits
