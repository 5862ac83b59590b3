/* SPDX-License-Identifier: MIT */
#include "monitor/script.h"

#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/fault.h"
#include "monitor/platform.h"
#include "monitor/words.h"

enum {
    LINE_SIZE = 1024
};

int script_run_text(struct session *session, char *text, char separator, const char *unit)
{
    unsigned number = 0;
    char *line;

    while (!session->quit && (line = words_next_line(&text, separator)) != NULL) {
        int status;
        number++;
        while (*line == ' ' || *line == '\t')
            line++;
        if (*line == '\0' || *line == '#' || *line == '\r')
            continue;
        if (*line == '@')
            line++;
        else
            console_print("> %s\n", line);
        status = commands_run(session, line);
        if (status != STATUS_SUCCESS) {
            command_error("the script stops at %s %u with status %d", unit, number, status);
            if (fault_restricted())
                platform_end(status);
            return status;
        }
    }
    return session->status;
}

/* Ctrl-R, as who watches the files presses it: what has been typed so far stays. */
static void reload(struct session *session)
{
    char line[] = "reload";

    console_print("> %s\n", line);
    commands_run(session, line);
}

int script_run_keyboard(struct session *session)
{
    char line[LINE_SIZE] = "";

    console_print("elfin %s. Type help for help.\n", ELFIN_VERSION_STRING);
    while (!session->quit) {
        if (!console_read_line("elfin> ", line, sizeof(line))) {
            reload(session);
            continue;
        }
        commands_run(session, line);
        line[0] = '\0';
    }
    return session->status;
}
