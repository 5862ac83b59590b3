/* SPDX-License-Identifier: MIT */
/*
 * The page allocator against a model that looks at every page. The model's universe is a number of
 * small windows at the addresses that matter: the bottom, the top, and around the powers of two.
 */
#include "tests/lib/test.h"

#include "libmini/pages.h"

#define P MINI_PAGE_SIZE

enum {
    WINDOWS = 12,
    WINDOW_PAGES = 40,
    ALLOCATIONS = WINDOWS * WINDOW_PAGES
};

static const uint64_t windows[WINDOWS] = {
    0,
    UINT64_C(100) * P,
    (UINT64_C(1) << 21) - 20 * P,
    (UINT64_C(3) << 21) - 4 * P,
    (UINT64_C(1) << 30) - 8 * P,
    (UINT64_C(1) << 32) - 16 * P,
    (UINT64_C(1) << 32) + (UINT64_C(1) << 21),
    (UINT64_C(1) << 33) - 39 * P,
    (UINT64_C(1) << 47) - 20 * P,
    (UINT64_C(1) << 63) - 20 * P,
    UINT64_C(0xffffffff80000000),
    0 - WINDOW_PAGES *P,
};

enum page {
    UNMANAGED,
    FREE,
    USED,
    START
}; /* START: the first page of an allocation */

struct allocation {
    uint64_t base;
    uint64_t size;
};

static struct {
    unsigned char pages[WINDOWS][WINDOW_PAGES];
    struct allocation allocations[ALLOCATIONS];
    size_t count;
} model;

static bool model_page(uint64_t address, unsigned char **page)
{
    for (size_t w = 0; w < WINDOWS; w++) {
        if (address >= windows[w] && address - windows[w] < WINDOW_PAGES * P) {
            *page = &model.pages[w][(address - windows[w]) / P];
            return true;
        }
    }
    return false;
}

static enum page model_state(uint64_t address)
{
    unsigned char *page;

    return model_page(address, &page) ? (enum page) * page : UNMANAGED;
}

static void model_set(uint64_t base, uint64_t size, enum page state)
{
    unsigned char *page;

    for (uint64_t offset = 0; offset < size; offset += P) {
        REQUIRE(model_page(base + offset, &page));
        *page = (unsigned char)state;
    }
}

static void model_mark_used(uint64_t base, uint64_t size)
{
    unsigned char *page;

    model_set(base, size, USED);
    REQUIRE(model_page(base, &page));
    *page = START;
    model.allocations[model.count++] = (struct allocation){ base, size };
}

static bool model_better(const struct mini_pages_request *r, uint64_t candidate, uint64_t best)
{
    uint64_t distance, least;

    switch (r->policy) {
    case MINI_PAGES_LOWEST:
        return candidate < best;
    case MINI_PAGES_HIGHEST:
        return candidate > best;
    case MINI_PAGES_NEAREST:
        distance = candidate > r->near ? candidate - r->near : r->near - candidate;
        least = best > r->near ? best - r->near : r->near - best;
        return distance < least || (distance == least && candidate < best);
    }
    return false;
}

/* Tries every page as a base. */
static bool model_search(const struct mini_pages_request *r, uint64_t *best)
{
    bool found = false;

    for (size_t w = 0; w < WINDOWS; w++) {
        uint64_t run = 0;
        for (size_t i = WINDOW_PAGES; i-- > 0;) {
            uint64_t base = windows[w] + i * P;
            run = model.pages[w][i] == FREE ? run + P : 0;
            if (run < r->size || (r->align > P && base % r->align != 0) || base < r->low ||
                base > r->high || r->high - base < r->size - 1)
                continue;
            if (!found || model_better(r, base, *best))
                *best = base;
            found = true;
        }
    }
    return found;
}

static size_t model_runs(void)
{
    size_t runs = 0;

    for (size_t w = 0; w < WINDOWS; w++) {
        for (size_t i = 0; i < WINDOW_PAGES; i++) {
            unsigned char page = model.pages[w][i];
            runs += page == START || (page == FREE && (i == 0 || model.pages[w][i - 1] != FREE));
        }
    }
    return runs;
}

