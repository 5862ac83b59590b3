/* SPDX-License-Identifier: MIT */
/* examples/rust.rs on the build machine, linked by its linker: the text that firmware must print.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void elfin_print(const char *format, ...);
uint64_t show(uint64_t number);
uint64_t divide(uint64_t numbers, uint64_t divisor, uint64_t index);

void elfin_print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout); /* a panic ends in abort */
}

int main(int argc, char **argv)
{
    if (argc == 2)
        show(strtoull(argv[1], NULL, 10));
    else if (argc == 4)
        divide(strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10),
               strtoull(argv[3], NULL, 10));
    return argc != 2 && argc != 4;
}
