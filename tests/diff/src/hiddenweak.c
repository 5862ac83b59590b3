/* SPDX-License-Identifier: MIT */
/*
 * A hidden undefined weak symbol: even PIC code may reach it directly, so outside of low memory
 * this object cannot be linked (without PIC in general, with PIC by what the compiler chose).
 */
#include "matrix.h"

extern WEAK HIDDEN int absent_hidden_word;
extern WEAK HIDDEN function absent_hidden_call;

int use_hidden_weak(int x)
{
    if (&absent_hidden_word) {
        x += absent_hidden_word;
    }
    if (absent_hidden_call) {
        x += absent_hidden_call(x);
    }
    return x;
}
