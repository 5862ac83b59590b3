/* SPDX-License-Identifier: MIT */
/* An executable without any library: pointers of every kind, and functions to call in it. */
static long value = 5;
long zero[1000];
long *pointer = &value;
static long other(long x)
{
    return x + value;
}

long (*const functions[])(long) = { other, other, other };
const char *const texts[] = { "first", "second", "third" };

/* Many neighbouring pointers: more than one bitmap of DT_RELR. */
#define FOUR(a)    &zero[a], &zero[a + 1], &zero[a + 2], &zero[a + 3]
#define SIXTEEN(a) FOUR(a), FOUR(a + 4), FOUR(a + 8), FOUR(a + 12)
long *many[] = { SIXTEEN(0),  SIXTEEN(16), SIXTEEN(32), SIXTEEN(48), SIXTEEN(64),
                 SIXTEEN(80), SIXTEEN(96), 0,           0,           SIXTEEN(112) };

long main_bump(long by)
{
    return *pointer += by;
}

long main_function(long which, long x)
{
    return functions[which](x);
}

long main_letter(long which)
{
    return texts[which][0];
}

long main_check(void)
{
    for (int i = 0; i < 112; i++)
        if (many[i] != &zero[i])
            return 0;
    return many[112] == 0 && many[129] == &zero[127];
}

#ifdef WITH_INDIRECT
static volatile int never;

static long chosen(long x)
{
    return 3 * x;
}

static long (*choose(void))(long)
{
    return never ? 0 : chosen;
}

static long indirect(long x) __attribute__((ifunc("choose")));

long main_indirect(long x)
{
    return indirect(x);
}
#endif

void _start(void)
{
    main_bump(1);
}