/* Every run, every figure. */
static void compare_with_model(struct mini_pages *pages, size_t nodes)
{
    struct mini_pages_statistics told = mini_pages_statistics(pages);
    struct mini_pages_statistics counted = { 0 };
    struct mini_pages_run run;
    uint64_t at = 0;
    bool more = mini_pages_next(pages, 0, &run);

    for (size_t w = 0; w < WINDOWS; w++) {
        for (size_t i = 0, length; i < WINDOW_PAGES; i += length) {
            const unsigned char *page = &model.pages[w][i];
            length = 1;
            if (*page == UNMANAGED)
                continue;
            enum page rest = *page == START ? USED : FREE;
            while (i + length < WINDOW_PAGES && page[length] == rest)
                length++;
            REQUIRE(more);
            CHECK_EQ(run.base, windows[w] + i * P);
            CHECK_EQ(run.last, windows[w] + (i + length) * P - 1);
            CHECK_EQ(run.used, *page == START);
            counted.total_pages += length;
            if (run.used) {
                counted.used_runs++;
            } else {
                counted.free_runs++;
                counted.free_pages += length;
                if (length > counted.largest_free)
                    counted.largest_free = length;
            }
            at = run.last + 1;
            more = at != 0 && mini_pages_next(pages, at, &run);
        }
    }
    CHECK(!more);
    CHECK_EQ(told.total_pages, counted.total_pages);
    CHECK_EQ(told.free_pages, counted.free_pages);
    CHECK_EQ(told.largest_free, counted.largest_free);
    CHECK_EQ(told.free_runs, counted.free_runs);
    CHECK_EQ(told.used_runs, counted.used_runs);
    CHECK_EQ(told.spare_nodes + told.free_runs + told.used_runs, nodes);
}

/* In or near a window, not always on a page. */
static uint64_t random_address(void)
{
    uint64_t address = windows[test_random_below(WINDOWS)];

    if (test_random_below(8) == 0)
        return test_random_below(2) == 0 ? 0 : UINT64_MAX;
    address += (test_random_below(WINDOW_PAGES + 6) - 3) * P;
    return test_random_below(2) == 0 ? address : address + test_random_below(3) - 1;
}

static uint64_t random_page(void)
{
    return windows[test_random_below(WINDOWS)] + test_random_below(WINDOW_PAGES) * P;
}

static uint64_t random_size(void)
{
    return (1 + test_random_below(test_random_below(4) == 0 ? WINDOW_PAGES : 5)) * P;
}

static void try_alloc(struct mini_pages *pages, uint64_t *counts)
{
    struct mini_pages_request r = {
        .size = random_size(),
        .align = test_random_below(2) == 0 ? 0 : UINT64_C(1) << test_random_below(22),
        .high = UINT64_MAX,
        .policy = (enum mini_pages_policy)test_random_below(3),
        .near = random_address(),
    };
    uint64_t expected = 0, base = 0x123;

    if (test_random_below(16) == 0)
        r.align = UINT64_C(1) << test_random_below(64);
    if (test_random_below(2) == 0)
        r.low = random_address();
    if (test_random_below(2) == 0)
        r.high = random_address();

    bool possible = model_search(&r, &expected);
    size_t spare = mini_pages_statistics(pages).spare_nodes;
    enum mini_pages_status status = mini_pages_alloc(pages, &r, &base);
    counts[status]++;
    if (status == MINI_PAGES_NO_NODES) {
        size_t before = model_runs();
        REQUIRE(possible);
        model_mark_used(expected, r.size);
        CHECK(model_runs() - before > spare);
        model_set(expected, r.size, FREE);
        model.count--;
    } else {
        CHECK_EQ(status, possible ? MINI_PAGES_OK : MINI_PAGES_NO_MEMORY);
    }
    if (status == MINI_PAGES_OK) {
        CHECK_MSG(base == expected,
                  "size 0x%llx align 0x%llx in [0x%llx, 0x%llx] policy %d near 0x%llx: "
                  "got 0x%llx, best is 0x%llx",
                  (unsigned long long)r.size, (unsigned long long)r.align,
                  (unsigned long long)r.low, (unsigned long long)r.high, (int)r.policy,
                  (unsigned long long)r.near, (unsigned long long)base,
                  (unsigned long long)expected);
        REQUIRE_NO_FAILURE();
        model_mark_used(base, r.size);
    } else {
        CHECK_EQ(base, 0x123);
    }
}

