/* SPDX-License-Identifier: MIT */
/* An array whose elements are put into a section, wherever they are defined. */
typedef int step(int);

#define STEP __attribute__((section("steps"), used)) static step *const

extern step *const __start_steps[], *const __stop_steps[];

static int add_one(int x)
{
    return x + 1;
}

static int add_ten(int x)
{
    return x + 10;
}

STEP first = add_one;
STEP second = add_ten;

int all_steps(int x)
{
    for (step *const *s = __start_steps; s < __stop_steps; s++)
        x = (*s)(x);
    return x;
}

int count_steps(void)
{
    return (int)(__stop_steps - __start_steps);
}
