/* SPDX-License-Identifier: MIT */
/*
 * A module with everything: it says hello, offers a function to other modules, says good-bye.
 *
 *     gcc -O2 -Iinclude -c examples/hello.c
 *
 *     elfin> load hello.o -- Ada
 *     elfin> call hello:hello_times 3
 *     elfin> unload hello
 */
#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("hello", .version = "1.0", .description = "says hello");

static unsigned long greetings;

unsigned long hello_times(unsigned long times);

unsigned long hello_times(unsigned long times)
{
    for (unsigned long i = 0; i < times; i++)
        elfin_print("hello number %lu\n", ++greetings);
    return greetings;
}
ELFIN_EXPORT(hello_times);

static int start(int argc, char **argv)
{
    elfin_print("hello, %s\n", argc > 0 ? argv[0] : "world");
    return 0;
}
ELFIN_INIT(start);

static void stop(void)
{
    elfin_print("good-bye after %lu greetings\n", greetings);
}
ELFIN_EXIT(stop);
