/* SPDX-License-Identifier: MIT */
/* Symbols of every kind, for the other objects of the assembly set to refer to. */

    .text
    .globl partner_function
    .type partner_function, @function
partner_function:
    ret
    .size partner_function, . - partner_function

    .globl partner_hidden
    .hidden partner_hidden
    .type partner_hidden, @function
partner_hidden:
    jmp partner_function
    .size partner_hidden, . - partner_hidden

    .weak partner_weak
    .type partner_weak, @function
partner_weak:
    jmp ext_function
    .size partner_weak, . - partner_weak

    .data
    .globl partner_data
    .type partner_data, @object
    .size partner_data, 48
partner_data:
    .quad 1, 2, 3, 4, 5, 6

    .globl partner_unique
    .type partner_unique, @gnu_unique_object
    .size partner_unique, 8
partner_unique:
    .quad partner_unique

    .globl partner_absolute
    .set partner_absolute, 0x1234
    .globl partner_tiny
    .set partner_tiny, 0x42

    .comm partner_common, 24, 16
    .largecomm partner_large_common, 40, 32

/* An object of its own kind, of a section type that only flags explain. */
    .section .partner.unwind, "a", @unwind
    .quad partner_function
    .section .partner.custom, "aw", @0x6000f00d
    .quad partner_data + 8

/* The same COMDAT group in three objects: the first one wins. */
    .section .text.shared, "axG", @progbits, shared_function, comdat
    .weak shared_function
    .type shared_function, @function
shared_function:
    mov $1, %eax
    call partner_function
    ret
    .size shared_function, . - shared_function
    .section .data.shared, "awG", @progbits, shared_function, comdat
    .weak shared_data
    .type shared_data, @object
    .size shared_data, 8
shared_data:
    .quad shared_function

    .section .note.GNU-stack, "", @progbits
