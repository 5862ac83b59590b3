/* SPDX-License-Identifier: MIT */
/* Indirect functions, and a table of pointers to them. */
static int one(void)
{
    return 1;
}

static int two(void)
{
    return 2;
}

/* Compilers may put the answer of a resolver that always gives the same in its place. */
static volatile int feature = 1;

static int (*choose_one(void))(void)
{
    return feature ? one : two;
}

static int (*choose_two(void))(void)
{
    return feature ? two : one;
}

int chosen(void) __attribute__((ifunc("choose_one")));
static int own(void) __attribute__((ifunc("choose_two")));

int (*const table[])(void) = { chosen, own, one };

int sum(void)
{
    return 100 * chosen() + 10 * own() + table[1]();
}

int (*own_address(void))(void)
{
    return own;
}
