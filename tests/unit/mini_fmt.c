/* SPDX-License-Identifier: MIT */
#include "tests/lib/test.h"

#include "libmini/fmt.h"

#include <limits.h>

enum {
    ROUNDS = 400000,
    ROOM = 400
};

/* A random directive for which the C standard defines the result. */
struct directive {
    char format[64];
    char conversion;
    char length[3];
    int stars; /* how many int arguments come first */
    int star[2];
};

static void add(struct directive *d, const char *text)
{
    strncat(d->format, text, sizeof(d->format) - strlen(d->format) - 1);
}

static void add_count(struct directive *d)
{
    char digits[16];
    int count = (int)test_random_below(test_random_below(8) == 0 ? 100 : 24);

    if (test_random_below(3) == 0) {
        add(d, "*");
        d->star[d->stars++] = test_random_below(3) == 0 ? -count : count;
        return;
    }
    snprintf(digits, sizeof(digits), "%d", count);
    /* A width that starts with 0 would be a flag. */
    add(d, count == 0 ? "" : digits);
}

static void make_directive(struct directive *d)
{
    static const char conversions[] = "diuoxXcsp";
    static const char *const flags[] = { "-0+ ", "-0+ ", "-0", "-0#", "-0#", "-0#", "-", "-", "-" };
    static const char *const lengths[] = { "", "hh", "h", "l", "ll", "j", "z", "t" };
    size_t kind = test_random_below(sizeof(conversions) - 1);
    const char *allowed = flags[kind];

    memset(d, 0, sizeof(*d));
    d->conversion = conversions[kind];
    add(d, "<%");
    for (uint64_t n = test_random_below(4); n > 0; n--)
        add(d, (char[]){ allowed[test_random_below(strlen(allowed))], '\0' });
    if (test_random_below(2) == 0)
        add_count(d);
    if (d->conversion != 'c' && d->conversion != 'p' && test_random_below(2) == 0) {
        add(d, ".");
        add_count(d);
    }
    if (kind < 6)
        snprintf(d->length, sizeof(d->length), "%s", lengths[test_random_below(8)]);
    add(d, d->length);
    add(d, (char[]){ d->conversion, '\0' });
    add(d, ">");
}

static char expected[ROOM];
static char actual[ROOM];
static int expected_length;
static size_t actual_length;
static size_t room;

#define BOTH(d, value)                                                                             \
    do {                                                                                           \
        const int *s = (d)->star;                                                                  \
        if ((d)->stars == 0) {                                                                     \
            expected_length = snprintf(expected, room, (d)->format, value);                        \
            actual_length = mini_fmt(actual, room, (d)->format, value);                            \
        } else if ((d)->stars == 1) {                                                              \
            expected_length = snprintf(expected, room, (d)->format, s[0], value);                  \
            actual_length = mini_fmt(actual, room, (d)->format, s[0], value);                      \
        } else {                                                                                   \
            expected_length = snprintf(expected, room, (d)->format, s[0], s[1], value);            \
            actual_length = mini_fmt(actual, room, (d)->format, s[0], s[1], value);                \
        }                                                                                          \
    } while (0)

/* Zero, the extremes and small numbers often enough; signs come by the conversion. */
static uint64_t random_value(void)
{
    static const uint64_t corners[] = {
        0, 1, UINT64_MAX, INT64_MAX, (uint64_t)1 << 63, 0x80000000u
    };

    if (test_random_below(4) == 0)
        return corners[test_random_below(6)];
    return test_random() >> test_random_below(64);
}

static void format_integer(const struct directive *d, uint64_t value)
{
    if (strcmp(d->length, "l") == 0)
        BOTH(d, (long)value);
    else if (strcmp(d->length, "ll") == 0)
        BOTH(d, (long long)value);
    else if (strcmp(d->length, "j") == 0)
        BOTH(d, (intmax_t)value);
    else if (strcmp(d->length, "z") == 0)
        BOTH(d, (size_t)value);
    else if (strcmp(d->length, "t") == 0)
        BOTH(d, (ptrdiff_t)value);
    else
        BOTH(d, (int)value);
}

static void agrees_with_snprintf(void)
{
    struct directive d;
    char text[40];

    for (int i = 0; i < ROUNDS; i++) {
        make_directive(&d);
        room = test_random_below(8) == 0 ? test_random_below(20) : ROOM;
        memset(expected, '#', ROOM);
        memset(actual, '#', ROOM);
        uint64_t value = random_value();
        if (d.conversion == 's') {
            size_t length = test_random_below(sizeof(text));
            memset(text, 'x', length);
            text[length] = '\0';
            BOTH(&d, text);
        } else if (d.conversion == 'p') {
            BOTH(&d, (void *)(uintptr_t)(value | 1));
        } else if (d.conversion == 'c') {
            BOTH(&d, (int)(value & 0x7f));
        } else {
            format_integer(&d, value);
        }
        CHECK_MSG(actual_length == (size_t)expected_length && memcmp(actual, expected, ROOM) == 0,
                  "\"%s\" of 0x%llx with room %zu gives \"%s\" (%zu), expected \"%s\" (%d)",
                  d.format, (unsigned long long)value, room, room > 0 ? actual : "", actual_length,
                  room > 0 ? expected : "", expected_length);
        REQUIRE_NO_FAILURE();
    }
}

