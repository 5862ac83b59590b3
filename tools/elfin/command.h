/* SPDX-License-Identifier: MIT */
/* The commands of elfin, and what they share with main.c. */
#ifndef ELFIN_TOOL_COMMAND_H
#define ELFIN_TOOL_COMMAND_H

#include <getopt.h>
#include <stdbool.h>

/* Exit statuses, the same for every command. */
enum {
    STATUS_GOOD = 0,
    STATUS_PROBLEM = 1,
    STATUS_USAGE = 2
};

struct command {
    const char *name;
    const char *summary; /* one line of `elfin help` */
    const char *help;    /* all of `elfin help NAME` */
    int (*run)(int argc, char **argv);
};

extern const struct command command_link;
extern const struct command command_inspect;
extern const struct command command_check;
extern const struct command command_map;
extern const struct command command_index;
extern const struct command command_names;
extern const struct command command_prepare;

/* What next_option returns besides the `val` of the command's own options. */
enum {
    OPTION_END = -1,
    OPTION_FILE = 1, /* optarg is a file */
    OPTION_ERROR = '?',
    OPTION_HELP = 'h',
};

#define OPTION_HELP_ROW                                                                            \
    {                                                                                              \
        "help", no_argument, NULL, OPTION_HELP                                                     \
    }

/* The words of one command line; the first is the command. */
struct words {
    const struct command *command;
    const struct option *options;
    const char *letters; /* as getopt_long takes them; NULL: those of every command */
    int argc;
    char **argv;
    bool only_files; /* "--" has been met */
};

/*
 * Options and files in the order they were given (the place of --at matters). An error has been
 * reported when OPTION_ERROR is returned.
 */
int next_option(struct words *words);

/* Prints the message and where to find help on standard error; returns STATUS_USAGE. */
int usage_error(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
