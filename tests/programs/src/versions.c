/* SPDX-License-Identifier: MIT */
/* A function with two versions, of which the second is the default, and one that is called by both.
 */
long versioned_old(void)
{
    return 1;
}

long versioned_new(void)
{
    return 2;
}

__asm__(".symver versioned_old, versioned@OLD");
__asm__(".symver versioned_new, versioned@@NEW");

long versioned_plain(void)
{
    return 3;
}

long (*versions_table[])(void) = { versioned_old, versioned_new, versioned_plain };
