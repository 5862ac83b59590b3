/* SPDX-License-Identifier: MIT */
/* Numbers from and names to people. */
#ifndef ELFIN_TOOL_TEXT_H
#define ELFIN_TOOL_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* All of the text is a number: 0x and hexadecimal digits, or decimal digits; at most 64 bits. */
bool text_number(const char *text, uint64_t *out);

/* All of the text is hexadecimal digits without a prefix; at most 64 bits. */
bool text_hex(const char *text, uint64_t *out);

/*
 * Names come from files nobody vouches for: control characters are written as \xNN, lest they
 * command the terminal or make up lines of a report.
 */
void text_put(FILE *out, const char *text);

#endif
