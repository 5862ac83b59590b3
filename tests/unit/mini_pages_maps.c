/* SPDX-License-Identifier: MIT */
/*
 * The page allocator under fire: memory maps as firmware gives them (tests/maps), and one of
 * 100,000 ranges, with every kind of constraint at once, against a list that is searched from end
 * to end; and every wrong call at every allocation.
 */
#include "tests/lib/test.h"

#include "libmini/pages.h"
#include "tests/lib/free_list.h"

#define P MINI_PAGE_SIZE

enum {
    LIVE_MAX = 3000
};

static const uint64_t gib = UINT64_C(1) << 30;

static struct {
    struct mini_pages pages;
    struct free_list list;
    void *nodes;
    size_t node_count;
    uint64_t total; /* pages */
    struct free_run live[LIVE_MAX];
    size_t live_count;
    uint64_t end;   /* of the highest run: where interesting addresses stop */
    uint64_t steps; /* the most nodes that an allocation visited */
} fire;

static void start(size_t node_count)
{
    fire.node_count = node_count;
    fire.nodes = malloc(node_count * sizeof(struct mini_pages_node));
    REQUIRE(fire.nodes != NULL);
    fire.live_count = 0;
    fire.steps = 0;
    mini_pages_init(&fire.pages, NULL, NULL);
    CHECK_EQ(
        mini_pages_add_nodes(&fire.pages, fire.nodes, node_count * sizeof(struct mini_pages_node)),
        node_count);
    for (size_t i = 0; i < fire.list.count; i++) {
        const struct free_run *run = &fire.list.runs[i];
        REQUIRE(mini_pages_add_range(&fire.pages, run->base, run->last - run->base + 1) ==
                MINI_PAGES_OK);
        fire.end = run->last;
    }
    fire.total = free_list_pages(&fire.list);
}

/* Also before each case: the one before may have been left in its middle. */
static void finish(void)
{
    free(fire.nodes);
    fire.nodes = NULL;
    free_list_drop(&fire.list);
}

/* Exact, at every step: what is free and used makes the total, and every node is somewhere. */
static void check_accounts(void)
{
    struct mini_pages_statistics told = mini_pages_statistics(&fire.pages);

    CHECK_EQ(told.total_pages, fire.total);
    CHECK_EQ(told.used_runs, fire.live_count);
    CHECK_EQ(told.spare_nodes + told.free_runs + told.used_runs, fire.node_count);
}

/* All that can be seen of the allocator, in one number. */
static uint64_t fingerprint(void)
{
    struct mini_pages_statistics told = mini_pages_statistics(&fire.pages);
    uint64_t sum = told.free_pages * 31 + told.largest_free * 37 + told.spare_nodes;
    struct mini_pages_run run;
    uint64_t at = 0;

    while (mini_pages_next(&fire.pages, at, &run)) {
        sum = (sum ^ run.base) * UINT64_C(0x9e3779b97f4a7c15) + run.last + run.used;
        at = run.last + 1;
        if (at == 0)
            break;
    }
    return sum;
}

/* Every free run, and the figures, against the list. */
static void compare_all(void)
{
    struct mini_pages_statistics told = mini_pages_statistics(&fire.pages);
    struct mini_pages_run run;
    uint64_t at = 0, largest = 0;

    CHECK_EQ(told.free_runs, fire.list.count);
    CHECK_EQ(told.free_pages, free_list_pages(&fire.list));
    for (size_t i = 0; i < fire.list.count; i++) {
        const struct free_run *wanted = &fire.list.runs[i];
        uint64_t pages = (wanted->last - wanted->base + 1) / P;
        do {
            REQUIRE(mini_pages_next(&fire.pages, at, &run));
            at = run.last + 1;
        } while (run.used);
        CHECK_EQ(run.base, wanted->base);
        CHECK_EQ(run.last, wanted->last);
        largest = pages > largest ? pages : largest;
    }
    CHECK_EQ(told.largest_free, largest);
}

