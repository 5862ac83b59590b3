/* SPDX-License-Identifier: MIT */
/* Well-formed sequences: Unicode 15, table 3-7; U+0080 to U+009F are left out of it. */
#include "monitor/utf8.h"

/* The length of the character that the byte begins, or 0. */
static unsigned char begins(unsigned char byte)
{
    if (byte >= 0xc2 && byte <= 0xdf)
        return 2;
    if (byte >= 0xe0 && byte <= 0xef)
        return 3;
    return byte >= 0xf0 && byte <= 0xf4 ? 4 : 0;
}

/* After the first byte the second one is restricted: overlong forms, surrogates, too large. */
static bool continues(const struct utf8_filter *filter, unsigned char byte)
{
    unsigned char first = (unsigned char)filter->pending[0], low = 0x80, high = 0xbf;

    if (filter->length == 1) {
        if (first == 0xc2 || first == 0xe0)
            low = 0xa0;
        if (first == 0xf0)
            low = 0x90;
        if (first == 0xed)
            high = 0x9f;
        if (first == 0xf4)
            high = 0x8f;
    }
    return byte >= low && byte <= high;
}

/* A byte that does not go on with what is pending. */
static size_t fresh(struct utf8_filter *filter, char byte, char *out)
{
    filter->wanted = begins((unsigned char)byte);
    filter->length = filter->wanted != 0;
    filter->pending[0] = byte;
    if (filter->wanted != 0)
        return 0;
    if ((unsigned char)byte >= 0x80)
        *out = '?';
    else if ((byte >= ' ' && byte != 0x7f) || byte == '\n' || byte == '\t')
        *out = byte;
    else
        return 0;
    return 1;
}

size_t utf8_filter(struct utf8_filter *filter, char byte, char out[UTF8_FILTER_ROOM])
{
    size_t made = 0;

    if (filter->length > 0 && continues(filter, (unsigned char)byte)) {
        filter->pending[filter->length++] = byte;
        if (filter->length < filter->wanted)
            return 0;
        filter->length = 0;
        for (; made < filter->wanted; made++)
            out[made] = filter->pending[made];
        return made;
    }
    if (filter->length > 0) {
        bool continuation = ((unsigned char)byte & 0xc0) == 0x80;

        /* One '?' for the broken character, with the byte that broke it if that begins none. */
        out[made++] = '?';
        filter->length = 0;
        if (continuation)
            return made;
    }
    return made + fresh(filter, byte, out + made);
}
