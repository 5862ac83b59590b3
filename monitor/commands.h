/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_COMMANDS_H
#define MONITOR_COMMANDS_H

#include "monitor/session.h"

/*
 * Runs one line of a script or of the keyboard; the line is cut into words in place. Returns 0, or
 * the status of the failure, which has been reported on the console.
 */
int commands_run(struct session *session, char *line);

/*
 * A command: words[0] is its name, words[count] is NULL. Returns 0, or the status of the failure
 * after having reported it.
 */
typedef int command_function(struct session *session, int count, char **words);

struct command {
    const char *name, *arguments, *help; /* name NULL: the end of a list */
    int least, most;                     /* number of arguments; most < 0: any */
    command_function *run;
};

/* Commands of the machine's own, beside those below. */
extern const struct command platform_commands[];

command_function command_load, command_library, command_unload, command_call, command_lookup,
    command_list, command_exports, command_deps, command_map, command_memory, command_rebind,
    command_replace, command_move, command_retire, command_digest, command_show, command_limit,
    command_where, command_reload, command_trace;

/* How a load takes the place of a group; group NULL: it does not. */
struct instead {
    elfin_group *group;
    const char *how; /* what is printed, as "replaced" */
    bool move;
    elfin_change change;
};

/* The load command, in which words[0] does not matter. */
int command_load_instead(struct session *session, int count, char **words,
                         const struct instead *instead);

/* Prints "loaded NAME, NAME at ADDRESS", `how` being the verb, unless successes are not told. */
void command_loaded(const struct session *session, const elfin_group *group, const char *how);

/* For elfin_change.left: prints the field; ctx is not used. */
void command_left(void *ctx, const elfin_left *left);

/* Reads the library's file again, if that has not been done; library->fresh is what it holds. */
int library_fetch(struct library *library);
/* Takes what has been read, or goes on with what was there. */
void library_settle(struct library *library, bool keep);

/* Of a load that failed: an init hands its own number on, if that can be a status. */
int command_load_status(elfin_status status, const elfin_diag *diag);

/* Prints "error: " and the text; returns STATUS_FAILURE. */
int command_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For reports of the library: prints each problem; ctx points at an unsigned that counts them. */
void command_report(void *ctx, const elfin_diag *diag);

#endif
