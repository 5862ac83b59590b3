/* SPDX-License-Identifier: MIT */
/* Its init reads where nothing is. */
#include <elfin/module.h>

static int *volatile nowhere = (int *)16;

static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return *nowhere;
}
ELFIN_INIT(start);
