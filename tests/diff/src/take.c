/* SPDX-License-Identifier: MIT */
/* Takes addresses in code. Without PIC these are 32-bit absolute fields that no stub can rescue. */
#include "matrix.h"

static int private_word = 5;
static int private_table[64];

static NOINLINE int private_function(int x)
{
    return x + private_word;
}

const void *take(int which)
{
    switch (which) {
    case 0:
        return (const void *)ext_taken;
    case 1:
        return (const void *)private_function;
    case 2:
        return &private_table[which + 5];
    case 3:
        return &ext_array[which];
    case 4:
        return (const void *)hidden_step;
    case 5:
        return &large_zero[17];
    case 6:
        return (const void *)absent_call;
    case 7:
        return &absent_word;
    case 8:
        return &ext_word;
    case 9:
        return (const void *)default_hook;
    case 10:
        return &records[2];
    case 11:
        return "taken";
    default:
        return &common_bytes[which & 3];
    }
}

int compare_taken(const void *p, function *f)
{
    int sum = 0;

    sum += p == &counter;
    sum += p == (const void *)&large_data[3];
    sum += f == ext_taken;
    sum += f == classify;
    sum += f == absent_call;
    if (&absent_word) {
        sum += absent_word;
    }
    sum += private_table[sum & 63] + private_function(sum);
    return sum + (int)(long)(p - (const void *)&protected_counter);
}
