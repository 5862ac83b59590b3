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

bool mini_str_starts(const char *s, const char *prefix)
{
    while (*prefix != '\0') {
        if (*s++ != *prefix++)
            return false;
    }
    return true;
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
