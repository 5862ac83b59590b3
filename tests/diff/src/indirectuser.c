/* SPDX-License-Identifier: MIT */
/* Uses of indirect functions that another object defines. Takes addresses in data only. */
#include "matrix.h"
#include "indirect.h"

function *const user_table[] = { chosen, chosen, ext_call };
function *user_pointer = twin;

int user_calls(int x)
{
    int sum = chosen(x) + twin(x) + ext_call(x);

    if (x > 5) {
        return twin(sum);
    }
    return user_table[x & 1](x) + user_pointer(sum);
}
