/* SPDX-License-Identifier: MIT */
/* The filter of the console of elfin.efi, against the C library's idea of UTF-8. */
#include "tests/lib/test.h"

#include "monitor/utf8.h"

#include <iconv.h>

enum {
    ROUNDS = 200000,
    LONGEST = 12
};

/* Filters the text; a newline at the end shows what was pending. */
static size_t filter(const char *text, size_t length, char *out)
{
    struct utf8_filter state = { .length = 0 };
    size_t made = 0;

    for (size_t i = 0; i < length; i++) {
        size_t more = utf8_filter(&state, text[i], out + made);

        REQUIRE(more <= UTF8_FILTER_ROOM);
        made += more;
    }
    made += utf8_filter(&state, '\n', out + made);
    return made;
}

static size_t encode(uint32_t code, char *out)
{
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static void every_character(void)
{
    char in[4], out[64];

    for (uint32_t code = 0x80; code < 0x120000; code++) {
        size_t length = encode(code, in), made = filter(in, length, out);
        bool good = code >= 0xa0 && (code < 0xd800 || code > 0xdfff) && code < 0x110000;

        if (good)
            CHECK_MSG(made == length + 1 && memcmp(in, out, length) == 0, "U+%04x is lost", code);
        else
            CHECK_MSG(made >= 2 && out[0] == '?', "U+%04x comes through", code);
        REQUIRE_NO_FAILURE();
    }
}

static void ascii(void)
{
    char out[64];

    for (int byte = 0; byte < 0x80; byte++) {
        char in = (char)byte;
        bool good = (byte >= ' ' && byte < 0x7f) || byte == '\n' || byte == '\t';

        CHECK_EQ(filter(&in, 1, out), good ? 2 : 1);
        CHECK(!good || out[0] == in);
    }
}

/* Whatever comes in, UTF-8 comes out; and what was UTF-8 without controls is unchanged. */
static void random_bytes(void)
{
    static const char interesting[] = "\xc2\x9b\xe2\x82\xac\xf0\x90\x80\xed\x9f\xa0\xf4\x8f\xbf"
                                      "a\x1b\xff\xc0\xe0\xf5";
    iconv_t convert = iconv_open("UTF-32LE", "UTF-8");

    REQUIRE(convert != (iconv_t)-1);
    for (int round = 0; round < ROUNDS; round++) {
        char in[LONGEST], out[LONGEST * UTF8_FILTER_ROOM], *from, *to;
        uint32_t codes[LONGEST * UTF8_FILTER_ROOM];
        size_t length = test_random_below(LONGEST), made, left, room = sizeof codes;
        bool clean = true;

        for (size_t i = 0; i < length; i++)
            in[i] = interesting[test_random_below(sizeof interesting - 1)];
        made = filter(in, length, out);
        from = out;
        to = (char *)codes;
        left = made;
        CHECK(iconv(convert, &from, &left, &to, &room) == 0 && left == 0);
        for (size_t i = 0; i < (sizeof codes - room) / 4; i++)
            clean = clean &&
                    (codes[i] >= 0xa0 || (codes[i] >= ' ' && codes[i] < 0x7f) || codes[i] == '\n');
        CHECK_MSG(clean, "a control character comes through in round %d", round);
        REQUIRE_NO_FAILURE();
    }
    iconv_close(convert);
}

static const struct test_case cases[] = {
    TEST_CASE(every_character),
    TEST_CASE(ascii),
    TEST_CASE(random_bytes),
};

TEST_MAIN("utf8", cases)
