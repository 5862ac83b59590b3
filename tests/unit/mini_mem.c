/* SPDX-License-Identifier: MIT */
/*
 * The memory functions under other names, since the C library's own are in this program too (and
 * are what they are compared with). MINI_MEM_PORTABLE makes it a test of the portable form.
 */
#include "tests/lib/test.h"

#define memcpy  mini_test_memcpy
#define memmove mini_test_memmove
#define memset  mini_test_memset
#define memcmp  mini_test_memcmp
#include "libmini/mem_copy.c"
#include "libmini/mem_move.c"
#include "libmini/mem_set.c"
#include "libmini/mem_compare.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp

#ifdef MINI_MEM_PORTABLE
#define SUITE "mini_mem_portable"
#else
#define SUITE "mini_mem"
#endif

/* Room for every size around the word and string-instruction limits, at every alignment. */
enum {
    ROOM = 512,
    ROUNDS = 60000
};

static unsigned char ours[ROOM];
static unsigned char theirs[ROOM];
static unsigned char source[ROOM];

static void fill_randomly(unsigned char *bytes)
{
    for (size_t i = 0; i < ROOM; i++)
        bytes[i] = (unsigned char)test_random();
}

static size_t random_size(void)
{
    return test_random_below(test_random_below(4) == 0 ? 200 : 24);
}

static void copies_like_the_reference(void)
{
    fill_randomly(source);
    fill_randomly(ours);
    memcpy(theirs, ours, ROOM);
    for (int i = 0; i < ROUNDS; i++) {
        size_t size = random_size();
        size_t to = test_random_below(ROOM - size);
        size_t from = test_random_below(ROOM - size);
        CHECK(mini_test_memcpy(ours + to, source + from, size) == ours + to);
        memcpy(theirs + to, source + from, size);
        CHECK_MEM(ours, theirs, ROOM);
        REQUIRE_NO_FAILURE();
    }
}

static void moves_overlapping_like_the_reference(void)
{
    fill_randomly(ours);
    memcpy(theirs, ours, ROOM);
    for (int i = 0; i < ROUNDS; i++) {
        size_t size = random_size();
        size_t to = 100 + test_random_below(100);
        size_t from = to + test_random_below(64) - 32;
        CHECK(mini_test_memmove(ours + to, ours + from, size) == ours + to);
        memmove(theirs + to, theirs + from, size);
        CHECK_MEM(ours, theirs, ROOM);
        if (i % 64 == 0) {
            fill_randomly(ours);
            memcpy(theirs, ours, ROOM);
        }
        REQUIRE_NO_FAILURE();
    }
}

static void moves_every_distance(void)
{
    for (size_t size = 0; size < 140; size++) {
        for (size_t from = 0; from < 300; from += 1 + size / 8) {
            fill_randomly(ours);
            memcpy(theirs, ours, ROOM);
            mini_test_memmove(ours + 150, ours + from, size);
            memmove(theirs + 150, theirs + from, size);
            CHECK_MEM(ours, theirs, ROOM);
        }
        REQUIRE_NO_FAILURE();
    }
}

static void sets_like_the_reference(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        size_t size = random_size();
        size_t at = test_random_below(ROOM - size);
        /* Only the low byte of the value counts, whatever its sign. */
        int value = (int)(uint32_t)test_random();
        CHECK(mini_test_memset(ours + at, value, size) == ours + at);
        memset(theirs + at, value, size);
        CHECK_MEM(ours, theirs, ROOM);
        REQUIRE_NO_FAILURE();
    }
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void compares_like_the_reference(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        size_t size = random_size();
        size_t at = test_random_below(ROOM - 200);
        size_t other = test_random_below(ROOM - 200);
        fill_randomly(source);
        memcpy(ours + at, source, 200);
        memcpy(theirs + other, source, 200);
        /* None, one or two differences, inside or just behind what is compared. */
        for (uint64_t n = test_random_below(3); n > 0; n--)
            ours[at + test_random_below(size + 2)] ^= (unsigned char)(1u << test_random_below(8));
        CHECK_EQ(sign(mini_test_memcmp(ours + at, theirs + other, size)),
                 sign(memcmp(ours + at, theirs + other, size)));
        REQUIRE_NO_FAILURE();
    }
}

static void handles_a_megabyte(void)
{
    enum {
        SIZE = 1 << 20
    };
    unsigned char *a = malloc(SIZE + 1);
    unsigned char *b = malloc(SIZE + 1);
    REQUIRE(a != NULL && b != NULL);
    for (size_t i = 0; i < SIZE; i++)
        a[i] = (unsigned char)test_random();
    a[SIZE] = b[SIZE] = 0x5a;
    mini_test_memcpy(b, a, SIZE);
    CHECK_MEM(a, b, SIZE);
    CHECK_EQ(mini_test_memcmp(a, b, SIZE), 0);
    b[SIZE - 1] ^= 1;
    CHECK(mini_test_memcmp(a, b, SIZE) != 0);
    mini_test_memmove(a + 1, a, SIZE - 1);
    CHECK_MEM(a + 1, b, SIZE - 1);
    mini_test_memset(a, 0xee, SIZE);
    for (size_t i = 0; i < SIZE; i++)
        CHECK(a[i] == 0xee);
    CHECK_EQ(a[SIZE], 0x5a);
    free(a);
    free(b);
}

static const struct test_case cases[] = {
    TEST_CASE(copies_like_the_reference),   TEST_CASE(moves_overlapping_like_the_reference),
    TEST_CASE(moves_every_distance),        TEST_CASE(sets_like_the_reference),
    TEST_CASE(compares_like_the_reference), TEST_CASE(handles_a_megabyte),
};

TEST_MAIN(SUITE, cases)
