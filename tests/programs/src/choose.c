/* SPDX-License-Identifier: MIT */
/* A shared object that exports an indirect function. */
static volatile int never;

static long chosen(long x)
{
    return 5 * x;
}

static long (*resolver(void))(long)
{
    return never ? 0 : chosen;
}

long choose(long x) __attribute__((ifunc("resolver")));
long (*choose_pointer)(long) = choose;

long choose_call(long x)
{
    return choose(x) + choose_pointer(x);
}
