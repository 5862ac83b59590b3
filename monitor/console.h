/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_CONSOLE_H
#define MONITOR_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The console: the machine's screen and, in parallel, the plain-text channel (channel.h).
 * Text is ASCII or UTF-8, filtered as utf8.h says, so a module cannot put escape sequences on
 * either.
 */
void console_init(void);

void console_write(const char *text, size_t length);
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For mini_vfmt_to: the context is not used. */
void console_put(void *ctx, const char *text, size_t length);

/* Ends the line if the last character was not a newline. */
void console_fresh_line(void);

/* After text that did not come to its end, because whoever prints was abandoned. */
void console_recover(void);

/* True during any of the above: an event handler must not print then. */
bool console_busy(void);

/*
 * Reads one line from the keyboard with editing and history, and prints it on the channel once it
 * is complete. The text is terminated, without a newline, and cut to size - 1 characters. It begins
 * with what is in the buffer. False: Ctrl-R was pressed, and the line is as far as it is.
 */
bool console_read_line(const char *prompt, char *buffer, size_t size);

/* For the line editor: to the screen only, and one character at a time at that. */
void console_screen_put(char c);
/* For the line editor: text that is on the screen already. */
void console_channel_write(const char *text, size_t length);

#endif