/* Near something that matters: an end of a run or of 2 or 4 GiB, an allocation, or anywhere. */
static uint64_t random_address(void)
{
    uint64_t address = test_random_below(fire.end);
    const struct free_run *run;

    switch (test_random_below(6)) {
    case 0:
        address = test_random_below(5) * 2 * gib;
        break;
    case 1:
        if (fire.live_count > 0)
            address = fire.live[test_random_below(fire.live_count)].base;
        break;
    case 2:
    case 3:
        if (fire.list.count == 0)
            break;
        run = &fire.list.runs[test_random_below(fire.list.count)];
        address = test_random_below(2) == 0 ? run->base : run->last;
        break;
    case 4:
        return test_random_below(2) == 0 ? 0 : UINT64_MAX;
    default:
        break;
    }
    return address + (test_random_below(9) - 4) * (test_random_below(2) == 0 ? 1 : P);
}

/* The windows that relocations make. */
static void random_window(struct mini_pages_request *r)
{
    uint64_t x = random_address();

    r->low = 0;
    r->high = UINT64_MAX;
    switch (test_random_below(8)) {
    case 0:
        break;
    case 1:
        r->high = 2 * gib - 1;
        break;
    case 2:
        r->high = 4 * gib - 1;
        break;
    case 3:
        r->low = 0 - 2 * gib;
        break;
    case 4:
        r->low = 4 * gib;
        break;
    case 5: /* 2 GiB around x */
        r->low = x > 2 * gib ? x - 2 * gib : 0;
        r->high = x < UINT64_MAX - 2 * gib ? x + 2 * gib - 1 : UINT64_MAX;
        break;
    case 6: /* exactly one place */
        r->low = x / P * P;
        r->high = r->low + r->size - 1;
        break;
    default:
        r->low = x;
        r->high = random_address();
        break;
    }
}

static uint64_t random_pages(uint64_t largest)
{
    switch (test_random_below(8)) {
    case 0:
        return 1 + test_random_below(largest + 1);
    case 1: /* a run of the map, or a page more or less */
        if (fire.list.count > 0) {
            const struct free_run *run = &fire.list.runs[test_random_below(fire.list.count)];
            return (run->last - run->base) / P + 1 + test_random_below(3) / 2;
        }
        return 1;
    case 2:
        return 1 + test_random_below(600);
    default:
        return 1 + test_random_below(20);
    }
}

/* Size, alignment, window, policy and target, all at once. */
static bool allocate(uint64_t *counts)
{
    struct mini_pages_request r = {
        .align = test_random_below(3) == 0 ? 0 : P << test_random_below(19),
        .policy = (enum mini_pages_policy)test_random_below(3),
        .near = random_address(),
    };
    uint64_t expected = 0x123, base = 0x123;

    r.size = random_pages(mini_pages_statistics(&fire.pages).largest_free) * P;
    random_window(&r);
    bool possible = free_list_search(&fire.list, &r, &expected);
    uint64_t steps = fire.pages.tree.steps;
    enum mini_pages_status status = mini_pages_alloc(&fire.pages, &r, &base);
    steps = fire.pages.tree.steps - steps;
    fire.steps = steps > fire.steps ? steps : fire.steps;
    counts[possible]++;
    CHECK_EQ(status, possible ? MINI_PAGES_OK : MINI_PAGES_NO_MEMORY);
    CHECK_MSG(base == expected,
              "size 0x%llx align 0x%llx in [0x%llx, 0x%llx] policy %d near 0x%llx: got 0x%llx, "
              "best is 0x%llx",
              (unsigned long long)r.size, (unsigned long long)r.align, (unsigned long long)r.low,
              (unsigned long long)r.high, (int)r.policy, (unsigned long long)r.near,
              (unsigned long long)base, (unsigned long long)expected);
    REQUIRE_NO_FAILURE();
    if (!possible)
        return false;
    free_list_remove(&fire.list, base, base + r.size - 1);
    fire.live[fire.live_count++] = (struct free_run){ base, base + r.size - 1 };
    return true;
}

