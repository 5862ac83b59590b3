/* SPDX-License-Identifier: MIT */
#include <elfin/module.h>

void print(const char *text);
static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    print("hello from a module\n");
    return 0;
}
ELFIN_INIT(start);
