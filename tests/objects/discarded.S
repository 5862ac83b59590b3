/* SPDX-License-Identifier: MIT */
/* A table of places in a function that another object may provide instead. */
    .section .text.f,"axG",@progbits,f,comdat
    .weak f
f:
    nop
.Lwithin:
    ret
    .section .rodata.table,"a",@progbits
    .balign 8
    .quad .Lwithin
    .section .note.GNU-stack,"",@progbits
