/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_MEM_WORD_H
#define LIBMINI_MEM_WORD_H

#include <stdint.h>

/* Eight bytes at any address, of any type: what the memory functions move at a time. */
struct mini_word {
    uint64_t value;
} __attribute__((packed, may_alias));

/*
 * The string instructions win for long runs only; their start-up costs some thirty cycles.
 * MINI_MEM_PORTABLE leaves them out, as on any other machine.
 */
#if defined(__x86_64__) && !defined(MINI_MEM_PORTABLE)
#define MINI_MEM_STRING_OPS 1
#define MINI_MEM_STRING_MIN 64u
#else
#define MINI_MEM_STRING_OPS 0
#endif

/*
 * Compilers recognise a copying loop and replace it by a call of memcpy: inside memcpy that is
 * endless recursion. A loop that may touch any memory in each round is no such loop, whatever the
 * compiler and its flags.
 */
#define MINI_MEM_KEEP_LOOP() __asm__ volatile("" ::: "memory")

#endif
