/* SPDX-License-Identifier: MIT */
/* Code in a header: lines of two files in one function. */
static inline int scaled(int value, int by)
{
    int sum = 0;

    for (int i = 0; i < by; i++)
        sum += value ^ i;
    return sum;
}