static bool model_all(uint64_t base, uint64_t size, enum page state)
{
    for (uint64_t offset = 0; offset < size; offset += P) {
        if (model_state(base + offset) != state)
            return false;
    }
    return true;
}

static void try_alloc_at(struct mini_pages *pages, uint64_t *counts)
{
    uint64_t base = random_page(), size = random_size();
    bool wraps = base + (size - 1) < base;
    bool possible = !wraps && model_all(base, size, FREE);
    enum mini_pages_status status = mini_pages_alloc_at(pages, base, size);

    counts[status]++;
    if (wraps)
        CHECK_EQ(status, MINI_PAGES_INVALID);
    else if (status != MINI_PAGES_NO_NODES)
        CHECK_EQ(status, possible ? MINI_PAGES_OK : MINI_PAGES_NO_MEMORY);
    else
        CHECK(possible);
    if (status == MINI_PAGES_OK)
        model_mark_used(base, size);
}

static void try_free(struct mini_pages *pages, uint64_t *counts)
{
    if (model.count == 0)
        return;
    size_t index = test_random_below(model.count);
    struct allocation a = model.allocations[index];
    CHECK_EQ(mini_pages_free(pages, a.base, a.size), MINI_PAGES_OK);
    counts[MINI_PAGES_OK]++;
    model_set(a.base, a.size, FREE);
    model.allocations[index] = model.allocations[--model.count];
}

static enum mini_pages_status model_free_status(uint64_t base, uint64_t size)
{
    if (size == 0 || base % P != 0 || size % P != 0 || base + (size - 1) < base)
        return MINI_PAGES_INVALID;
    switch (model_state(base)) {
    case UNMANAGED:
        return MINI_PAGES_FOREIGN;
    case FREE:
        return MINI_PAGES_NOT_USED;
    case USED:
        return MINI_PAGES_NOT_START;
    case START:
        break;
    }
    for (size_t i = 0; i < model.count; i++) {
        if (model.allocations[i].base == base && model.allocations[i].size == size)
            return MINI_PAGES_OK;
    }
    return MINI_PAGES_WRONG_SIZE;
}

static void try_bad_free(struct mini_pages *pages, uint64_t *counts)
{
    uint64_t base = test_random_below(8) == 0 ? random_address() : random_page();
    uint64_t size = test_random_below(8) == 0 ? test_random_below(3 * P) : random_size();

    if (model.count > 0 && test_random_below(2) == 0)
        base = model.allocations[test_random_below(model.count)].base;
    enum mini_pages_status expected = model_free_status(base, size);

    if (expected == MINI_PAGES_OK)
        return;
    CHECK_EQ(mini_pages_free(pages, base, size), expected);
    counts[expected]++;
}

static void try_add(struct mini_pages *pages, uint64_t *counts)
{
    uint64_t base = random_page(), size = random_size();
    size_t spare = mini_pages_statistics(pages).spare_nodes;
    uint64_t window_end = 0;

    for (size_t w = 0; w < WINDOWS; w++) {
        if (base >= windows[w])
            window_end = windows[w] + WINDOW_PAGES * P;
    }
    /* The model knows nothing outside of its windows. */
    if (size > window_end - base)
        size = window_end - base;
    enum mini_pages_status expected = MINI_PAGES_OK;
    if (!model_all(base, size, UNMANAGED))
        expected = MINI_PAGES_OVERLAP;
    else if (spare == 0)
        expected = MINI_PAGES_NO_NODES;
    CHECK_EQ(mini_pages_add_range(pages, base, size), expected);
    counts[expected]++;
    if (expected == MINI_PAGES_OK)
        model_set(base, size, FREE);
}

