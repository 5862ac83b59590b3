/* SPDX-License-Identifier: MIT */
#include "monitor/path.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *path_name(const char *path)
{
    const char *end = path;

    while (is_letter(*end))
        end++;
    return end > path && *end == ':' ? end + 1 : path;
}

static char letter(char c)
{
    if (c == '/')
        return '\\';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool path_same(const char *a, const char *b)
{
    while (letter(*a) == '\\')
        a++;
    while (letter(*b) == '\\')
        b++;
    while (*a != '\0' && letter(*a) == letter(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}
