/* SPDX-License-Identifier: MIT */
/* Refused: an indirect function. */
static int one(void)
{
    return 1;
}

static int (*choose(void))(void)
{
    return one;
}

int chosen(void) __attribute__((ifunc("choose")));