static void try_remove(struct mini_pages *pages, uint64_t *counts)
{
    uint64_t base = random_page(), size = random_size();
    enum mini_pages_status expected = MINI_PAGES_OK;

    if (base + (size - 1) < base)
        expected = MINI_PAGES_INVALID;
    for (uint64_t offset = 0; expected == MINI_PAGES_OK && offset < size; offset += P) {
        enum page state = model_state(base + offset);
        if (state != FREE)
            expected = state == UNMANAGED ? MINI_PAGES_FOREIGN : MINI_PAGES_BUSY;
    }
    size_t spare = mini_pages_statistics(pages).spare_nodes;
    enum mini_pages_status status = mini_pages_remove_range(pages, base, size);
    counts[status]++;
    if (status == MINI_PAGES_NO_NODES) {
        CHECK(expected == MINI_PAGES_OK && spare == 0);
        CHECK(model_state(base - P) == FREE && model_state(base + size) == FREE);
    } else {
        CHECK_EQ(status, expected);
    }
    if (status == MINI_PAGES_OK)
        model_set(base, size, UNMANAGED);
}

static void check_find(struct mini_pages *pages)
{
    uint64_t address = random_address();
    struct mini_pages_run run;
    enum page state = model_state(address);
    bool found = mini_pages_find(pages, address, &run);

    CHECK_EQ(found, state != UNMANAGED);
    if (found) {
        CHECK(run.base <= address && address <= run.last);
        CHECK_EQ(run.used, state != FREE);
    }
}

/* Of 64: filling and draining take turns, so that memory is nearly full and nearly empty by turns.
 */
static void random_operation(struct mini_pages *pages, bool filling, uint64_t *counts)
{
    uint64_t kind = test_random_below(64);
    uint64_t allocations = filling ? 34 : 12;

    if (kind < allocations)
        try_alloc(pages, counts);
    else if (kind < 46)
        try_free(pages, counts);
    else if (kind < 50)
        try_alloc_at(pages, counts);
    else if (kind < 55)
        try_bad_free(pages, counts);
    else if (kind < 59)
        try_add(pages, counts);
    else if (kind < 61)
        try_remove(pages, counts);
    else
        check_find(pages);
}

static void run_against_model(size_t nodes, int rounds)
{
    struct mini_pages pages;
    uint64_t counts[MINI_PAGES_BUSY + 1] = { 0 };
    size_t size = nodes * sizeof(struct mini_pages_node);
    void *memory = malloc(size);

    REQUIRE(memory != NULL);
    memset(&model, 0, sizeof(model));
    mini_pages_init(&pages, NULL, NULL);
    CHECK_EQ(mini_pages_add_nodes(&pages, memory, size), nodes);
    for (int i = 0; i < rounds; i++) {
        random_operation(&pages, i / 2000 % 2 == 0, counts);
        if (i % 16 == 0)
            compare_with_model(&pages, nodes);
        REQUIRE_NO_FAILURE();
    }
    compare_with_model(&pages, nodes);
    printf("# %zu nodes, %d operations:", nodes, rounds);
    for (size_t i = 0; i <= MINI_PAGES_BUSY; i++) {
        printf(" %llu", (unsigned long long)counts[i]);
        CHECK_MSG(counts[i] > 0 || i == MINI_PAGES_NO_NODES, "status %zu never came up", i);
    }
    printf(" by status\n");
    CHECK_EQ(counts[MINI_PAGES_NO_NODES] > 0, nodes < 100);
    free(memory);
}

static void agrees_with_the_model(void)
{
    run_against_model(2 * ALLOCATIONS, 400000);
}

static void agrees_with_the_model_when_nodes_run_out(void)
{
    run_against_model(40, 200000);
    run_against_model(7, 100000);
}

enum {
    NODES = 64
};
static struct mini_pages_node some_nodes[NODES];

static void start(struct mini_pages *pages)
{
    mini_pages_init(pages, NULL, NULL);
    mini_pages_add_nodes(pages, some_nodes, sizeof(some_nodes));
}

