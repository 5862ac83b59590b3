/* SPDX-License-Identifier: MIT */
/* A number that any change of any byte changes. */
#include <elfin/module.h>

unsigned long digest(const unsigned char *bytes, unsigned long size);

ELFIN_EXPORT(digest);

unsigned long digest(const unsigned char *bytes, unsigned long size)
{
    unsigned long hash = 0xcbf29ce484222325;

    for (unsigned long i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash;
}
