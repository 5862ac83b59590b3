/* SPDX-License-Identifier: MIT */
/*
 * Prints what the modules compute, called in the order of the test, as the system's linker links
 * them: the three, or with an argument the variant.
 */
#include <stdio.h>

#include "zones.h"

u64 variant_run(u64 seed);

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        printf("%lu\n", variant_run(1));
        return 0;
    }
    printf("%lu\n", above_run(1));
    printf("%lu\n", again_run(2));
    printf("%lu\n", again_run(3));
    return 0;
}
