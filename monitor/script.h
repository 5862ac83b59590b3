/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_SCRIPT_H
#define MONITOR_SCRIPT_H

#include "monitor/session.h"

/*
 * Runs all commands of the text, which `separator` divides ('\n' for none but the ends of lines),
 * and prints each but those that begin with '@'; the status of the first that fails, or of `quit`.
 * `unit` is what its number counts: lines of a file, with those that hold no command.
 */
int script_run_text(struct session *session, char *text, char separator, const char *unit);

/* Runs commands from the keyboard until one quits; a failing one does not end it. */
int script_run_keyboard(struct session *session);

#endif
