// SPDX-License-Identifier: MIT
/* Uses the counter by a call, and through pointers in data and in constants. */
#include <elfin/module.h>

int counter_next(void);
int twice(void);
int through_pointer(void);
int through_constant(void);
int forget(void);
int seven(void);

int (*pointer)(void) = counter_next;
static int (*const constant)(void) = counter_next;

int twice(void)
{
    counter_next();
    return counter_next();
}

int through_pointer(void)
{
    return pointer();
}

int through_constant(void)
{
    return (*(int (*const volatile *)(void)) & constant)();
}

/* From now on the pointer is the program's own. */
int forget(void)
{
    pointer = seven;
    return 0;
}

int seven(void)
{
    return 7;
}
