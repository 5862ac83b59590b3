/* SPDX-License-Identifier: MIT */
/* Jump tables, strings, a section for each function and datum, and code moved to a cold section. */
#include "matrix.h"

static const char *const names[] = {"zero", "one", "two", "three", "many"};
static int hits[16];

static COLD int complain(int x)
{
    hits[15]++;
    return ext_tail(x) + (int)names[4][0];
}

static COLD int complain_again(int x)
{
    return complain(-x) + counter;
}

int classify(int x)
{
    switch (x) {
    case 0:
        return hits[0]++;
    case 1:
        return double_it(x) + hits[1];
    case 2:
        return ext_call(3);
    case 3:
        return hidden_step(x) * hits[3];
    case 4:
        return primes[4];
    case 5:
        return complain(x);
    case 6:
        return (int)common_wide;
    case 7:
        return tail_caller(8);
    default:
        return complain_again(x);
    }
}

const char *describe(int value)
{
    switch (value) {
    case 1:
        return "the first of the cases";
    case 2:
        return "the second of the cases";
    case 3:
        return names[3];
    case 40:
        return "a case far away";
    default:
        return value < 0 ? "negative" : names[value & 3];
    }
}

int dispatch(int x)
{
    static function *const table[] = {classify, double_it, hidden_step, complain, ext_call};
    static const void *const labels[] = {&&add, &&subtract, &&finish};

    goto *labels[x % 3];
add:
    x += hits[2];
subtract:
    x -= hits[4];
finish:
    return table[(unsigned)x % 5](x);
}
