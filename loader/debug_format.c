/* SPDX-License-Identifier: MIT */
/* A location as text. */
#include <elfin/debug.h>

#include "libmini/fmt.h"
#include "libmini/str.h"

typedef unsigned long long ull;

/* Where it is in terms of sections: what is not in one has its place in all of the module. */
static size_t put_place(const elfin_location *l, char *buffer, size_t size)
{
    if (l->symbol[0] || !l->section[0])
        return mini_fmt(buffer, size, "%s+0x%llx", l->name, (ull)l->offset);
    return mini_fmt(buffer, size, "%s(%s)+0x%llx", l->name, l->section, (ull)l->section_offset);
}

size_t elfin_location_format(const elfin_location *l, char *buffer, size_t size)
{
    char place[2 * ELFIN_NAME_SIZE], line[ELFIN_NAME_SIZE] = "";
    size_t length;

    if (!l->name[0]) {
        length = mini_fmt(buffer, size, "0x%llx", (ull)l->address);
    } else {
        put_place(l, place, sizeof(place));
        if (l->line && l->file[0])
            mini_fmt(line, sizeof(line), "%s:%u", l->file, l->line);
        if (!l->symbol[0] && !line[0])
            length = mini_fmt(buffer, size, "%s", place);
        else
            length = mini_fmt(buffer, size, "%s%s%s (%s)", l->symbol,
                              l->symbol[0] && line[0] ? " at " : "", line, place);
    }
    for (size_t i = 0; i < length && i + 1 < size; i++)
        if ((unsigned char)buffer[i] < ' ' || buffer[i] == 0x7f)
            buffer[i] = '?';
    return length;
}
