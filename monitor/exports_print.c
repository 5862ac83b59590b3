/* SPDX-License-Identifier: MIT */
#include "monitor/exports.h"

#include "libmini/fmt.h"
#include "libmini/str.h"
#include "monitor/console.h"
#include "monitor/platform.h"

/* A width may be a mistake, and billions: the time limit holds between two pieces as well. */
static void count_put(void *ctx, const char *text, size_t length)
{
    size_t *count = ctx;
    uint64_t mask = platform_enter();

    console_write(text, length);
    platform_leave(mask);
    *count += length;
}

int export_vprintf(const char *format, va_list args)
{
    uint64_t mask = platform_enter();
    size_t count = 0;

    mini_vfmt_to(count_put, &count, format, args);
    platform_leave(mask);
    return (int)count;
}

void export_elfin_print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    export_vprintf(format, args);
    va_end(args);
}

int export_printf(const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = export_vprintf(format, args);
    va_end(args);
    return length;
}

int export_puts(const char *text)
{
    uint64_t mask = platform_enter();

    console_write(text, mini_strlen(text));
    console_write("\n", 1);
    platform_leave(mask);
    return 0;
}

int export_putchar(int c)
{
    uint64_t mask = platform_enter();
    char text = (char)c;

    console_write(&text, 1);
    platform_leave(mask);
    return (unsigned char)c;
}

int export_vsnprintf(char *buffer, size_t size, const char *format, va_list args)
{
    return (int)mini_vfmt(buffer, size, format, args);
}

int export_snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = export_vsnprintf(buffer, size, format, args);
    va_end(args);
    return length;
}

int export_sprintf(char *buffer, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = export_vsnprintf(buffer, SIZE_MAX, format, args);
    va_end(args);
    return length;
}

int export_printf_chk(int flag, const char *format, ...)
{
    va_list args;
    int length;

    (void)flag;
    va_start(args, format);
    length = export_vprintf(format, args);
    va_end(args);
    return length;
}

int export_vsnprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format,
                         va_list args)
{
    (void)flag;
    if (size > room)
        export_chk_fail();
    return export_vsnprintf(buffer, size, format, args);
}

int export_snprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = export_vsnprintf_chk(buffer, size, flag, room, format, args);
    va_end(args);
    return length;
}

int export_sprintf_chk(char *buffer, int flag, size_t room, const char *format, ...)
{
    va_list args;
    size_t length;

    (void)flag;
    va_start(args, format);
    length = mini_vfmt(buffer, room, format, args);
    va_end(args);
    if (length >= room)
        export_chk_fail();
    return (int)length;
}
