/* SPDX-License-Identifier: MIT */
#include "libmini/str.h"

size_t mini_strnlen(const char *s, size_t max)
{
    size_t length = 0;

    while (length < max && s[length] != '\0')
        length++;
    return length;
}

size_t mini_strlen(const char *s)
{
    return mini_strnlen(s, SIZE_MAX);
}

int mini_str_compare(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

bool mini_str_equal(const char *a, const char *b)
{
    return mini_str_compare(a, b) == 0;
}

bool mini_str_equal_n(const char *s, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (s[i] == '\0' || s[i] != text[i])
            return false;
    }
    return s[length] == '\0';
}

bool mini_str_starts(const char *s, const char *prefix)
{
    while (*prefix != '\0') {
        if (*s++ != *prefix++)
            return false;
    }
    return true;
}

bool mini_str_ends(const char *s, const char *suffix)
{
    size_t length = mini_strlen(s);
    size_t tail = mini_strlen(suffix);

    return tail <= length && mini_str_equal(s + (length - tail), suffix);
}

const char *mini_strnchr(const char *s, size_t max, char c)
{
    for (size_t i = 0; i < max && s[i] != '\0'; i++) {
        if (s[i] == c)
            return s + i;
    }
    return NULL;
}

const char *mini_strrchr(const char *s, char c)
{
    const char *last = NULL;

    for (; *s != '\0'; s++) {
        if (*s == c)
            last = s;
    }
    return last;
}

size_t mini_strlcpy(char *dst, size_t size, const char *src)
{
    size_t length = mini_strlen(src);

    if (size > 0) {
        size_t copied = length < size ? length : size - 1;
        for (size_t i = 0; i < copied; i++)
            dst[i] = src[i];
        dst[copied] = '\0';
    }
    return length;
}

static unsigned int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned int)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned int)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned int)(c - 'A') + 10;
    return UINT32_MAX;
}

bool mini_parse_u64(const char *text, size_t length, uint64_t *out)
{
    uint64_t value = 0;
    unsigned int radix = 10;
    size_t i = 0;

    if (length >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        radix = 16;
        i = 2;
    }
    if (i == length)
        return false;
    for (; i < length; i++) {
        unsigned int digit = digit_value(text[i]);
        if (digit >= radix || value > (UINT64_MAX - digit) / radix)
            return false;
        value = value * radix + digit;
    }
    *out = value;
    return true;
}
