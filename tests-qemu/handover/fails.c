/* SPDX-License-Identifier: MIT */
/* Its init has a number for an answer. */
#include <elfin/module.h>

static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 7;
}
ELFIN_INIT(start);
