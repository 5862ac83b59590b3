/* SPDX-License-Identifier: MIT */
#include "bench/lib/instructions.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TRAP_FLAG = 0x100
};

static volatile uint64_t steps;

static void step(int number)
{
    (void)number;
    steps++;
}

/* The flag is put into the saved flags on the stack: there is no other way to set it. */
static inline void set_trap_flag(void)
{
    __asm__ volatile("sub $128, %%rsp\n\t" /* leave the red zone alone */
                     "pushfq\n\t"
                     "orq %0, (%%rsp)\n\t"
                     "popfq\n\t"
                     "add $128, %%rsp"
                     :
                     : "i"(TRAP_FLAG)
                     : "memory", "cc");
}

static inline void clear_trap_flag(void)
{
    __asm__ volatile("sub $128, %%rsp\n\t"
                     "pushfq\n\t"
                     "andq %0, (%%rsp)\n\t"
                     "popfq\n\t"
                     "add $128, %%rsp"
                     :
                     : "i"(~TRAP_FLAG)
                     : "memory", "cc");
}

static uint64_t count(void (*run)(void *ctx), void *ctx)
{
    steps = 0;
    set_trap_flag();
    run(ctx);
    clear_trap_flag();
    return steps;
}

static void nothing(void *ctx)
{
    (void)ctx;
}

uint64_t bench_instructions(void (*run)(void *ctx), void *ctx)
{
    static uint64_t overhead;

    if (overhead == 0) {
        struct sigaction action = { .sa_handler = step };
        if (sigaction(SIGTRAP, &action, NULL) != 0) {
            perror("sigaction");
            exit(1);
        }
        overhead = count(nothing, NULL);
    }
    return count(run, ctx) - overhead;
}
