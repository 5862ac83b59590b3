/* SPDX-License-Identifier: MIT */
/* Every instruction whose form depends on how far away `target` is. */

    .text
    .globl reach
reach:
    call target
    jmp target
    jne target
    .byte 0xe8
    .reloc ., R_X86_64_PC32, target - 4
    .zero 4
    mov target@GOTPCREL(%rip), %rax
    mov target@GOTPCREL(%rip), %r10
    mov target@GOTPCREL(%rip), %ecx
    call *target@GOTPCREL(%rip)
    jmp *target@GOTPCREL(%rip)
    test %r9, target@GOTPCREL(%rip)
    cmp target@GOTPCREL(%rip), %rdx
    add target@GOTPCREL(%rip), %esi
    jo target
    .globl reach_end
reach_end:
    ret

    .section .note.GNU-stack, "", @progbits
