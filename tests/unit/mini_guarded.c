/* SPDX-License-Identifier: MIT */
/* Runs with guards: aligned, within their limits, and never less than a page from each other. */
#include "tests/lib/test.h"

#include "libmini/guarded.h"

#define P MINI_PAGE_SIZE

enum {
    NODES = 4096,
    RUNS = 400,
    STEPS = 20000
};

static struct mini_pages_node nodes[NODES];

static void begin(struct mini_pages *pages, uint64_t base, uint64_t size)
{
    mini_pages_init(pages, NULL, NULL);
    mini_pages_add_nodes(pages, nodes, sizeof(nodes));
    CHECK_EQ(mini_pages_add_range(pages, base, size), MINI_PAGES_OK);
}

static uint64_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1;
    return *state >> 33;
}

struct run {
    uint64_t base, size;
};

static bool apart(const struct run *a, const struct run *b)
{
    return a->base + a->size + P <= b->base || b->base + b->size + P <= a->base;
}

static void check_run(const struct run *runs, size_t count, const struct run *run,
                      const struct mini_pages_request *request)
{
    CHECK(run->base >= request->low && run->base + (run->size - 1) <= request->high);
    CHECK(request->align == 0 || run->base % request->align == 0);
    for (size_t i = 0; i < count; i++)
        CHECK(apart(&runs[i], run));
}

static void runs_are_apart(void)
{
    const uint64_t base = UINT64_C(0x40000000), size = 4096 * P;
    struct mini_pages pages;
    struct run runs[RUNS];
    uint64_t state = 1;
    size_t count = 0;

    begin(&pages, base, size);
    for (int step = 0; step < STEPS; step++) {
        struct mini_pages_request request = { .size = (1 + next(&state) % 20) * P,
                                              .align = P << next(&state) % 4,
                                              .low = base + next(&state) % 4096 * P,
                                              .high = base + size,
                                              .policy = (enum mini_pages_policy)(step % 3),
                                              .near = base + next(&state) % 4096 * P };
        size_t i = count > 0 ? next(&state) % count : 0;

        if (count > 0 && (count == RUNS || next(&state) % 2)) {
            CHECK_EQ(mini_guarded_free(&pages, runs[i].base), MINI_PAGES_OK);
            runs[i] = runs[--count];
            continue;
        }
        runs[count].size = request.size;
        if (mini_guarded_alloc(&pages, &request, &runs[count].base) == MINI_PAGES_OK) {
            check_run(runs, count, &runs[count], &request);
            count++;
        }
        REQUIRE_NO_FAILURE();
    }
    while (count > 0)
        CHECK_EQ(mini_guarded_free(&pages, runs[--count].base), MINI_PAGES_OK);
    CHECK_EQ(mini_pages_statistics(&pages).free_pages, 4096);
}

static void exact_addresses(void)
{
    struct mini_pages_request request = {
        .size = 2 * P, .align = UINT64_C(1) << 21, .low = 5 * P, .high = 7 * P - 1
    };
    struct mini_pages pages;
    uint64_t base;

    begin(&pages, 0, 10 * P);
    CHECK_EQ(mini_guarded_alloc(&pages, &request, &base), MINI_PAGES_OK);
    CHECK_EQ(base, 5 * P);
    CHECK_EQ(mini_pages_statistics(&pages).free_pages, 6); /* pages 4 to 7 are taken */
    request.low = 8 * P;
    request.high = 10 * P - 1; /* the guard behind it is not managed */
    CHECK_EQ(mini_guarded_alloc(&pages, &request, &base), MINI_PAGES_NO_MEMORY);
    request.low = 0;
    request.high = 2 * P - 1; /* nor is the one before it */
    CHECK_EQ(mini_guarded_alloc(&pages, &request, &base), MINI_PAGES_NO_MEMORY);
    CHECK_EQ(mini_guarded_free(&pages, 2 * P), MINI_PAGES_NOT_USED);
    CHECK_EQ(mini_guarded_free(&pages, 100 * P), MINI_PAGES_FOREIGN);
    CHECK_EQ(mini_guarded_free(&pages, 5 * P), MINI_PAGES_OK);
    CHECK_EQ(mini_pages_statistics(&pages).free_pages, 10);
}

static void sizes_have_limits(void)
{
    struct mini_pages_request request = { .size = MINI_PAGES_SIZE_MAX, .high = UINT64_MAX };
    struct mini_pages pages;
    uint64_t base;

    begin(&pages, 0, 10 * P);
    CHECK_EQ(mini_guarded_alloc(&pages, &request, &base), MINI_PAGES_INVALID);
    request.size = P;
    request.align = 3;
    CHECK_EQ(mini_guarded_alloc(&pages, &request, &base), MINI_PAGES_INVALID);
    request.align = UINT64_C(1) << 63;
    CHECK_EQ(mini_guarded_alloc(&pages, &request, &base), MINI_PAGES_INVALID);
}

static const struct test_case cases[] = {
    TEST_CASE(runs_are_apart),
    TEST_CASE(exact_addresses),
    TEST_CASE(sizes_have_limits),
};

TEST_MAIN("mini_guarded", cases)
