/* SPDX-License-Identifier: MIT */
/* Compiled with -flto: an object without machine code. */
int lto(void);

int lto(void)
{
    return 1;
}
