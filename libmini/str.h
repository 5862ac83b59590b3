/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_STR_H
#define LIBMINI_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Strings. Where a function takes `max` or `length` it never reads beyond that many bytes, so the
 * text need not be terminated; the others want terminated strings that the caller vouches for.
 * Characters compare as unsigned bytes.
 */

/* Bytes before the terminator, at most max. */
size_t mini_strnlen(const char *s, size_t max);
size_t mini_strlen(const char *s);

/* Below 0, 0 or above 0 as a sorts before, equal to or after b. */
int mini_str_compare(const char *a, const char *b);
bool mini_str_equal(const char *a, const char *b);

/* Equality of a terminated string with exactly `length` bytes of text (none of them a terminator).
 */
bool mini_str_equal_n(const char *s, const char *text, size_t length);

bool mini_str_starts(const char *s, const char *prefix);
bool mini_str_ends(const char *s, const char *suffix);

/* First c among the first max bytes before the terminator, or NULL. The terminator itself is never
 * found. */
const char *mini_strnchr(const char *s, size_t max, char c);
/* Last c before the terminator, or NULL. */
const char *mini_strrchr(const char *s, char c);

/*
 * Copies what fits and terminates (nothing is written when size is 0). Returns the length of src:
 * the copy was cut when that is not below size.
 */
size_t mini_strlcpy(char *dst, size_t size, const char *src);

/*
 * Decimal, or hexadecimal after 0x or 0X, both cases of digits; the whole text is the number,
 * without sign or blanks. False, and *out untouched: empty text, any other character, a value of
 * 2^64 or more.
 */
bool mini_parse_u64(const char *text, size_t length, uint64_t *out);

#endif
