/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_FMT_H
#define LIBMINI_FMT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Formatted text, as the C standard has it, for
 *   conversions  d i u o x X c s p %     length  hh h l ll j z t (integers only)
 *   flags        - 0 + space #           width and precision, as digits or *
 * %p prints 0x and hexadecimal digits (0x0 for NULL); %s of NULL prints (null).
 *
 * There is no floating point: kernels and firmware are built without it, and then an argument of
 * such a type cannot even be fetched. From a conversion that is not in the list on (%f, %n, %ls,
 * ...) the rest of the format is put out as it stands and no further argument is read, since which
 * one would be next is no longer known.
 */

/*
 * Into a buffer: at most size - 1 bytes and always a terminator, nothing at all when size is 0.
 * Returns the length of the whole text: it was cut when that is not below size.
 */
size_t mini_fmt(char *buf, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t mini_vfmt(char *buf, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/*
 * Into a sink, in pieces of any length but 0, not terminated, in order. A piece is valid during the
 * call only. No buffer beyond some hundred bytes of stack is used, whatever the width.
 */
typedef void mini_fmt_put(void *ctx, const char *text, size_t length);

void mini_fmt_to(mini_fmt_put *put, void *ctx, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void mini_vfmt_to(mini_fmt_put *put, void *ctx, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
