/* SPDX-License-Identifier: MIT */
#include "libmini/fmt.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "libmini/str.h"

enum length {
    LENGTH_INT,
    LENGTH_CHAR,
    LENGTH_SHORT,
    LENGTH_LONG,
    LENGTH_LLONG,
    LENGTH_MAX,
    LENGTH_SIZE,
    LENGTH_DIFF
};

/* One directive: what stands between % and the conversion letter. */
struct spec {
    bool left, zero, plus, space, alternate;
    bool has_precision;
    size_t width;
    size_t precision;
    enum length length;
    char conversion;
};

/* A va_list that functions can share through a pointer whatever its type (it may be an array). */
struct arguments {
    va_list list;
};

struct sink {
    mini_fmt_put *put;
    void *ctx;
};

static void put_text(const struct sink *sink, const char *text, size_t length)
{
    if (length > 0)
        sink->put(sink->ctx, text, length);
}

static void put_fill(const struct sink *sink, char c, size_t count)
{
    static const char blanks[] = "                                ";
    static const char zeros[] = "00000000000000000000000000000000";
    const char *text = c == '0' ? zeros : blanks;
    size_t piece = sizeof(zeros) - 1;

    for (; count > piece; count -= piece)
        put_text(sink, text, piece);
    put_text(sink, text, count);
}

static void put_padded(const struct sink *sink, const struct spec *spec, const char *text,
                       size_t length)
{
    size_t fill = spec->width > length ? spec->width - length : 0;

    if (!spec->left)
        put_fill(sink, ' ', fill);
    put_text(sink, text, length);
    if (spec->left)
        put_fill(sink, ' ', fill);
}

static intmax_t signed_argument(struct arguments *args, enum length length)
{
    switch (length) {
    case LENGTH_CHAR:
        return (signed char)va_arg(args->list, int);
    case LENGTH_SHORT:
        return (short)va_arg(args->list, int);
    case LENGTH_LONG:
        return va_arg(args->list, long);
    case LENGTH_LLONG:
        return va_arg(args->list, long long);
    case LENGTH_MAX:
        return va_arg(args->list, intmax_t);
    case LENGTH_SIZE:
    case LENGTH_DIFF:
        return va_arg(args->list, ptrdiff_t);
    case LENGTH_INT:
        break;
    }
    return va_arg(args->list, int);
}

static uintmax_t unsigned_argument(struct arguments *args, enum length length)
{
    switch (length) {
    case LENGTH_CHAR:
        return (unsigned char)va_arg(args->list, unsigned int);
    case LENGTH_SHORT:
        return (unsigned short)va_arg(args->list, unsigned int);
    case LENGTH_LONG:
        return va_arg(args->list, unsigned long);
    case LENGTH_LLONG:
        return va_arg(args->list, unsigned long long);
    case LENGTH_MAX:
        return va_arg(args->list, uintmax_t);
    case LENGTH_SIZE:
    case LENGTH_DIFF:
        return va_arg(args->list, size_t);
    case LENGTH_INT:
        break;
    }
    return va_arg(args->list, unsigned int);
}

/* The longest text of digits: 64 bits in octal. */
enum {
    DIGITS_MAX = (sizeof(uintmax_t) * CHAR_BIT + 2) / 3
};

/* Digits of value, without any for 0, ending just before `end`; returns where they start. */
static char *to_digits(char *end, uintmax_t value, unsigned int radix, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

    for (; value > 0; value /= radix)
        *--end = digits[value % radix];
    return end;
}

static void put_number(const struct sink *sink, const struct spec *spec, const char *prefix,
                       uintmax_t value, unsigned int radix)
{
    char buffer[DIGITS_MAX];
    char *end = buffer + DIGITS_MAX;
    char *digits = to_digits(end, value, radix, spec->conversion == 'X');
    size_t count = (size_t)(end - digits);
    size_t prefix_length = mini_strlen(prefix);
    size_t wanted = spec->has_precision ? spec->precision : 1;
    size_t zeros = wanted > count ? wanted - count : 0;

    /* # makes octal start with a 0, by precision: one 0 is enough, however it got there. */
    if (radix == 8 && spec->alternate && zeros == 0)
        zeros = 1;

    size_t body = prefix_length + zeros + count;
    size_t fill = spec->width > body ? spec->width - body : 0;
    if (spec->zero && !spec->left && !spec->has_precision) {
        zeros += fill;
        fill = 0;
    }

    if (!spec->left)
        put_fill(sink, ' ', fill);
    put_text(sink, prefix, prefix_length);
    put_fill(sink, '0', zeros);
    put_text(sink, digits, count);
    if (spec->left)
        put_fill(sink, ' ', fill);
}

static void put_signed(const struct sink *sink, const struct spec *spec, intmax_t value)
{
    const char *prefix = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
    uintmax_t magnitude = value < 0 ? 0 - (uintmax_t)value : (uintmax_t)value;

    put_number(sink, spec, prefix, magnitude, 10);
}

static void put_hex(const struct sink *sink, const struct spec *spec, uintmax_t value)
{
    const char *prefix = "";

    if (spec->alternate && value != 0)
        prefix = spec->conversion == 'X' ? "0X" : "0x";
    put_number(sink, spec, prefix, value, 16);
}

