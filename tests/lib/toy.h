/* SPDX-License-Identifier: MIT */
/*
 * Small objects out of one line of text, so that a linking rule can be read off its test:
 *
 *     toy("weak fn f 1; call g f; ptr p f")
 *
 * Statements are separated by ';'. Modifiers before a verb: local weak unique hidden internal
 * protected.
 *
 *   fn NAME VALUE         function that returns VALUE
 *   call NAME TARGET      function that jumps to TARGET (PLT32)
 *   addr NAME TARGET      function that returns TARGET's address through a slot (REX_GOTPCRELX)
 *   icall NAME TARGET     function that jumps through TARGET's slot (GOTPCRELX)
 *   lea NAME TARGET       function that returns TARGET's address PC-relatively (PC32)
 *   mov32 NAME TARGET     function that returns TARGET's address from an absolute field (32)
 *   mov32s NAME TARGET    the same, sign-extended (32S)
 *   ifunc NAME TARGET [ID [SECTION]]   indirect function; its resolver, in SECTION if not .text,
 *                         calls trace(ID) unless ID is 0 and returns TARGET's address, or 0 if
 *                         TARGET is 0
 *   var NAME VALUE        8 bytes in .data            ro NAME VALUE    8 bytes in .rodata
 *   ptr NAME TARGET [A]   TARGET + A (64) in .data    rel NAME TARGET  in .data.rel.ro
 *   in SECTION VALUE [ALIGN [FLAGS]]   8 bytes in a section of that name; FLAGS: a aw ax, or zeros
 *                         if "nobits" (aw)
 *   bss NAME SIZE [ALIGN] zero-filled
 *   tls NAME VALUE [ALIGN], tbss NAME SIZE [ALIGN], tcommon NAME SIZE [ALIGN], tundef NAME
 *                         thread-local variables; tptr NAME SYMBOL: one that points to SYMBOL
 *   gd NAME VAR, ld, ie, desc, ...   functions that return the address of VAR; see toy_tls.c
 *   common NAME SIZE ALIGN, lcommon NAME SIZE ALIGN, abs NAME VALUE
 *   undef NAME            declares an undefined symbol (with modifiers)
 *   comdat NAME VALUE     function in a COMDAT group whose signature is NAME
 *   ctor ID [PRIORITY], dtor ID [PRIORITY]   init/fini array elements that call trace(ID)
 *   fini TARGET           a fini array element that is TARGET
 *   init ID RESULT        ELFIN_INIT that calls trace(ID) and returns RESULT
 *   exit ID               ELFIN_EXIT that calls trace(ID)
 *   state VERSION SAVE RESTORE   ELFIN_STATE
 *   module NAME, needs NAME, export NAME, interrupts     the other records of elfin/module.h
 */
#ifndef TESTS_TOY_H
#define TESTS_TOY_H

#include "tests/lib/elf_builder.h"

struct blob toy(const char *text);

/* The same, leaving the builder filled in, for tests that then overwrite fields. */
struct blob toy_build(struct elf_builder *eb, const char *text);

/* The section of that name, or 0. */
int toy_section(const struct elf_builder *eb, const char *name);

/* The symbol of that name, or 0. */
int toy_symbol(const struct elf_builder *eb, const char *name);

#endif
