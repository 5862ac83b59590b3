/* SPDX-License-Identifier: MIT */
/* Takes addresses of another object's indirect functions in code. */
#include "matrix.h"
#include "indirect.h"

function *user_takes(int which)
{
    return which ? chosen : twin;
}

int user_calls_hidden(int x)
{
    return chosen_hidden(x) + (take_chosen(x) == chosen_hidden);
}
