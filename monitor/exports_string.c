/* SPDX-License-Identifier: MIT */
#include "monitor/exports.h"

#include "libmini/mem.h"
#include "libmini/str.h"

size_t export_strlen(const char *s)
{
    return mini_strlen(s);
}

size_t export_strnlen(const char *s, size_t max)
{
    return mini_strnlen(s, max);
}

int export_strcmp(const char *a, const char *b)
{
    return mini_str_compare(a, b);
}

int export_strncmp(const char *a, const char *b, size_t max)
{
    for (size_t i = 0; i < max; i++) {
        if (a[i] != b[i])
            return (unsigned char)a[i] - (unsigned char)b[i];
        if (a[i] == '\0')
            break;
    }
    return 0;
}

char *export_strchr(const char *s, int c)
{
    const char *end = s + mini_strlen(s);

    if ((char)c == '\0')
        return (char *)(uintptr_t)end;
    return (char *)(uintptr_t)mini_strnchr(s, (size_t)(end - s), (char)c);
}

char *export_strrchr(const char *s, int c)
{
    if ((char)c == '\0')
        return (char *)(uintptr_t)s + mini_strlen(s);
    return (char *)(uintptr_t)mini_strrchr(s, (char)c);
}

char *export_strcpy(char *dst, const char *src)
{
    return memcpy(dst, src, mini_strlen(src) + 1);
}

char *export_stpcpy(char *dst, const char *src)
{
    size_t length = mini_strlen(src);

    memcpy(dst, src, length + 1);
    return dst + length;
}

char *export_strncpy(char *dst, const char *src, size_t size)
{
    size_t length = mini_strnlen(src, size);

    memcpy(dst, src, length);
    memset(dst + length, 0, size - length);
    return dst;
}

char *export_strcat(char *dst, const char *src)
{
    export_strcpy(dst + mini_strlen(dst), src);
    return dst;
}

char *export_strcpy_chk(char *dst, const char *src, size_t room)
{
    if (mini_strlen(src) >= room)
        export_chk_fail();
    return export_strcpy(dst, src);
}

char *export_strcat_chk(char *dst, const char *src, size_t room)
{
    /* Lengths of strings that exist cannot overflow when added. */
    if (mini_strlen(dst) + mini_strlen(src) >= room)
        export_chk_fail();
    return export_strcat(dst, src);
}
