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
        line->text[line->length++] = (char)(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
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

void picture_line_sums(struct line *line, const uint64_t sum[PICTURE_KINDS], size_t column)
{
    const char *separator = "";

    for (unsigned i = 0; i < PICTURE_KINDS; i++) {
        enum picture_kind kind = (enum picture_kind)((i + PICTURE_FREE) % PICTURE_KINDS);
        char size[PICTURE_SIZE_TEXT];
        size_t wanted;

        if (sum[kind] == 0)
            continue;
        picture_size(size, sum[kind]);
        /* ", ", the name, a blank, the size, and perhaps the next comma. */
        wanted = mini_strlen(picture_kind_name(kind)) + mini_strlen(size) + 4;
        picture_line_add(line, "%s", separator);
        if (line->length + wanted > PICTURE_COLUMNS) {
            picture_line_end(line);
            while (line->length < column)
                put(line, " ", 1);
        } else if (separator[0] != '\0') {
            put(line, " ", 1);
        }
        picture_line_add(line, "%s %s", picture_kind_name(kind), size);
        separator = ",";
    }
}

int picture_line_digits(uint64_t last)
{
    return last >> 48 ? 16 : last >> 32 ? 12 : 8;
}

void picture_line_address(struct line *line, uint64_t address, uint64_t last)
{
    picture_line_add(line, "  0x%0*llx", picture_line_digits(last), (unsigned long long)address);
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
