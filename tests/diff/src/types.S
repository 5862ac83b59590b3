/* SPDX-License-Identifier: MIT */
/* Data fields of all types that fit everywhere, to targets of every kind, with several addends. */
#include "field.h"

/* Types with a value of 64 bits: any target will do. */
.macro wide_fields symbol
    .irp addend, 0, 1, -1, 0x12345678, -0x7fffffffffffffff
    field 64, 8, \symbol + \addend
    field PC64, 8, \symbol + \addend
    field GOTOFF64, 8, \symbol + \addend
    .endr
.endm

/* Types that go through a slot: addends count from the slot. */
.macro slot_fields symbol
    .irp addend, 0, -4, 8, -0x1000
    field GOT32, 4, \symbol + \addend
    field GOT64, 8, \symbol + \addend
    field GOTPCREL, 4, \symbol + \addend
    .endr
    field GOTPCRELX, 4, \symbol
    field REX_GOTPCRELX, 4, \symbol
    field PLTOFF64, 8, \symbol
    field PLTOFF64, 8, \symbol + 0x123456789
    field PLTOFF64, 8, \symbol - 8
    field PLT32, 4, \symbol
    field PLT32, 4, \symbol - 4
.endm

.macro near_fields symbol
    .irp addend, 0, -4, 0x100, -0x10000
    field PC32, 4, \symbol + \addend
    .endr
.endm

.macro size_fields symbol
    .irp addend, 0, 1, 0x1000
    field SIZE32, 4, \symbol + \addend
    field SIZE64, 8, \symbol + \addend
    .endr
    field SIZE64, 8, \symbol - 0x100
.endm

    .data
    .globl types_data
types_data:
.irp symbol, local_datum, types_hidden, partner_data, partner_function, partner_hidden, \
             partner_weak, partner_unique, partner_common, partner_large_common, shared_data, \
             shared_function
    wide_fields \symbol
    slot_fields \symbol
    near_fields \symbol
.endr
.irp symbol, partner_absolute, ext_function, ext_datum, absent
    wide_fields \symbol
    slot_fields \symbol
.endr
.irp symbol, local_datum, types_hidden, partner_data, partner_function, partner_unique
    size_fields \symbol
.endr
    .weak absent

/* The symbol of these does not matter, the place does. */
    field GOTPC32, 4, _GLOBAL_OFFSET_TABLE_
    field GOTPC32, 4, _GLOBAL_OFFSET_TABLE_ + 4
    field GOTPC32, 4, _GLOBAL_OFFSET_TABLE_ - 0x1000
    field GOTPC64, 8, _GLOBAL_OFFSET_TABLE_
    field GOTPC64, 8, _GLOBAL_OFFSET_TABLE_ + 0x123456789
    field PC32, 4, _GLOBAL_OFFSET_TABLE_
    field 64, 8, _GLOBAL_OFFSET_TABLE_ + 16

/* Smaller than in partner.S, but aligned more strictly: the larger of each holds. */
    .comm partner_common, 8, 64

/* NONE writes nothing, whatever its symbol, and keeps what is there. */
    .reloc ., R_X86_64_NONE, partner_data
    .quad 0x1122334455667788

/* Stores overwrite: what the field holds before is no addend. */
    .reloc ., R_X86_64_64, partner_data + 8
    .quad 0x5555555555555555
    .reloc ., R_X86_64_PC32, partner_data + 8
    .long 0x55555555

local_datum:
    .quad 0
    .size local_datum, 8

    .globl types_hidden
    .hidden types_hidden
    .type types_hidden, @object
    .size types_hidden, 20
types_hidden:
    .zero 20

/* 8 and 16 bits reach only within the section. */
near_target:
    .zero 64
.irp addend, 0, 1, -1, 40
    field PC8, 1, near_target + \addend
    field PC16, 2, near_target + \addend
.endr
    field PC16, 2, near_target + 0x7000
    field PC16, 2, near_target - 0x7000

/* The linkers give this copy up: its symbols are those of partner.S. */
    .section .text.shared, "axG", @progbits, shared_function, comdat
    .weak shared_function
    .type shared_function, @function
shared_function:
    mov $2, %eax
    jmp partner_hidden
    .size shared_function, . - shared_function
    .section .data.shared, "awG", @progbits, shared_function, comdat
    .weak shared_data
    .type shared_data, @object
    .size shared_data, 8
shared_data:
    .quad shared_function + 1

    .section .note.GNU-stack, "", @progbits
