/* SPDX-License-Identifier: MIT */
#include "tools/elfin/command.h"

#include <stdarg.h>
#include <stdio.h>

int usage_error(const struct command *command, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "elfin %s: ", command->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nTry 'elfin help %s'.\n", command->name);
    return STATUS_USAGE;
}

int next_option(const struct command *command, int argc, char **argv, const struct option *options)
{
    int option;

    opterr = 0;
    option = getopt_long(argc, argv, "-:h", options, NULL);
    if (option == OPTION_END && optind < argc) { /* what follows "--" are files */
        optarg = argv[optind++];
        return OPTION_FILE;
    }
    if (option == ':') {
        usage_error(command, "option '%s' needs a value", argv[optind - 1]);
        return OPTION_ERROR;
    }
    if (option == '?') {
        /* optopt is the letter of an unknown short option, perhaps in the middle of a word. */
        if (optopt > ' ' && optopt <= '~' && optopt != OPTION_HELP)
            usage_error(command, "there is no option '-%c'", optopt);
        else
            usage_error(command, "there is no option '%s', or not in this form", argv[optind - 1]);
        return OPTION_ERROR;
    }
    return option;
}
