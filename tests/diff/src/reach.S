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

/* Data that looks like the same instructions must keep its slots. */
    .data
    .byte 0x48, 0x8b, 0x05
    .reloc ., R_X86_64_REX_GOTPCRELX, target - 4
    .zero 4
    .byte 0xff, 0x15
    .reloc ., R_X86_64_GOTPCRELX, target - 4
    .zero 4

    .section .note.GNU-stack, "", @progbits