#define CHECK_FMT(text, ...)                                                                       \
    do {                                                                                           \
        size_t length = mini_fmt(actual, ROOM, __VA_ARGS__);                                       \
        CHECK_STR(actual, text);                                                                   \
        CHECK_EQ(length, strlen(text));                                                            \
    } while (0)

/* Formats that compilers refuse to check. */
static const char *volatile unchecked;

static void documents_its_own_choices(void)
{
    CHECK_FMT("a b 100% c", "a %s 100%% %c", "b", 'c');
    CHECK_FMT("[       0x0][0x0       ]", "[%10p][%-10p]", (void *)0, (void *)0);
    const char *volatile nothing = NULL;
    CHECK_FMT("(null)|  (null)|(nu", "%s|%8s|%.3s", nothing, nothing, nothing);
    CHECK_FMT("abc|ab|", "%.*s|%.*s|%.0s", 3, "abcdef", 2, "abc", "x");
}

static void stops_at_what_it_does_not_know(void)
{
    unchecked = "%d %f %d";
    CHECK_FMT("7 %f %d", unchecked, 7, 1, 2);
    unchecked = "x%n%s";
    int untouched = 5;
    CHECK_FMT("x%n%s", unchecked, &untouched);
    CHECK_EQ(untouched, 5);
    unchecked = "%ls";
    CHECK_FMT("%ls", unchecked, L"x");
    unchecked = "%lc|%hhs";
    CHECK_FMT("%lc|%hhs", unchecked, 1, 2);
    unchecked = "%-5.3q%d";
    CHECK_FMT("%-5.3q%d", unchecked, 1);
    unchecked = "end %";
    CHECK_FMT("end %", unchecked, 0);
    unchecked = "end %-08.3ll";
    CHECK_FMT("end %-08.3ll", unchecked, 0);
}

static void survives_enormous_counts(void)
{
    char small[8];

    CHECK_EQ(mini_fmt(small, sizeof(small), "%*d", 1000000, 1), 1000000);
    CHECK_STR(small, "       ");
    CHECK_EQ(mini_fmt(small, sizeof(small), "%.*d", 1000000, 1), 1000000);
    CHECK_STR(small, "0000000");
    CHECK_EQ(mini_fmt(small, sizeof(small), "%-*d", 1000000, 12), 1000000);
    CHECK_STR(small, "12     ");
    unchecked = "%.99999999999999999999999999s";
    CHECK_EQ(mini_fmt(small, sizeof(small), unchecked, "abc"), 3);
    CHECK_STR(small, "abc");
    CHECK_EQ(mini_fmt(NULL, 0, "%d", INT_MIN), 11);
}

struct collected {
    char text[ROOM];
    size_t length;
    size_t pieces;
    bool empty_piece;
};

static void collect(void *ctx, const char *text, size_t length)
{
    struct collected *all = ctx;

    REQUIRE(all->length + length < ROOM);
    memcpy(all->text + all->length, text, length);
    all->length += length;
    all->pieces++;
    all->empty_piece = all->empty_piece || length == 0;
}

static void feeds_a_sink(void)
{
    struct collected all = { 0 };

    mini_fmt_to(collect, &all, "%s=%#06x;%*s|%-*s|%c%%\n", "key", 0x2au, 70, "right", 70, "left",
                'z');
    snprintf(expected, ROOM, "%s=%#06x;%*s|%-*s|%c%%\n", "key", 0x2au, 70, "right", 70, "left",
             'z');
    CHECK_STR(all.text, expected);
    CHECK(!all.empty_piece);
    CHECK(all.pieces > 1);

    struct collected none = { 0 };
    mini_fmt_to(collect, &none, "%s%.0d", "", 0);
    CHECK_EQ(none.pieces, 0);
}

static const struct test_case cases[] = {
    TEST_CASE(agrees_with_snprintf),
    TEST_CASE(documents_its_own_choices),
    TEST_CASE(stops_at_what_it_does_not_know),
    TEST_CASE(survives_enormous_counts),
    TEST_CASE(feeds_a_sink),
};

TEST_MAIN("mini_fmt", cases)
