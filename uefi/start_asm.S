/* SPDX-License-Identifier: MIT */
/*
 * Where the firmware begins: EFI_STATUS _start(EFI_HANDLE image, EFI_SYSTEM_TABLE *table), in RCX
 * and RDX (UEFI 2.10, section 2.3.4.2). GNU-EFI's relocator applies the dynamic relocations, then C
 * begins. Microsoft's convention keeps RSI and RDI, the System V ABI does not.
 */
        .text
        .globl  _start
        .type   _start, @function
_start:
        .cfi_startproc
        pushq   %rsi
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rsi, 0
        pushq   %rdi
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rdi, 0
        subq    $24, %rsp
        .cfi_adjust_cfa_offset 24
        movq    %rcx, (%rsp)
        movq    %rdx, 8(%rsp)
        leaq    ImageBase(%rip), %rdi
        leaq    _DYNAMIC(%rip), %rsi
        movq    %rdx, %rcx
        movq    (%rsp), %rdx
        call    _relocate
        testq   %rax, %rax
        jnz     1f
        movq    (%rsp), %rdi
        movq    8(%rsp), %rsi
        call    efi_main
1:      addq    $24, %rsp
        .cfi_adjust_cfa_offset -24
        popq    %rdi
        .cfi_adjust_cfa_offset -8
        .cfi_restore rdi
        popq    %rsi
        .cfi_adjust_cfa_offset -8
        .cfi_restore rsi
        ret
        .cfi_endproc
        .size   _start, . - _start

        /* A PE image that may be moved must have relocations: two that do nothing (type 0). */
        .section .reloc, "a"
        .long   0, 12
        .word   0, 0

        .section .note.GNU-stack, "", @progbits