static void release(size_t index)
{
    struct free_run run = fire.live[index];

    CHECK_EQ(mini_pages_free(&fire.pages, run.base, run.last - run.base + 1), MINI_PAGES_OK);
    free_list_add(&fire.list, run.base, run.last);
    fire.live[index] = fire.live[--fire.live_count];
}

static void expect_bad_free(uint64_t base, uint64_t size, enum mini_pages_status wanted)
{
    CHECK_EQ(mini_pages_free(&fire.pages, base, size), wanted);
}

/* Everything that is not a free of this allocation; none may change anything. */
static void misuse(size_t index)
{
    uint64_t base = fire.live[index].base, size = fire.live[index].last - base + 1;
    uint64_t before = fingerprint();
    struct mini_pages_request all = { .size = MINI_PAGES_SIZE_MAX, .high = UINT64_MAX };
    uint64_t untouched = 7;

    expect_bad_free(base, size + P, MINI_PAGES_WRONG_SIZE);
    if (size > P) {
        expect_bad_free(base, size - P, MINI_PAGES_WRONG_SIZE);
        expect_bad_free(base + P, size - P, MINI_PAGES_NOT_START);
        expect_bad_free(base + size - P, P, MINI_PAGES_NOT_START);
    }
    expect_bad_free(base, 0, MINI_PAGES_INVALID);
    expect_bad_free(base, size - 1, MINI_PAGES_INVALID);
    expect_bad_free(base + 1, size, MINI_PAGES_INVALID);
    expect_bad_free(base, 0 - base, base == 0 ? MINI_PAGES_INVALID : MINI_PAGES_WRONG_SIZE);
    expect_bad_free(0 - P, 2 * P, MINI_PAGES_INVALID);
    expect_bad_free(0, P, MINI_PAGES_FOREIGN);
    expect_bad_free((fire.end + 1) * 2, size, MINI_PAGES_FOREIGN);
    if (fire.list.count > 0)
        expect_bad_free(fire.list.runs[0].base, P, MINI_PAGES_NOT_USED);
    CHECK_EQ(mini_pages_add_range(&fire.pages, base, size), MINI_PAGES_OVERLAP);
    CHECK_EQ(mini_pages_remove_range(&fire.pages, base, size), MINI_PAGES_BUSY);
    CHECK_EQ(mini_pages_alloc_at(&fire.pages, base, size), MINI_PAGES_NO_MEMORY);
    CHECK_EQ(mini_pages_alloc(&fire.pages, &all, &untouched), MINI_PAGES_NO_MEMORY);
    CHECK_EQ(untouched, 7);
    CHECK_EQ(fingerprint(), before);
}

/* Frees one and then once more. */
static void free_twice(size_t index)
{
    struct free_run run = fire.live[index];

    release(index);
    uint64_t before = fingerprint();
    expect_bad_free(run.base, run.last - run.base + 1, MINI_PAGES_NOT_USED);
    CHECK_EQ(fingerprint(), before);
}

/* Phases that fill and drain; memory is nearly full and nearly empty by turns. */
static void operate(int rounds, int compare_each, int misuse_each)
{
    uint64_t counts[2] = { 0 };
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < rounds; i++) {
        bool fill = i / 1500 % 2 == 0 ? test_random_below(8) != 0 : test_random_below(8) == 0;
        if (fire.live_count == 0 || (fill && fire.live_count < LIVE_MAX))
            allocate(counts);
        else if (i % misuse_each == 0)
            free_twice(test_random_below(fire.live_count));
        else
            release(test_random_below(fire.live_count));
        if (i % misuse_each == 0 && fire.live_count > 0)
            misuse(test_random_below(fire.live_count));
        if (i % compare_each == 0)
            compare_all();
        check_accounts();
        uint64_t left = mini_pages_statistics(&fire.pages).free_pages;
        least = left < least ? left : least;
        REQUIRE_NO_FAILURE();
    }
    compare_all();
    printf("# %zu runs of %llu pages: %llu requests met, %llu refused, %llu pages free at least\n",
           fire.list.count + fire.live_count, (unsigned long long)fire.total,
           (unsigned long long)counts[1], (unsigned long long)counts[0], (unsigned long long)least);
    CHECK(counts[0] > 50 && counts[1] > 50);
}