static void manages_the_whole_address_space(void)
{
    struct mini_pages pages;
    uint64_t half = UINT64_C(1) << 63, base = 0;

    start(&pages);
    CHECK_EQ(mini_pages_add_range(&pages, half, half), MINI_PAGES_OK);
    CHECK_EQ(mini_pages_add_range(&pages, 0, half), MINI_PAGES_OK);
    struct mini_pages_statistics all = mini_pages_statistics(&pages);
    CHECK_EQ(all.total_pages, UINT64_C(1) << 52);
    CHECK_EQ(all.largest_free, UINT64_C(1) << 52);
    CHECK_EQ(all.free_runs, 1);

    struct mini_pages_request r = { .size = P, .high = UINT64_MAX, .policy = MINI_PAGES_HIGHEST };
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_OK);
    CHECK_EQ(base, 0 - P);
    r.align = half;
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_OK);
    CHECK_EQ(base, half);
    r.policy = MINI_PAGES_LOWEST;
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_OK);
    CHECK_EQ(base, 0);
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_NO_MEMORY);
    r = (struct mini_pages_request){ .size = MINI_PAGES_SIZE_MAX,
                                     .align = UINT64_C(1) << 46,
                                     .low = P,
                                     .high = half - 1,
                                     .policy = MINI_PAGES_NEAREST,
                                     .near = UINT64_C(5) << 46 };
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_OK);
    CHECK_EQ(base, UINT64_C(5) << 46);
    /* Now two places are equally far away. */
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_OK);
    CHECK_EQ(base, UINT64_C(4) << 46);
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_OK);
    CHECK_EQ(base, UINT64_C(6) << 46);
}

static void allocates_exact_addresses(void)
{
    struct mini_pages pages;
    uint64_t base = 0;

    start(&pages);
    CHECK_EQ(mini_pages_add_range(&pages, 16 * P, 16 * P), MINI_PAGES_OK);
    CHECK_EQ(mini_pages_alloc_at(&pages, 20 * P, 2 * P), MINI_PAGES_OK);
    CHECK_EQ(mini_pages_alloc_at(&pages, 21 * P, 2 * P), MINI_PAGES_NO_MEMORY);
    CHECK_EQ(mini_pages_alloc_at(&pages, 31 * P, 2 * P), MINI_PAGES_NO_MEMORY);
    CHECK_EQ(mini_pages_alloc_at(&pages, 8 * P, P), MINI_PAGES_NO_MEMORY);

    /* Limits that leave one place say the same. */
    struct mini_pages_request r = { .size = 2 * P, .low = 22 * P, .high = 24 * P - 1 };
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_OK);
    CHECK_EQ(base, 22 * P);
    r.low++;
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_NO_MEMORY);
}

static void refuses_invalid_arguments(void)
{
    struct mini_pages pages;
    uint64_t base = 7;
    static const struct mini_pages_request bad[] = {
        { .size = 0, .high = UINT64_MAX },
        { .size = P + 1, .high = UINT64_MAX },
        { .size = P - 1, .high = UINT64_MAX },
        { .size = MINI_PAGES_SIZE_MAX + P, .high = UINT64_MAX },
        { .size = P, .align = 3, .high = UINT64_MAX },
        { .size = P, .align = 3 * P, .high = UINT64_MAX },
        { .size = P, .align = UINT64_MAX, .high = UINT64_MAX },
        { .size = P, .high = UINT64_MAX, .policy = (enum mini_pages_policy)3 },
    };

    start(&pages);
    CHECK_EQ(mini_pages_add_range(&pages, 0, 64 * P), MINI_PAGES_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_EQ(mini_pages_alloc(&pages, &bad[i], &base), MINI_PAGES_INVALID);
    CHECK_EQ(base, 7);
    CHECK_EQ(mini_pages_add_range(&pages, 100 * P, 0), MINI_PAGES_INVALID);
    CHECK_EQ(mini_pages_add_range(&pages, 100 * P + 1, P), MINI_PAGES_INVALID);
    CHECK_EQ(mini_pages_add_range(&pages, 100 * P, P + 1), MINI_PAGES_INVALID);
    CHECK_EQ(mini_pages_add_range(&pages, 0 - P, 2 * P), MINI_PAGES_INVALID);
    CHECK_EQ(mini_pages_add_range(&pages, 0 - P, P), MINI_PAGES_OK);
    CHECK_EQ(mini_pages_remove_range(&pages, 0, 0), MINI_PAGES_INVALID);
    CHECK_EQ(mini_pages_alloc_at(&pages, 1, P), MINI_PAGES_INVALID);

    /* Small alignments mean a page; an empty window is not an error of its own. */
    struct mini_pages_request r = { .size = P, .align = 16, .low = 9, .high = 8 };
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_NO_MEMORY);
    r.high = UINT64_MAX;
    CHECK_EQ(mini_pages_alloc(&pages, &r, &base), MINI_PAGES_OK);
    CHECK_EQ(base, P);

    for (unsigned int i = 0; i <= MINI_PAGES_BUSY; i++)
        CHECK(strlen(mini_pages_status_text((enum mini_pages_status)i)) > 3);
}

