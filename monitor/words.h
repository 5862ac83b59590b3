/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_WORDS_H
#define MONITOR_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Splits a line in place into words between blanks. Double quotes hold blanks together and vanish;
 * a word that begins with '#' ends the line. words has room for max pointers; the one after the
 * last is NULL. -1: a quote is not closed, or there are max words or more. mini_strlen(line) / 2 +
 * 2 is always enough.
 */
int words_split(char *line, char **words, size_t max);

/* An unsigned number, decimal or 0x. */
bool words_number(const char *word, uint64_t *value);

/*
 * Cuts the first command off *text: it ends at a newline, or at `separator` outside of double
 * quotes
 * ('\n' for none other). Terminates it and moves *text on; NULL at the end.
 */
char *words_next_line(char **text, char separator);

#endif
