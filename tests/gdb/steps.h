/* SPDX-License-Identifier: MIT */
/* Runs code of modules instruction by instruction, and says whose frames are on the stack. */
#ifndef ELFIN_TESTS_GDB_STEPS_H
#define ELFIN_TESTS_GDB_STEPS_H

#include <elfin/elfin.h>

/*
 * Calls `function` with 5 on a stack of its own, which always lies at the same address. how:
 * "every": walks at each instruction until it returns, those of this program and of the C library
 * too; "first": at instructions of modules that have not run before, of which every share-th is
 * taken, and all that begin or end functions.
 *
 * Writes for each walk a line "stop STEP", the number of instructions since the call, and a line
 * for each frame below this program's own call:
 *     RIP RSP RBP RBX R12 R13 R14 R15 ORIGIN SYMBOL+OFFSET FILE:LINE
 * in hexadecimal but for the line; "-" where nothing is known. At the end "end STEP", or "cut" if a
 * walk did not come to that call.
 */
void steps_call(const elfin_space *space, uint64_t function, const char *how, uint64_t share);

#endif
