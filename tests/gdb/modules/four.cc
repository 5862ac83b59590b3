/* SPDX-License-Identifier: MIT */
#include "box.h"

extern "C" int four(int value);

/* Init only. */
__attribute__((section(".init.text"), noinline)) static int prepared(int value)
{
    int prepared = value + 1; /* mark: prepared */
    return prepared;
}

static int start = prepared(4);

extern "C" int four(int value)
{
    return box<int>{ value }.twice() + start;
}
