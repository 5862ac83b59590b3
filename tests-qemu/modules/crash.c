/* SPDX-License-Identifier: MIT */
/* Ends in an exception that nobody handles. */
void crash(void);

void crash(void)
{
    __builtin_trap();
}
