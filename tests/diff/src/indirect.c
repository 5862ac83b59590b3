/* SPDX-License-Identifier: MIT */
/* Indirect functions, and uses of them in the object that defines them. */
#include "matrix.h"
#include "indirect.h"

static NOINLINE int first(int x)
{
    return x + 1;
}

static NOINLINE int second(int x)
{
    return x + 2;
}

/* What a resolver does not know until it runs: clang would put a constant answer in its place. */
static volatile int feature = 1;

__attribute__((used)) static function *choose_first(void)
{
    return feature ? first : second;
}

__attribute__((used)) static function *choose_second(void)
{
    return feature ? second : first;
}

/* Two that share a resolver are two functions. */
function chosen __attribute__((ifunc("choose_first")));
function twin __attribute__((ifunc("choose_first")));
function chosen_hidden __attribute__((ifunc("choose_second"), visibility("hidden")));
static function chosen_here __attribute__((ifunc("choose_second")));

function *const indirect_table[] = { chosen, chosen_hidden, chosen_here, first };
function *indirect_pointer = chosen_here;

int use_chosen(int x)
{
    int sum = chosen(x) + twin(x) + chosen_hidden(x);

    sum += chosen_here(sum);
    if (x > 3) {
        return chosen_here(sum + 1);
    }
    return indirect_table[x & 3](sum) + indirect_pointer(x);
}

function *take_chosen(int which)
{
    switch (which) {
    case 0:
        return chosen;
    case 1:
        return chosen_hidden;
    case 2:
        return chosen_here;
    default:
        return twin;
    }
}
