/* SPDX-License-Identifier: MIT */
/*
 * A module whose init fails: the load is undone and reports the number. A script ends with it.
 *
 *     gcc -O2 -Iinclude -c examples/refuse.c
 *
 *     elfin> load refuse.o
 */
#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("refuse", .description = "does not want to be loaded");

static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    elfin_print("refuse: my device is not there\n");
    return 19;
}
ELFIN_INIT(start);
