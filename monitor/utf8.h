/* SPDX-License-Identifier: MIT */
#ifndef UEFI_UTF8_H
#define UEFI_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What modules print, made harmless and whole: the bytes that come out are ASCII without control
 * characters other than tab and newline, and UTF-8 of characters from U+00A0 on. Control characters
 * of ASCII vanish; those beyond it (U+0080 to U+009F, which many terminals take for the beginnings
 * of escape sequences, as single bytes too) and whatever is not UTF-8 become '?'.
 *
 * Characters may arrive in pieces, so the beginning of one is kept between calls.
 */
struct utf8_filter {
    char pending[4];
    unsigned char length, wanted; /* of pending: bytes there, bytes of the whole character */
};

enum {
    UTF8_FILTER_ROOM = 5 /* that one byte may let out: '?' and itself, or a whole character */
};

/* Takes one byte in; returns how many come out. All of a character comes out at once. */
size_t utf8_filter(struct utf8_filter *filter, char byte, char out[UTF8_FILTER_ROOM]);

#endif
