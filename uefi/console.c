/* SPDX-License-Identifier: MIT */
#include "uefi/console.h"

#include <stdarg.h>

#include "libmini/fmt.h"
#include "uefi/channel.h"
#include "uefi/firmware.h"
#include "uefi/utf8.h"

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

static void screen_flush(CHAR16 *chunk, size_t used)
{
    chunk[used] = 0;
    if (used > 0)
        firmware->ConOut->OutputString(firmware->ConOut, chunk);
}

static bool utf8_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static void screen_write(const char *text, size_t length)
{
    CHAR16 chunk[SCREEN_CHUNK + 1];
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (utf8_continuation(text[i]))
            continue;
        if (used > SCREEN_CHUNK - 2) {
            screen_flush(chunk, used);
            used = 0;
        }
        if (text[i] == '\n')
            chunk[used++] = '\r';
        chunk[used++] = (unsigned char)text[i] < 0x80 ? (CHAR16)text[i] : (CHAR16)'?';
    }
    screen_flush(chunk, used);
}

void console_channel_write(const char *text, size_t length)
{
    channel_write(text, length);
}

/* Text that has been filtered; characters are whole in it. */
static void write_clean(const char *text, size_t length)
{
    screen_write(text, length);
    channel_write(text, length);
}

void console_write(const char *text, size_t length)
{
    char clean[SCREEN_CHUNK];
    size_t used = 0;

    if (length == 0)
        return;
    busy = true;
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
    CHAR16 text[2] = { (CHAR16)c, 0 };

    firmware->ConOut->OutputString(firmware->ConOut, text);
}