/* To the last page, and back: the map is as before, whatever the order. */
static void exhaust(void)
{
    struct mini_pages_request r = { .size = 4096 * P, .high = UINT64_MAX };
    struct free_run *taken = malloc((size_t)(fire.total + 1) * sizeof(*taken));
    size_t count = 0;
    uint64_t base;

    REQUIRE(taken != NULL);
    while (fire.live_count > 0)
        release(0);
    uint64_t before = fingerprint();
    for (; r.size >= P; r.size = r.size / 2 / P * P) {
        while (mini_pages_alloc(&fire.pages, &r, &base) == MINI_PAGES_OK) {
            taken[count++] = (struct free_run){ base, r.size };
            r.policy = (enum mini_pages_policy)test_random_below(3);
            r.near = random_address();
        }
    }
    struct mini_pages_statistics empty = mini_pages_statistics(&fire.pages);
    CHECK(empty.free_pages == 0 && empty.free_runs == 0 && empty.largest_free == 0);
    CHECK_EQ(empty.total_pages, fire.total);
    r.size = P;
    CHECK_EQ(mini_pages_alloc(&fire.pages, &r, &base), MINI_PAGES_NO_MEMORY);
    while (count > 0) {
        size_t i = test_random_below(count);
        CHECK_EQ(mini_pages_free(&fire.pages, taken[i].base, taken[i].last), MINI_PAGES_OK);
        taken[i] = taken[--count];
    }
    CHECK_EQ(fingerprint(), before);
    free(taken);
}

static void fire_at_map(const char *name)
{
    char path[100];

    finish();
    snprintf(path, sizeof(path), "tests/maps/%s.map", name);
    size_t entries = free_list_read_map(&fire.list, path);
    REQUIRE(entries > 20);
    printf("# %s: %zu entries, %zu free ranges\n", name, entries, fire.list.count);
    start(2 * LIVE_MAX + 2 * entries);
    operate(30000, 50, 7);
    finish();
    free_list_read_map(&fire.list, path);
    start(2 * (LIVE_MAX + entries));
    exhaust();
    finish();
}

static void real_map_q35_512M(void)
{
    fire_at_map("q35-512M");
}

static void real_map_q35_6G(void)
{
    fire_at_map("q35-6G");
}

static void real_map_pc_6G(void)
{
    fire_at_map("pc-6G");
}

/* Over 24 GiB, with every kind of window: every length from 1 page on, so that each limit cuts some
 * run. */
static void hundred_thousand_ranges(void)
{
    enum {
        RANGES = 100000
    };

    finish();
    for (uint64_t i = 1; i <= RANGES; i++) {
        uint64_t base = i * 64 * P, pages = 1 + test_random_below(60);
        free_list_add(&fire.list, base, base + pages * P - 1);
    }
    start(RANGES + 2 * LIVE_MAX);
    operate(1000, 250, 250);
    printf("# at most %llu nodes visited for an allocation among %d ranges\n",
           (unsigned long long)fire.steps, (int)RANGES);
    CHECK(fire.steps <= 230); /* 1.45 log2 of 100,000 is 24; a path is walked nine times at most */
    finish();
}

static const struct test_case cases[] = {
    TEST_CASE(real_map_q35_512M),
    TEST_CASE(real_map_q35_6G),
    TEST_CASE(real_map_pc_6G),
    TEST_CASE(hundred_thousand_ranges),
};

TEST_MAIN("mini_pages_maps", cases)
