/* SPDX-License-Identifier: MIT */
/* elfin, the host tool: finds the command and runs it. */
#include "tools/elfin/command.h"

#include <elfin/elfin.h>

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = { &command_link,   &command_inspect, &command_check,
                                                  &command_map,    &command_index,   &command_names,
                                                  &command_prepare };

enum {
    COMMAND_COUNT = sizeof(commands) / sizeof(commands[0])
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void print_overview(FILE *out)
{
    fputs("Usage: elfin COMMAND [OPTION...] FILE...\n"
          "Loads x86-64 objects, archives and linked files with the code of the bare machine.\n"
          "\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fputs("  help     show this text, or that of a command: elfin help COMMAND\n"
          "\n"
          "Options:\n"
          "  --version  print the version\n"
          "  --help     show this text\n"
          "\n"
          "Exit status: 0 good, 1 problems in the files, 2 a wrong command line.\n",
          out);
}

static int unknown_command(const char *name)
{
    fprintf(stderr, "elfin: there is no command '%s'\nTry 'elfin help'.\n", name);
    return STATUS_USAGE;
}

static int run_help(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        print_overview(stdout);
        return STATUS_GOOD;
    }
    command = find_command(argv[1]);
    if (!command && strcmp(argv[1], "help") != 0)
        return unknown_command(argv[1]);
    if (command)
        fputs(command->help, stdout);
    else
        print_overview(stdout);
    return STATUS_GOOD;
}

static int run(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        print_overview(stderr);
        return STATUS_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("elfin " ELFIN_VERSION_STRING);
        return STATUS_GOOD;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview(stdout);
        return STATUS_GOOD;
    }
    if (strcmp(argv[1], "help") == 0)
        return run_help(argc - 1, argv + 1);
    command = find_command(argv[1]);
    return command ? command->run(argc - 1, argv + 1) : unknown_command(argv[1]);
}

int main(int argc, char **argv)
{
    int status = run(argc, argv);

    /* A full disk behind standard output shows up here at the latest. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == STATUS_GOOD) {
        perror("elfin: standard output");
        status = STATUS_PROBLEM;
    }
    return status;
}
