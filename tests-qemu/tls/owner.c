/* SPDX-License-Identifier: MIT */
/* Thread-local variables of every kind, used by themselves and by the other module. */
#include <elfin/module.h>

_Thread_local unsigned long number = 41;
_Thread_local unsigned long zero;
_Thread_local unsigned long list[4] = { 1, 2, 3, 4 };
_Alignas(64) _Thread_local unsigned char aligned[3] = { 7 };
static _Thread_local unsigned int hidden = 5;
static _Thread_local unsigned short hidden_zero[9];

static unsigned long pointed_at = 99;
_Thread_local unsigned long *pointer = &pointed_at;
static _Thread_local unsigned long (*function)(unsigned long);
static unsigned long seen_at_start;

static unsigned long twice(unsigned long value)
{
    return 2 * value;
}

unsigned long read_all(void);
unsigned long read_all(void)
{
    return number + zero + list[0] + list[3] + aligned[0] + aligned[2] + hidden + hidden_zero[8] +
           *pointer;
}

/* Counts calls, so that what was written before is seen to last. */
unsigned long count(void);
unsigned long count(void)
{
    function = twice;
    number++;
    zero += 2;
    hidden += 3;
    hidden_zero[1] += 4;
    *pointer = *pointer + 5;
    return function(number + zero + hidden + hidden_zero[1]) + *pointer;
}

unsigned long is_aligned(void);
unsigned long is_aligned(void)
{
    return (unsigned long)aligned % 64 == 0;
}

unsigned long at_start(void);
unsigned long at_start(void)
{
    return seen_at_start;
}

/* The thread pointer and the canary next to it are whole. */
unsigned long thread_pointer_holds_itself(void);
unsigned long thread_pointer_holds_itself(void)
{
    unsigned long self, canary;

    __asm__("movq %%fs:0, %0\n\tmovq %%fs:0x28, %1" : "=r"(self), "=r"(canary));
    return *(unsigned long *)self == self && canary != 0 && (canary & 0xff) == 0;
}

static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    seen_at_start = read_all();
    return 0;
}
ELFIN_INIT(start);
