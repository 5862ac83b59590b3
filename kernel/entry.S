/* SPDX-License-Identifier: MIT */
/* Where elfin.efi jumps to, with struct elfin_boot in RDI: a stack of our own, then C. */
        .text
        .globl  kernel_entry
        .type   kernel_entry, @function
kernel_entry:
        .cfi_startproc
        .cfi_undefined rip              /* nobody has called it */
        leaq    kernel_stack_end(%rip), %rsp
        xorl    %ebp, %ebp
        pushq   $0
        jmp     kernel_main
        .cfi_endproc
        .size   kernel_entry, . - kernel_entry

        .bss
        .balign 4096
        .skip   32768
kernel_stack_end:

        .section .note.GNU-stack, "", @progbits