/* Nodes in pages of the very memory that is managed: how a kernel starts. */
static void nodes_from_itself(struct mini_pages *pages, void *ctx)
{
    uint64_t base;
    struct mini_pages_request r = { .size = P, .high = UINT64_MAX };

    if (mini_pages_alloc(pages, &r, &base) == MINI_PAGES_OK) {
        CHECK(mini_pages_add_nodes(pages, (void *)(uintptr_t)base, P) > 10);
        ++*(int *)ctx;
    }
}

static void grows_its_nodes_from_its_own_pages(void)
{
    enum {
        SIZE = 4 << 20
    };
    static struct mini_pages_node first[4];
    struct mini_pages pages;
    int calls = 0;
    unsigned char *arena = malloc(SIZE + P);
    REQUIRE(arena != NULL);
    uint64_t base = ((uintptr_t)arena + P - 1) & ~(P - 1);

    mini_pages_init(&pages, nodes_from_itself, &calls);
    CHECK_EQ(mini_pages_add_nodes(&pages, first, sizeof(first)), 4);
    CHECK_EQ(mini_pages_add_range(&pages, base, SIZE), MINI_PAGES_OK);
    struct mini_pages_request r = {
        .size = P, .high = UINT64_MAX, .policy = MINI_PAGES_NEAREST, .near = base + SIZE / 2
    };
    size_t count = 0;
    uint64_t at;
    while (mini_pages_alloc(&pages, &r, &at) == MINI_PAGES_OK) {
        count++;
        r.near = base + test_random_below(SIZE);
    }
    CHECK_EQ(count + (size_t)calls, SIZE / P);
    CHECK(calls > 50);
    CHECK_EQ(mini_pages_statistics(&pages).free_pages, 0);
    free(arena);
}

static void takes_nodes_of_any_memory(void)
{
    struct mini_pages pages;
    unsigned char *memory = malloc(10 * sizeof(struct mini_pages_node));
    REQUIRE(memory != NULL);

    mini_pages_init(&pages, NULL, NULL);
    CHECK_EQ(mini_pages_add_range(&pages, 0, P), MINI_PAGES_NO_NODES);
    CHECK_EQ(mini_pages_add_nodes(&pages, NULL, 1000), 0);
    CHECK_EQ(mini_pages_add_nodes(&pages, memory + 1, 3), 0);
    CHECK_EQ(mini_pages_add_nodes(&pages, memory, sizeof(struct mini_pages_node) - 1), 0);
    CHECK_EQ(mini_pages_add_nodes(&pages, memory + 1, 2 * sizeof(struct mini_pages_node)), 1);
    CHECK_EQ(mini_pages_add_range(&pages, 0, 2 * P), MINI_PAGES_OK);
    CHECK_EQ(mini_pages_alloc_at(&pages, 0, P), MINI_PAGES_NO_NODES);
    CHECK_EQ(mini_pages_alloc_at(&pages, 0, 2 * P), MINI_PAGES_OK);
    free(memory);
}

/* Growth, by counted steps. ------------------------------------------------------------------ */

static struct mini_pages_node *many_nodes;

/* The most nodes that one allocation and its being freed visit. */
static uint64_t steps_of(struct mini_pages *pages, const struct mini_pages_request *r,
                         bool possible)
{
    uint64_t base = 0, before = pages->tree.steps;
    enum mini_pages_status status = mini_pages_alloc(pages, r, &base);
    uint64_t steps = pages->tree.steps - before;

    CHECK_EQ(status, possible ? MINI_PAGES_OK : MINI_PAGES_NO_MEMORY);
    if (status == MINI_PAGES_OK) {
        before = pages->tree.steps;
        CHECK_EQ(mini_pages_free(pages, base, r->size), MINI_PAGES_OK);
        if (pages->tree.steps - before > steps)
            steps = pages->tree.steps - before;
    }
    return steps;
}

