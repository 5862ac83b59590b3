/* SPDX-License-Identifier: MIT */
#include "tests/lib/test.h"

#include "libmini/str.h"

enum {
    ROUNDS = 200000,
    LONGEST = 40
};

/* Few different characters, so that equal texts and long common prefixes are frequent. */
static size_t random_text(char *text, size_t longest)
{
    static const char letters[] = "ab\xff";
    size_t length = test_random_below(longest + 1);

    for (size_t i = 0; i < length; i++)
        text[i] = letters[test_random_below(test_random_below(8) == 0 ? 3 : 1)];
    text[length] = '\0';
    return length;
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void agrees_with_the_reference(void)
{
    char a[LONGEST + 1], b[LONGEST + 1];

    for (int i = 0; i < ROUNDS; i++) {
        size_t length = random_text(a, i % 2 == 0 ? LONGEST : 4);
        size_t other = random_text(b, 4);
        size_t max = test_random_below(LONGEST + 4);

        CHECK_EQ(mini_strlen(a), length);
        CHECK_EQ(mini_strnlen(a, max), length < max ? length : max);
        CHECK_EQ(sign(mini_str_compare(a, b)), sign(strcmp(a, b)));
        CHECK_EQ(mini_str_equal(a, b), strcmp(a, b) == 0);
        CHECK_EQ(mini_str_starts(a, b), strncmp(a, b, other) == 0);
        CHECK_EQ(mini_str_ends(a, b), length >= other && strcmp(a + length - other, b) == 0);
        CHECK_EQ(mini_str_equal_n(a, b, other), strcmp(a, b) == 0);
        CHECK(mini_strrchr(a, 'b') == strrchr(a, 'b'));
        const char *found = memchr(a, 'b', length < max ? length : max);
        CHECK(mini_strnchr(a, max, 'b') == found);
        CHECK(mini_strnchr(a, LONGEST + 1, '\0') == NULL);
        REQUIRE_NO_FAILURE();
    }
}

/* Without a terminator: an address sanitizer sees any byte read too far. */
static void reads_no_further_than_told(void)
{
    for (size_t size = 1; size < 20; size++) {
        char *text = malloc(size);
        REQUIRE(text != NULL);
        memset(text, '7', size);
        uint64_t value = 0;
        CHECK_EQ(mini_strnlen(text, size), size);
        CHECK(mini_strnchr(text, size, 'x') == NULL);
        CHECK(mini_parse_u64(text, size, &value));
        CHECK(!mini_str_equal_n("777", text, size) == (size != 3));
        free(text);
    }
}

static void copies_within_bounds(void)
{
    char source[LONGEST + 1], copy[LONGEST + 8];

    for (int i = 0; i < ROUNDS; i++) {
        size_t length = random_text(source, LONGEST);
        size_t size = test_random_below(LONGEST + 4);
        memset(copy, '#', sizeof(copy));
        CHECK_EQ(mini_strlcpy(copy, size, source), length);
        size_t kept = size == 0 ? 0 : length < size ? length : size - 1;
        CHECK_MEM(copy, source, kept);
        CHECK(size == 0 || copy[kept] == '\0');
        for (size_t j = size == 0 ? 0 : kept + 1; j < sizeof(copy); j++)
            CHECK(copy[j] == '#');
        REQUIRE_NO_FAILURE();
    }
}

struct number {
    const char *text;
    bool good;
    uint64_t value;
};

static void parses_numbers(void)
{
    static const struct number numbers[] = {
        { "0", true, 0 },
        { "00012", true, 12 },
        { "18446744073709551615", true, UINT64_MAX },
        { "18446744073709551616", false, 0 },
        { "18446744073709551620", false, 0 },
        { "99999999999999999999", false, 0 },
        { "0x0", true, 0 },
        { "0xffffffffffffffff", true, UINT64_MAX },
        { "0xFFFFffffFFFFffff", true, UINT64_MAX },
        { "0X1bCd", true, 0x1bcd },
        { "0x00000000000000000001", true, 1 },
        { "0x10000000000000000", false, 0 },
        { "", false, 0 },
        { "0x", false, 0 },
        { "x1", false, 0 },
        { "-1", false, 0 },
        { "+1", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "12a", false, 0 },
        { "0xg", false, 0 },
        { "0x1x", false, 0 },
        { "1:", false, 0 },
        { "1/", false, 0 },
        { "0x@", false, 0 },
        { "0x`", false, 0 },
        { "0xG", false, 0 },
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct number *n = &numbers[i];
        uint64_t value = 0x1234;
        bool good = mini_parse_u64(n->text, strlen(n->text), &value);
        CHECK_MSG(good == n->good && value == (good ? n->value : 0x1234), "\"%s\" gives %d, %llu",
                  n->text, good, (unsigned long long)value);
    }
    uint64_t value;
    CHECK(mini_parse_u64("123", 2, &value) && value == 12);
    CHECK(!mini_parse_u64("0x1", 2, &value));
    CHECK(mini_parse_u64("0x1", 1, &value) && value == 0);
}

static void parses_what_is_printed(void)
{
    char text[40];

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t value = test_random() >> test_random_below(64), parsed = ~value;
        int length =
            snprintf(text, sizeof(text), i % 2 == 0 ? "%llu" : "0x%llx", (unsigned long long)value);
        CHECK(mini_parse_u64(text, (size_t)length, &parsed));
        CHECK_EQ(parsed, value);
        REQUIRE_NO_FAILURE();
    }
}

static const struct test_case cases[] = {
    TEST_CASE(agrees_with_the_reference), TEST_CASE(reads_no_further_than_told),
    TEST_CASE(copies_within_bounds),      TEST_CASE(parses_numbers),
    TEST_CASE(parses_what_is_printed),
};

TEST_MAIN("mini_str", cases)
