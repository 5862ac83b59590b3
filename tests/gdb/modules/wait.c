/* SPDX-License-Identifier: MIT */
/* Runs until a debugger lets it go. */
volatile int released;

int wait_here(int value)
{
    int rounds = 0;

    while (!released)
        rounds++;
    return rounds > 0 ? value : 0;
}
