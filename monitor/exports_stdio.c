/* SPDX-License-Identifier: MIT */
/*
 * Standard streams without files behind them: the output and error streams are the console, the
 * input stream is at its end, and nothing else can be opened. A stream is only its address to the
 * modules.
 */
#include "monitor/exports.h"

#include "libmini/str.h"
#include "monitor/console.h"
#include "monitor/platform.h"

enum {
    END_OF_FILE = -1,
    ERROR_NO_SYSTEM = 38 /* ENOSYS */
};

static char input_stream, output_stream, error_stream;

void *export_stdin = &input_stream, *export_stdout = &output_stream, *export_stderr = &error_stream;

static bool is_output(const void *stream)
{
    return stream == &output_stream || stream == &error_stream;
}

size_t export_fwrite(const void *data, size_t size, size_t count, void *stream)
{
    uint64_t mask;

    if (!is_output(stream) || size == 0)
        return 0;
    mask = platform_enter();
    console_write(data, size * count);
    platform_leave(mask);
    return count;
}

int export_fputs(const char *text, void *stream)
{
    return export_fwrite(text, 1, mini_strlen(text), stream) == 0 && *text != '\0' ? END_OF_FILE
                                                                                   : 0;
}

int export_fputc(int c, void *stream)
{
    char text = (char)c;

    return export_fwrite(&text, 1, 1, stream) == 1 ? (unsigned char)text : END_OF_FILE;
}

int export_fprintf(void *stream, const char *format, ...)
{
    va_list args;
    int length = END_OF_FILE;

    va_start(args, format);
    if (is_output(stream))
        length = export_vprintf(format, args);
    va_end(args);
    return length;
}

int export_fprintf_chk(void *stream, int flag, const char *format, ...)
{
    va_list args;
    int length = END_OF_FILE;

    (void)flag;
    va_start(args, format);
    if (is_output(stream))
        length = export_vprintf(format, args);
    va_end(args);
    return length;
}

void *export_fopen(const char *path, const char *mode)
{
    (void)path;
    (void)mode;
    *export_errno_location() = ERROR_NO_SYSTEM;
    return NULL;
}

void *export_fdopen(int file, const char *mode)
{
    (void)file;
    return export_fopen(NULL, mode);
}

size_t export_fread(void *data, size_t size, size_t count, void *stream)
{
    (void)data;
    (void)size;
    (void)count;
    (void)stream;
    return 0;
}

int export_fgetc(void *stream)
{
    (void)stream;
    return END_OF_FILE;
}

int export_ungetc(int c, void *stream)
{
    (void)c;
    (void)stream;
    return END_OF_FILE;
}

/* Nothing is buffered, so nothing can be left or have failed. */
int export_stream_success(void *stream)
{
    (void)stream;
    return 0;
}

/* The bits of <ctype.h> as the GNU C library's headers test them. */
static uint16_t classes_of(unsigned c)
{
    bool upper = c - 'A' < 26, lower = c - 'a' < 26, digit = c - '0' < 10;
    bool graphic = c > ' ' && c < 0x7f, blank = c == ' ' || c == '\t';
    uint16_t classes = 0;

    classes |= (uint16_t)(upper << 8 | lower << 9 | (upper || lower) << 10 | digit << 11);
    classes |= (uint16_t)((digit || c - 'A' < 6 || c - 'a' < 6) << 12);
    classes |= (uint16_t)((c == ' ' || c - '\t' < 5) << 13 | (graphic || c == ' ') << 14);
    classes |= (uint16_t)(graphic << 15 | blank << 0 | (c < ' ' || c == 0x7f) << 1);
    classes |= (uint16_t)((graphic && !upper && !lower && !digit) << 2);
    classes |= (uint16_t)((upper || lower || digit) << 3);
    return classes;
}

/* Indexed from -128, so that plain char works; all beyond ASCII has no class. */
const uint16_t **export_ctype_b_loc(void)
{
    static uint16_t table[128 + 256];
    static const uint16_t *zero;

    if (zero == NULL) {
        zero = table + 128;
        for (unsigned c = 0; c < 128; c++)
            table[128 + c] = classes_of(c);
    }
    return &zero;
}
