/* SPDX-License-Identifier: MIT */
/* Calls and data uses of every binding. Takes no host function's address outside of data. */
#include "matrix.h"

int common_word;
long common_wide;
char common_bytes[50]; /* the larger of two sizes holds */

static int private_counter = 3;
static int *private_pointer = &private_counter;

static NOINLINE int private_step(int x)
{
    private_counter += x;
    return *private_pointer + private_counter;
}

int double_it(int x)
{
    return 2 * x + counter;
}

int hidden_step(int x)
{
    hidden_counter += x;
    return hidden_counter;
}

WEAK int default_hook(int x)
{
    return x ^ protected_counter;
}

WEAK int overridden(int x)
{
    return -x;
}

int tail_caller(int x)
{
    return ext_tail(x + 1);
}

/* At -O2 the compilers may turn these into jumps on a condition. */
void conditional_tail(int x)
{
    extern void ext_conditional(void);

    if (x > 3) {
        ext_conditional();
    }
}

int run_calls(int x)
{
    int sum = private_step(x) + double_it(x) + hidden_step(x) + default_hook(x) + overridden(x);

    sum += ext_call(sum) + ext_call(x) + classify(x) + dispatch(x);
    if (absent_call) {
        sum += absent_call(x);
    }
    sum += ext_word + ext_array[3] + ext_array[x & 7];
    sum += common_word + common_bytes[x & 31] + (int)common_wide + twice_weak;
    sum += large_data[x & 1023] + large_zero[7] + primes[x & 7];
    ext_array[2] = sum;
    ext_word += 0x1234567;
    common_bytes[9] = 77;
    return sum + records[x & 7].call(x) + *records[1].counter;
}
