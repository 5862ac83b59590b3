/* SPDX-License-Identifier: MIT */
/* The other half of even.c; see there. */
int is_even(unsigned long n);
int is_odd(unsigned long n);

int is_odd(unsigned long n)
{
    return n == 0 ? 0 : is_even(n - 1);
}