static void put_string(const struct sink *sink, const struct spec *spec, const char *text)
{
    if (text == NULL)
        text = "(null)";
    put_padded(sink, spec, text,
               mini_strnlen(text, spec->has_precision ? spec->precision : SIZE_MAX));
}

/* False when the conversion is not supported; no argument has been read then. */
static bool put_conversion(const struct sink *sink, const struct spec *spec, struct arguments *args)
{
    bool plain = spec->length == LENGTH_INT;
    char c;

    switch (spec->conversion) {
    case 'd':
    case 'i':
        put_signed(sink, spec, signed_argument(args, spec->length));
        return true;
    case 'u':
        put_number(sink, spec, "", unsigned_argument(args, spec->length), 10);
        return true;
    case 'o':
        put_number(sink, spec, "", unsigned_argument(args, spec->length), 8);
        return true;
    case 'x':
    case 'X':
        put_hex(sink, spec, unsigned_argument(args, spec->length));
        return true;
    case 'p':
        if (plain)
            put_number(sink, spec, "0x", (uintptr_t)va_arg(args->list, void *), 16);
        return plain;
    case 'c':
        if (plain) {
            c = (char)va_arg(args->list, int);
            put_padded(sink, spec, &c, 1);
        }
        return plain;
    case 's':
        if (plain)
            put_string(sink, spec, va_arg(args->list, const char *));
        return plain;
    case '%':
        put_text(sink, "%", 1);
        return true;
    default:
        return false;
    }
}

static const char *parse_flags(const char *at, struct spec *spec)
{
    for (;; at++) {
        if (*at == '-')
            spec->left = true;
        else if (*at == '0')
            spec->zero = true;
        else if (*at == '+')
            spec->plus = true;
        else if (*at == ' ')
            spec->space = true;
        else if (*at == '#')
            spec->alternate = true;
        else
            return at;
    }
}

/* Digits or *. More than INT_MAX counts as INT_MAX. A negative * sets *negative and gives its
 * magnitude. */
static const char *parse_count(const char *at, struct arguments *args, size_t *count,
                               bool *negative)
{
    *count = 0;
    *negative = false;
    if (*at == '*') {
        int value = va_arg(args->list, int);
        *negative = value < 0;
        *count = value < 0 ? 0 - (size_t)value : (size_t)value;
        return at + 1;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        *count = *count * 10 + (size_t)(*at - '0');
        if (*count > INT_MAX)
            *count = INT_MAX;
    }
    return at;
}

static const char *parse_length(const char *at, struct spec *spec)
{
    switch (*at) {
    case 'h':
        spec->length = at[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
        return at + (at[1] == 'h' ? 2 : 1);
    case 'l':
        spec->length = at[1] == 'l' ? LENGTH_LLONG : LENGTH_LONG;
        return at + (at[1] == 'l' ? 2 : 1);
    case 'j':
        spec->length = LENGTH_MAX;
        return at + 1;
    case 'z':
        spec->length = LENGTH_SIZE;
        return at + 1;
    case 't':
        spec->length = LENGTH_DIFF;
        return at + 1;
    default:
        spec->length = LENGTH_INT;
        return at;
    }
}

/* `at` is behind the %; returns the conversion letter's place. */
static const char *parse_spec(const char *at, struct spec *spec, struct arguments *args)
{
    bool negative;

    *spec = (struct spec){ 0 };
    at = parse_flags(at, spec);
    at = parse_count(at, args, &spec->width, &negative);
    spec->left = spec->left || negative;
    if (*at == '.') {
        at = parse_count(at + 1, args, &spec->precision, &negative);
        spec->has_precision = !negative;
    }
    at = parse_length(at, spec);
    spec->conversion = *at;
    return at;
}

void mini_vfmt_to(mini_fmt_put *put, void *ctx, const char *format, va_list list)
{
    struct sink sink = { put, ctx };
    struct arguments args;
    struct spec spec;

    va_copy(args.list, list);
    while (*format != '\0') {
        const char *percent = mini_strnchr(format, SIZE_MAX, '%');
        if (percent == NULL)
            break;
        put_text(&sink, format, (size_t)(percent - format));
        format = percent;
        const char *conversion = parse_spec(percent + 1, &spec, &args);
        if (!put_conversion(&sink, &spec, &args))
            break;
        format = conversion + 1;
    }
    put_text(&sink, format, mini_strlen(format));
    va_end(args.list);
}

void mini_fmt_to(mini_fmt_put *put, void *ctx, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mini_vfmt_to(put, ctx, format, args);
    va_end(args);
}

struct buffer {
    char *text;
    size_t size;
    size_t length; /* wanted so far; may exceed size */
};

static void put_buffer(void *ctx, const char *text, size_t length)
{
    struct buffer *buffer = ctx;

    for (size_t i = 0; i < length && buffer->length + i < buffer->size; i++)
        buffer->text[buffer->length + i] = text[i];
    buffer->length += length;
}

size_t mini_vfmt(char *buf, size_t size, const char *format, va_list args)
{
    struct buffer buffer = { buf, size, 0 };

    mini_vfmt_to(put_buffer, &buffer, format, args);
    if (size > 0)
        buf[buffer.length < size ? buffer.length : size - 1] = '\0';
    return buffer.length;
}

size_t mini_fmt(char *buf, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    size_t length = mini_vfmt(buf, size, format, args);
    va_end(args);
    return length;
}
