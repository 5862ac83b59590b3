/* SPDX-License-Identifier: MIT */
#include "monitor/commands.h"

#include <stdarg.h>

#include "libmini/fmt.h"
#include "libmini/str.h"
#include "monitor/console.h"
#include "monitor/fault.h"
#include "monitor/platform.h"
#include "monitor/words.h"

enum {
    REPORT_SIZE = 1024,
    FEW_WORDS = 512, /* of a line of 1 KiB */
};

static command_function command_help, command_quit, command_echo;

static const struct command commands[] = {
    { "load", "FILE... [at=ADDR|min=ADDR|max=ADDR] [name=NAME] [fixed] [-- WORD...]",
      "load the files as one group; the words reach init; fixed: without what rebind needs", 1, -1,
      command_load },
    { "library", "ARCHIVE", "later loads may take members from it", 1, 1, command_library },
    { "unload", "NAME", "unload the group that the module belongs to", 1, 1, command_unload },
    { "replace", "NAME FILE... [fresh] [OPTION...] [-- WORD...]",
      "load the files, as load does, in the place of the module's group", 2, -1, command_replace },
    { "move", "NAME FILE... [OPTION...] [-- WORD...]",
      "the same with the files that it was loaded from", 2, -1, command_move },
    { "reload", "[NAME [fresh] [keep]]",
      "read a module's files again, and let them take its place; without NAME: of all modules "
      "whose "
      "files have changed",
      0, 3, command_reload },
    { "retire", "[NAME]", "give back what was replaced", 0, 1, command_retire },
    { "rebind", "MODULE:IMPORT [MODULE:SYMBOL|ADDRESS]",
      "bind an import anew; MODULE: all:, or one; without a target: as a load would", 1, 2,
      command_rebind },
    { "list", "", "show the modules", 0, 0, command_list },
    { "call", "MODULE:FUNCTION [INTEGER...]", "call a function with up to six integers", 1, -1,
      command_call },
    { "limit", "[SECONDS]", "show, or set, how long a call may take; 0: for ever", 0, 1,
      command_limit },
    { "where", "ADDRESS", "show what lies at an address", 1, 1, command_where },
    { "trace", "[COUNT]", "show what happened to modules, or the last COUNT events", 0, 1,
      command_trace },
    { "lookup", "NAME", "show the address of an exported symbol", 1, 1, command_lookup },
    { "exports", "", "show all exported symbols", 0, 0, command_exports },
    { "deps", "", "show which module uses which", 0, 0, command_deps },
    { "show", "MODULE", "show what is known of a module: sections, symbols, slots, whom it uses", 1,
      1, command_show },
    { "digest", "[MODULE]", "show the parts of memory, and checksums of their bytes", 0, 1,
      command_digest },
    { "map", "[MODULE]", "draw memory and what lies where; or one module and its neighbours", 0, 1,
      command_map },
    { "memory", "", "show the totals of the allocators", 0, 0, command_memory },
    { "echo", "[WORD...]", "print the words", 0, -1, command_echo },
    { "help", "", "show this", 0, 0, command_help },
    { "quit", "[STATUS]", "unload everything and end, with a status of 0 to 123", 0, 1,
      command_quit },
    { .name = NULL },
};

int command_error(const char *format, ...)
{
    va_list args;

    console_fresh_line();
    console_print("error: ");
    va_start(args, format);
    mini_vfmt_to(console_put, NULL, format, args);
    va_end(args);
    console_print("\n");
    return STATUS_FAILURE;
}

void command_report(void *ctx, const elfin_diag *diag)
{
    char text[REPORT_SIZE];
    unsigned *count = ctx;

    elfin_diag_format(diag, text, sizeof(text));
    command_error("%s", text);
    ++*count;
}

static void show_commands(const struct command *command)
{
    for (; command->name != NULL; command++)
        console_print("%s%s%s\n        %s\n", command->name,
                      command->arguments[0] != '\0' ? " " : "", command->arguments, command->help);
}

static int command_help(struct session *session, int count, char **words)
{
    (void)session;
    (void)count;
    (void)words;
    show_commands(commands);
    show_commands(platform_commands);
    console_print("! COMMAND\n        succeed only if the command fails\n"
                  "repeat COUNT COMMAND [&& COMMAND]...\n"
                  "        run the commands COUNT times, without reporting successes\n"
                  "# begins a comment; addresses and integers are decimal or 0x...\n");
    return STATUS_SUCCESS;
}

static int command_quit(struct session *session, int count, char **words)
{
    uint64_t status = STATUS_SUCCESS;

    if (count > 1 && (!words_number(words[1], &status) || status > STATUS_MAX))
        return command_error("%s is not a status: 0 to %d", words[1], STATUS_MAX);
    if (fault_restricted())
        platform_end((int)status);
    session->quit = true;
    session->status = (int)status;
    return STATUS_SUCCESS;
}

