/* SPDX-License-Identifier: MIT */
#include "libmini/str.h"

bool mini_str_equal_n(const char *s, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (s[i] == '\0' || s[i] != text[i])
            return false;
    }
    return s[length] == '\0';
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
