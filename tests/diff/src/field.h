/* SPDX-License-Identifier: MIT */
/* A relocated field of any type, written with .reloc where the assembler has no syntax for it. */
#ifndef FIELD_H
#define FIELD_H

.macro field type, width, target:vararg
    .reloc ., R_X86_64_\type, \target
    .zero \width
.endm

#endif
