/* SPDX-License-Identifier: MIT */
#include "tests/lib/test.h"

#include "libmini/sort.h"

enum {
    ROOM = 1 << 16
};

static unsigned char ours[ROOM];
static unsigned char theirs[ROOM];

struct order {
    size_t size;
    uint64_t calls;
};

static struct order order;

static int compare_bytes(const void *a, const void *b, void *ctx)
{
    struct order *o = ctx;

    o->calls++;
    return memcmp(a, b, o->size);
}

static int compare_for_qsort(const void *a, const void *b)
{
    return memcmp(a, b, order.size);
}

static unsigned int log2_ceiling(size_t n)
{
    unsigned int bits = 0;

    while (((size_t)1 << bits) < n)
        bits++;
    return bits;
}

/* Elements are compared whole, so equal ones are the same bytes and there is one right answer. */
static void sort_and_compare(size_t count, size_t size)
{
    order = (struct order){ size, 0 };
    memcpy(theirs, ours, count * size);
    qsort(theirs, count, size, compare_for_qsort);
    mini_sort(ours, count, size, compare_bytes, &order);
    CHECK_MSG(memcmp(ours, theirs, count * size) == 0, "%zu elements of %zu bytes", count, size);
    CHECK_MSG(order.calls <= 2 * count * log2_ceiling(count) + 2 * count,
              "%llu comparisons for %zu elements", (unsigned long long)order.calls, count);
}

static void sorts_random_elements(void)
{
    for (int i = 0; i < 3000; i++) {
        size_t size = 1 + test_random_below(40);
        size_t count = test_random_below(i % 8 == 0 ? ROOM / size : 40);
        unsigned char mask = i % 3 == 0 ? 1 : 0xff;
        for (size_t j = 0; j < count * size; j++)
            ours[j] = (unsigned char)test_random() & mask;
        sort_and_compare(count, size);
        REQUIRE_NO_FAILURE();
    }
}

/* All permutations of up to seven elements, by counting in a mixed radix. */
static void sorts_all_small_permutations(void)
{
    for (size_t count = 0; count <= 7; count++) {
        size_t permutations = 1;
        for (size_t i = 2; i <= count; i++)
            permutations *= i;
        for (size_t p = 0; p < permutations; p++) {
            for (size_t i = 0, rest = p; i < count; i++) {
                size_t at = rest % (i + 1);
                rest /= i + 1;
                memmove(ours + at + 1, ours + at, i - at);
                ours[at] = (unsigned char)i;
            }
            sort_and_compare(count, 1);
        }
        REQUIRE_NO_FAILURE();
    }
}

static void needs_no_luck(void)
{
    enum {
        COUNT = ROOM / 8
    };

    /* Ascending, descending, organ pipe, all equal, saw tooth: what quicksorts dislike. */
    for (int shape = 0; shape < 5; shape++) {
        for (size_t i = 0; i < COUNT; i++) {
            size_t values[] = { i, COUNT - i, i < COUNT / 2 ? i : COUNT - i, 7, i % 17 };
            for (size_t byte = 0; byte < 8; byte++)
                ours[i * 8 + byte] = (unsigned char)((uint64_t)values[shape] >> (56 - 8 * byte));
        }
        sort_and_compare(COUNT, 8);
    }
}

static int compare_randomly(const void *a, const void *b, void *ctx)
{
    (void)a;
    (void)b;
    (void)ctx;
    return (int)test_random_below(3) - 1;
}

/* The result is some permutation; an address sanitizer sees any access outside. */
static void survives_an_inconsistent_order(void)
{
    size_t count = 1000;
    uint32_t *values = malloc(count * sizeof(*values));
    REQUIRE(values != NULL);
    for (uint32_t i = 0; i < count; i++)
        values[i] = i;
    mini_sort(values, count, sizeof(*values), compare_randomly, NULL);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    CHECK_EQ(sum, count * (count - 1) / 2);
    free(values);
}

static const struct test_case cases[] = {
    TEST_CASE(sorts_random_elements),
    TEST_CASE(sorts_all_small_permutations),
    TEST_CASE(needs_no_luck),
    TEST_CASE(survives_an_inconsistent_order),
};

TEST_MAIN("mini_sort", cases)
