/* SPDX-License-Identifier: MIT */
/* Second definitions: strong over weak, first of two weak ones, a definition over COMMON. */
#include "matrix.h"

long common_wide = 0x1122334455667788;
WEAK int twice_weak = 2;

int overridden(int x)
{
    return x + twice_weak;
}

WEAK int default_hook(int x)
{
    return overridden(x) + (int)common_wide + common_word;
}
