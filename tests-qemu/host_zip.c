/* SPDX-License-Identifier: MIT */
/*
 * examples/zip.c as a program of the build machine, linked with the same libz.a: prints the numbers
 * that the module must give for the arguments SIZE LEVEL, and zip's own lines.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

unsigned long roundtrip(unsigned long size, unsigned long level);
void elfin_print(const char *format, ...);

void elfin_print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 1;
    printf("%lu\n", roundtrip(strtoul(argv[1], NULL, 0), strtoul(argv[2], NULL, 0)));
    return 0;
}
