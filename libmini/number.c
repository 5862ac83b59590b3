/* SPDX-License-Identifier: MIT */
#include "libmini/str.h"

static unsigned int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned int)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned int)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned int)(c - 'A') + 10;
    return UINT32_MAX;
}

bool mini_parse_u64(const char *text, size_t length, uint64_t *out)
{
    uint64_t value = 0;
    unsigned int radix = 10;
    size_t i = 0;

    if (length >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        radix = 16;
        i = 2;
    }
    if (i == length)
        return false;
    for (; i < length; i++) {
        unsigned int digit = digit_value(text[i]);
        if (digit >= radix || value > (UINT64_MAX - digit) / radix)
            return false;
        value = value * radix + digit;
    }
    *out = value;
    return true;
}
