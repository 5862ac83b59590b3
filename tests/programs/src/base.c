/* SPDX-License-Identifier: MIT */
/* A shared object that others use. */
#include "trace.h"

static long counter = 100;
long base_value = 7, base_zero;
long *base_pointer = &base_value;
static long *const fixed_pointer = &counter;
const char *const base_names[] = { "zero", "one", "two", "three" };
char base_large[70000];

extern long absent __attribute__((weak));
extern void absent_function(void) __attribute__((weak));

static long twice(long x)
{
    return 2 * x;
}

long (*const base_functions[])(long) = { twice, twice };

long base_add(long a, long b)
{
    return a + b + base_value;
}

long base_count(void)
{
    base_large[69999]++;
    return ++*fixed_pointer + base_large[69999];
}

/* Who defines the name first is called, by this file too. */
long base_preempted(void)
{
    return 1;
}

long base_calls_preempted(void)
{
    return base_preempted();
}

__attribute__((visibility("protected"))) long base_protected(void)
{
    return 11;
}

long base_absent(void)
{
    return (&absent != 0) + (absent_function != 0);
}

long base_check(void)
{
    return base_functions[1](21) == 42 && base_pointer == &base_value && base_names[3][4] == 'e' &&
           base_zero == 0;
}

__attribute__((constructor)) static void begin(void)
{
    trace("base: constructor");
}

__attribute__((destructor)) static void end(void)
{
    trace("base: destructor");
}
