/* SPDX-License-Identifier: MIT */
/* A constructor as compilers wrote them before init arrays (and clang -fno-use-init-array). */
    .text
construct:
    ret
    .section .ctors,"aw",@progbits
    .balign 8
    .quad construct
    .section .note.GNU-stack,"",@progbits
