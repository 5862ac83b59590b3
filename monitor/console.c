/* SPDX-License-Identifier: MIT */
#include "monitor/console.h"

#include <stdarg.h>

#include "libmini/fmt.h"
#include "monitor/channel.h"
#include "monitor/platform.h"
#include "monitor/utf8.h"

enum {
    SCREEN_CHUNK = 128
};

static bool line_open, busy;
static struct utf8_filter filter;

void console_init(void)
{
    channel_init();
}

bool console_busy(void)
{
    return busy;
}

void console_channel_write(const char *text, size_t length)
{
    channel_write(text, length);
}

/* Text that has been filtered; characters are whole in it. */
static void write_clean(const char *text, size_t length)
{
    platform_screen_write(text, length);
    channel_write(text, length);
}

void console_write(const char *text, size_t length)
{
    char clean[SCREEN_CHUNK];
    size_t used = 0;

    if (length == 0)
        return;
    busy = line_open = true;
    for (size_t i = 0; i < length; i++) {
        used += utf8_filter(&filter, text[i], clean + used);
        if (used > sizeof(clean) - UTF8_FILTER_ROOM || i + 1 == length) {
            write_clean(clean, used);
            used = 0;
        }
    }
    line_open = text[length - 1] != '\n';
    busy = false;
}

void console_recover(void)
{
    busy = false;
    filter = (struct utf8_filter){ 0 };
}

void console_put(void *ctx, const char *text, size_t length)
{
    (void)ctx;
    console_write(text, length);
}

void console_print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mini_vfmt_to(console_put, NULL, format, args);
    va_end(args);
}

void console_fresh_line(void)
{
    if (line_open)
        console_write("\n", 1);
}

void console_screen_put(char c)
{
    platform_screen_write(&c, 1);
}
