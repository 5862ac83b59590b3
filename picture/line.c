/* SPDX-License-Identifier: MIT */
#include "picture/line.h"

#include <stdarg.h>

#include "libmini/str.h"

void picture_line_begin(struct line *line, const struct picture_output *output)
{
    line->output = output;
    line->length = 0;
    line->cut = false;
}

static void put(void *ctx, const char *text, size_t length)
{
    struct line *line = ctx;

    for (size_t i = 0; i < length; i++) {
        if (line->length == PICTURE_COLUMNS) {
            line->cut = true;
            return;
        }
        line->text[line->length++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    }
}

void picture_line_add(struct line *line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mini_vfmt_to(put, line, format, args);
    va_end(args);
}

void picture_line_column(struct line *line, size_t column)
{
    if (line->length > 0)
        put(line, " ", 1);
    while (line->length < column && line->length < PICTURE_COLUMNS)
        put(line, " ", 1);
}

void picture_line_name(struct line *line, const char *name, size_t width)
{
    /* Hostile names may be as long as their file; the end of one that long is not looked for. */
    size_t length = mini_strnlen(name, ELFIN_NAME_SIZE), head;

    if (length <= width) {
        put(line, name, length);
        return;
    }
    head = length == ELFIN_NAME_SIZE ? width - 1 : (width - 1) / 2;
    put(line, name, head);
    put(line, "~", 1);
    put(line, name + length - (width - 1 - head), width - 1 - head);
}

void picture_line_address(struct line *line, uint64_t address, uint64_t last)
{
    int digits = last >> 48 ? 16 : last >> 32 ? 12 : 8;

    picture_line_add(line, "  0x%0*llx", digits, (unsigned long long)address);
}

void picture_line_end(struct line *line)
{
    while (line->length > 0 && line->text[line->length - 1] == ' ')
        line->length--;
    if (line->cut)
        line->text[PICTURE_COLUMNS - 1] = '~';
    line->text[line->length++] = '\n';
    line->output->put(line->output->ctx, line->text, line->length);
    picture_line_begin(line, line->output);
}
