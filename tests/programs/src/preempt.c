/* SPDX-License-Identifier: MIT */
/* A shared object that comes before libbase and defines one of its names. */
long base_preempted(void)
{
    return 2;
}
