/* SPDX-License-Identifier: MIT */
/* Bytes of DWARF, taken one after the other. */
#include "loader/lines.h"

enum {
    LEB_MAX = 10 /* bytes of 64 bits; longer ones are padding that nobody writes */
};

void elfin_reader_skip(struct reader *r, uint64_t size)
{
    if (size > (uint64_t)(r->end - r->at)) {
        r->at = r->end;
        r->bad = true;
    } else {
        r->at += size;
    }
}

uint64_t elfin_reader_take(struct reader *r, unsigned width)
{
    const uint8_t *at = r->at;
    uint64_t value = 0;

    elfin_reader_skip(r, width);
    for (unsigned i = 0; !r->bad && i < width; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

uint64_t elfin_reader_leb(struct reader *r, bool is_signed)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < LEB_MAX; i++) {
        uint64_t byte = elfin_reader_take(r, 1);

        value |= (byte & 0x7f) << 7 * i;
        if (byte & 0x80)
            continue;
        if (is_signed && byte & 0x40 && i + 1 < LEB_MAX)
            value |= UINT64_MAX << 7 * (i + 1);
        return value;
    }
    r->bad = true;
    return 0;
}

const char *elfin_reader_text(struct reader *r)
{
    const char *text = (const char *)r->at;

    while (r->at != r->end && *r->at)
        r->at++;
    elfin_reader_skip(r, 1);
    return r->bad ? "" : text;
}
