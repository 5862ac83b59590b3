/* SPDX-License-Identifier: MIT */
/* Static functions and data, inlined code, several files, code in sections of its own. */
#include "tests/symbols/src/sample.h"

static int depth;
static const int table[] = { 1, 2, 3 };
int shared_counter = 5;
const char *const sample_name = "sample";

static __attribute__((noinline)) int inner(int x)
{
    depth += x;
    if (x > 3)
        return x * depth;
    return depth - 1;
}

static __attribute__((noinline, cold)) int rare(int x)
{
    return inner(x) ? table[x & 1] : scaled(x, 9);
}

int outer(int a, int b)
{
    int sum = inner(a) + inner(b * 2);

    if (sum == 77)
        return rare(a);
    return scaled(sum, b) + table[b & 1];
}

__attribute__((section(".text.other"))) int elsewhere(int a)
{
    switch (a) {
    case 0:
        return outer(1, 2);
    case 1:
        return outer(3, 4);
#line 1000 "generated.y"
    case 2:
        return inner(shared_counter);
    default:
        return scaled(a, 70000);
    }
}

__attribute__((weak)) int replaceable(void)
{
    return elsewhere(2) + depth;
}