static int command_echo(struct session *session, int count, char **words)
{
    (void)session;
    for (int i = 1; i < count; i++)
        console_print("%s%s", i > 1 ? " " : "", words[i]);
    console_print("\n");
    return STATUS_SUCCESS;
}

static const struct command *find_command(const struct command *command, const char *name)
{
    while (command->name != NULL && !mini_str_equal(command->name, name))
        command++;
    return command->name != NULL ? command : NULL;
}

/* Commands that ask the machine for nothing and allocate nothing. */
static bool is_safe(const struct command *command)
{
    static const char *const names[] = { "list", "lookup", "exports", "deps", "where",
                                         "echo", "help",   "quit",    "trace" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (mini_str_equal(command->name, names[i]))
            return true;
    return false;
}

static int run_command(struct session *session, int count, char **words)
{
    const struct command *command = find_command(commands, words[0]);
    unsigned faults = fault_count();
    int status;

    if (command == NULL)
        command = find_command(platform_commands, words[0]);
    if (command == NULL)
        return command_error("unknown command: %s (try help)", words[0]);
    if (count - 1 < command->least || (command->most >= 0 && count - 1 > command->most))
        return command_error("usage: %s %s", command->name, command->arguments);
    if (fault_restricted() && !is_safe(command))
        return command_error("%s: not safe any more", command->name);
    status = command->run(session, count, words);
    /* What is unloaded is gone also when its exit function fails. */
    return status == STATUS_SUCCESS && fault_count() != faults ? STATUS_FAILURE : status;
}

/* Takes the leading `!`s off. Returns whether their number is odd. */
static bool take_inversions(int *count, char ***words)
{
    bool inverted = false;

    while (*count > 0 && mini_str_equal((*words)[0], "!")) {
        inverted = !inverted;
        ++*words;
        --*count;
    }
    return inverted;
}

static int invert(struct session *session, int status)
{
    if (status != STATUS_SUCCESS)
        return STATUS_SUCCESS;
    session->quit = false;
    return command_error("the command succeeded, but was expected to fail");
}

static int run_inverted(struct session *session, int count, char **words)
{
    bool inverted = take_inversions(&count, &words);
    int status;

    if (count == 0)
        return command_error("a command is missing");
    status = run_command(session, count, words);
    return inverted ? invert(session, status) : status;
}

/* One pass over `COMMAND [&& COMMAND]...`. */
static int run_sequence(struct session *session, int count, char **words)
{
    int status = STATUS_SUCCESS;

    for (int first = 0; first <= count && status == STATUS_SUCCESS && !session->quit;) {
        int end = first;
        while (end < count && !mini_str_equal(words[end], "&&"))
            end++;
        char *separator = words[end];
        words[end] = NULL; /* commands find the end of their words by it */
        status = run_inverted(session, end - first, words + first);
        words[end] = separator;
        first = end + 1;
    }
    return status;
}

static int run_repeated(struct session *session, int count, char **words)
{
    int status = STATUS_SUCCESS;
    uint64_t times;

    if (count < 3 || !words_number(words[1], &times))
        return command_error("usage: repeat COUNT COMMAND [&& COMMAND]...");
    session->quiet = true;
    for (uint64_t i = 0; i < times && status == STATUS_SUCCESS && !session->quit; i++)
        status = run_sequence(session, count - 2, words + 2);
    session->quiet = false;
    return status;
}

static int run_words(struct session *session, int count, char **words)
{
    if (count == 0)
        return command_error("a command is missing");
    if (mini_str_equal(words[0], "repeat"))
        return run_repeated(session, count, words);
    return run_command(session, count, words);
}

/*
 * The leading `!`s of a line, before it is split: a line that cannot be split is a failure that
 * they may want.
 */
static char *skip_inversions(char *line, bool *inverted)
{
    *inverted = false;
    for (;; line++) {
        if (*line == '!' && (line[1] == ' ' || line[1] == '\t'))
            *inverted = !*inverted;
        else if (*line != ' ' && *line != '\t')
            return line;
    }
}

static int run_line(struct session *session, char *line, char **words, size_t max)
{
    int count, status;
    bool inverted;

    count = words_split(skip_inversions(line, &inverted), words, max);
    if (count < 0)
        status = command_error("a quote is not closed");
    else if (count == 0 && !inverted)
        status = STATUS_SUCCESS;
    else
        status = run_words(session, count, words);
    console_fresh_line();
    return inverted ? invert(session, status) : status;
}

int commands_run(struct session *session, char *line)
{
    size_t max = mini_strlen(line) / 2 + 2;
    char *few[FEW_WORDS], **words;
    int status;

    if (fault_restricted())
        return max <= FEW_WORDS ? run_line(session, line, few, max)
                                : command_error("the line is too long to be safe");
    words = mini_heap_alloc(platform_heap, max * sizeof(*words));
    if (words == NULL)
        return command_error("out of memory");
    status = run_line(session, line, words, max);
    if (!fault_restricted())
        (void)mini_heap_free(platform_heap, words);
    return status;
}
