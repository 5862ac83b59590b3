/* SPDX-License-Identifier: MIT */
/* Uses the thread-local variables of another module. */
extern _Thread_local unsigned long number, zero, list[4], *pointer;

static _Thread_local unsigned long own = 1000;

unsigned long read_theirs(void);
unsigned long read_theirs(void)
{
    return number + zero + list[2] + *pointer + own;
}

unsigned long write_theirs(unsigned long value);
unsigned long write_theirs(unsigned long value)
{
    number = value;
    list[2] = value;
    own++;
    return (unsigned long)(&list[2] - &list[0]);
}
