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

static int report_error(const struct words *words, int option)
{
    const char *word = words->argv[optind - 1];

    /* optopt is the letter of an unknown short option, perhaps in the middle of a word. */
    if (option == ':')
        usage_error(words->command, "option '%s' needs a value", word);
    else if (optopt > ' ' && optopt <= '~' && optopt != OPTION_HELP)
        usage_error(words->command, "there is no option '-%c'", optopt);
    else
        usage_error(words->command, "there is no option '%s', or not in this form", word);
    return OPTION_ERROR;
}

int next_option(struct words *words)
{
    int option = OPTION_END;

    opterr = 0;
    if (!words->only_files)
        option = getopt_long(words->argc, words->argv, words->letters ? words->letters : "-:h",
                             words->options, NULL);
    if (option == '?' || option == ':')
        return report_error(words, option);
    if (option != OPTION_END)
        return option;
    /* getopt must not be called again: it would take up its own count of what it has seen. */
    words->only_files = true;
    if (optind >= words->argc)
        return OPTION_END;
    optarg = words->argv[optind++];
    return OPTION_FILE;
}
