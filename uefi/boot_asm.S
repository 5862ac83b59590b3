/* SPDX-License-Identifier: MIT */
/*
 * _Noreturn void boot_trampoline(uint64_t tables, uint64_t stack, uint64_t entry, uint64_t record)
 *
 * Runs as a copy in a page that both the firmware's tables and the kernel's map one to one. Global
 * translations survive a new CR3, so they are switched off; the kernel may switch them on.
 */
        .set    CR0_WP, 1 << 16
        .set    CR4_PGE, 1 << 7
        .set    MSR_EFER, 0xc0000080
        .set    EFER_NXE, 1 << 11

        .text
        .globl  boot_trampoline, boot_trampoline_end
        .hidden boot_trampoline, boot_trampoline_end
        .type   boot_trampoline, @function
boot_trampoline:
        .cfi_startproc
        .cfi_undefined rip              /* there is no way back */
        cli
        cld
        movq    %rdx, %r8
        movq    %rcx, %r9
        movl    $MSR_EFER, %ecx
        rdmsr
        orl     $EFER_NXE, %eax
        wrmsr
        movq    %cr4, %rax
        andq    $~CR4_PGE, %rax
        movq    %rax, %cr4
        movq    %cr0, %rax
        orq     $CR0_WP, %rax
        movq    %rax, %cr0
        movq    %rdi, %cr3
        movq    %rsi, %rsp
        movq    %r9, %rdi
        xorl    %ebp, %ebp
        pushq   $0                      /* nobody to return to */
        jmp     *%r8
        .cfi_endproc
boot_trampoline_end:
        .size   boot_trampoline, . - boot_trampoline

        .section .note.GNU-stack, "", @progbits
