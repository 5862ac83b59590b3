/* SPDX-License-Identifier: MIT */
#ifndef BENCH_INSTRUCTIONS_H
#define BENCH_INSTRUCTIONS_H

#include <stdint.h>

/*
 * Counts the instructions that a function executes, by the processor's single-step trap: the same
 * number on every machine and in every run, without performance counters or special rights. A step
 * costs a signal, so this is for thousands of instructions, not for billions.
 */
uint64_t bench_instructions(void (*run)(void *ctx), void *ctx);

#endif
