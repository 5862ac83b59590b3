/* SPDX-License-Identifier: MIT */
/* Indirect functions of every visibility, with pointers to them in data and out of code. */
#include <elfin/module.h>

typedef long function(long);

static unsigned resolved;
static long at_start;

static long twice(long x)
{
    return 2 * x;
}

static long thrice(long x)
{
    return 3 * x;
}

/* What a resolver is for: every x86-64 CPU has SSE2 (bit 26 of EDX of leaf 1). */
static function *choose(function *with, function *without)
{
    unsigned eax = 1, ebx, ecx = 0, edx;

    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    resolved++;
    return edx >> 26 & 1 ? with : without;
}

__attribute__((used)) static function *choose_twice(void)
{
    return choose(twice, thrice);
}

__attribute__((used)) static function *choose_thrice(void)
{
    return choose(thrice, twice);
}

function scale __attribute__((ifunc("choose_twice")));
function inner __attribute__((ifunc("choose_thrice"), visibility("hidden")));
function spare __attribute__((ifunc("choose_thrice"), visibility("protected")));
static function quiet __attribute__((ifunc("choose_thrice")));

function *table[] = { scale, inner, quiet, spare, twice };

/* Resolvers run before it. */
__attribute__((constructor)) static void start(void)
{
    at_start = scale(10) + quiet(100);
}

unsigned resolvers_run(void)
{
    return resolved;
}

long seen_at_start(void)
{
    return at_start;
}

function *scale_of_owner(void)
{
    return scale;
}

/* 2x, 3x, 3x, 3x, 2x in digits. */
long by_table(long x)
{
    long sum = 0;

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        sum = 10 * sum + table[i](x);
    return sum;
}

long by_name(long x)
{
    return 1000 * scale(x) + 100 * inner(x) + 10 * quiet(x) + spare(x);
}

/* Each pointer in the table is the one that code gets. */
int same_pointers(void)
{
    return table[0] == scale && table[1] == inner && table[2] == quiet && table[3] == spare;
}