static uint64_t worst(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* One request under every policy, with targets and limits at the ends and in the middle. */
static uint64_t worst_of(struct mini_pages *pages, struct mini_pages_request r, uint64_t end,
                         bool possible)
{
    uint64_t most = 0;
    const uint64_t targets[] = { 0, end / 3, end / 2, end, UINT64_MAX };

    for (int policy = 0; policy < 3; policy++) {
        r.policy = (enum mini_pages_policy)policy;
        for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
            r.near = targets[i];
            r.low = 0;
            r.high = UINT64_MAX;
            most = worst(most, steps_of(pages, &r, possible));
            r.low = P;
            r.high = end - P - 1;
            most = worst(most, steps_of(pages, &r, possible));
        }
    }
    return most;
}

/*
 * n free ranges far apart, each the pages 5, 6 and 7 of its stride: three pages at any page, two at
 * an even one, none at a multiple of four. So searches look promising everywhere and fail. Only one
 * range, in the middle, has eight pages from the start of its stride on.
 */
static uint64_t steps_among(uint64_t n)
{
    struct mini_pages pages;
    uint64_t most = 0;
    const uint64_t stride = UINT64_C(1) << 31, end = n * stride;

    mini_pages_init(&pages, NULL, NULL);
    mini_pages_add_nodes(&pages, many_nodes, (n + 8) * sizeof(*many_nodes));
    for (uint64_t i = 0; i < n; i++) {
        uint64_t before = pages.tree.steps;
        bool special = i == n / 2;
        uint64_t base = i * stride + (special ? 0 : 5 * P);
        CHECK_EQ(mini_pages_add_range(&pages, base, (special ? 8 : 3) * P), MINI_PAGES_OK);
        most = worst(most, pages.tree.steps - before);
    }
    for (unsigned int shift = 12; shift < 64; shift++) {
        struct mini_pages_request r = { .align = UINT64_C(1) << shift };
        bool special_is_aligned = (n / 2 * stride) % r.align == 0;
        r.size = P;
        most = worst(most, worst_of(&pages, r, end, shift < 14 || special_is_aligned));
        r.size = 3 * P;
        most = worst(most, worst_of(&pages, r, end, shift < 13 || special_is_aligned));
        r.size = 4 * P;
        most = worst(most, worst_of(&pages, r, end, special_is_aligned));
        r.size = 9 * P;
        most = worst(most, worst_of(&pages, r, end, false));
        REQUIRE_NO_FAILURE();
    }
    return most;
}

static void stays_logarithmic(void)
{
    many_nodes = malloc((100000 + 8) * sizeof(*many_nodes));
    REQUIRE(many_nodes != NULL);
    uint64_t small = steps_among(1000);
    uint64_t medium = steps_among(10000);
    uint64_t large = steps_among(100000);
    printf("# worst operation among 1000, 10000, 100000 ranges: %llu, %llu, %llu nodes visited\n",
           (unsigned long long)small, (unsigned long long)medium, (unsigned long long)large);
    /* log2 is 10, 13.3 and 16.7: the figures grow by 1.67, were they linear it would be 100. */
    CHECK(large <= 2 * small);
    CHECK(medium <= 2 * small);
    CHECK(large <= 200);
    free(many_nodes);
}

static const struct test_case cases[] = {
    TEST_CASE(agrees_with_the_model),           TEST_CASE(agrees_with_the_model_when_nodes_run_out),
    TEST_CASE(manages_the_whole_address_space), TEST_CASE(allocates_exact_addresses),
    TEST_CASE(refuses_invalid_arguments),       TEST_CASE(grows_its_nodes_from_its_own_pages),
    TEST_CASE(takes_nodes_of_any_memory),       TEST_CASE(stays_logarithmic),
};

TEST_MAIN("mini_pages", cases)
