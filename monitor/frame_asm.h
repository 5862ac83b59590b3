/* SPDX-License-Identifier: MIT */
/* What stubs of interrupts push below what the CPU does: struct interrupt_frame of frame.h. */

/* `count` stubs of 16 bytes that push an error code where the CPU does not, and the vector. */
        .macro  interrupt_stub_table count, common
        vector = 0
        .rept   \count
        .balign 16
        .if     (vector > 31) || !((1 << (vector & 31)) & 0x60227d00) /* EXCEPTIONS_WITH_ERROR */
        pushq   $0
        .endif
        pushq   $vector
        jmp     \common
        vector = vector + 1
        .endr
        .endm

        /*
         * Behind a stub, for walks over this frame: the CFA lies above what the CPU has pushed. The
         * interrupted code may be anywhere in its function and on any stack, as in a signal frame.
         */
        .macro  interrupt_frame_begins
        .cfi_startproc simple
        .cfi_signal_frame
        .cfi_def_cfa rsp, 56
        .cfi_offset rip, -40
        .cfi_offset rsp, -16
        .endm

        .macro  push_register name
        pushq   %\name
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset \name, 0
        .endm

        .macro  pop_register name
        popq    %\name
        .cfi_adjust_cfa_offset -8
        .cfi_restore \name
        .endm

        .macro  push_registers
        .irp    name, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
        push_register \name
        .endr
        .endm

        .macro  pop_registers
        .irp    name, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
        pop_register \name
        .endr
        .endm
