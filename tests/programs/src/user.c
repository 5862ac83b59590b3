/* SPDX-License-Identifier: MIT */
/* A shared object that needs libbase. */
#include "trace.h"

extern long base_value, *base_pointer;
extern const char *const base_names[];
long base_add(long a, long b);
long base_count(void);
long base_preempted(void);

long *user_pointer = &base_value;
long (*user_function)(long, long) = base_add;
long *user_inside = &base_value + 1;
static const char *const *const names = base_names;

long user_sum(void)
{
    return user_function(1, 2) + *user_pointer + (user_inside - user_pointer);
}

long user_same(void)
{
    return user_pointer == base_pointer && user_function == base_add && names == base_names;
}

long user_count(void)
{
    return base_count();
}

long user_preempted(void)
{
    return base_preempted();
}

__attribute__((constructor)) static void begin(void)
{
    trace("user: constructor");
}

__attribute__((destructor)) static void end(void)
{
    trace("user: destructor");
}
