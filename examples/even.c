/* SPDX-License-Identifier: MIT */
/*
 * Half of a pair of modules that use each other; odd.c is the other half. Each needs a name of the
 * other, so they can only be loaded as one group:
 *
 *     gcc -O2 -c examples/even.c examples/odd.c
 *
 *     elfin> load even.o odd.o
 *     elfin> call even:is_even 10
 */
int is_even(unsigned long n);
int is_odd(unsigned long n);

int is_even(unsigned long n)
{
    return n == 0 ? 1 : is_odd(n - 1);
}
