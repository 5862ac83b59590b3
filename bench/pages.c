/* SPDX-License-Identifier: MIT */
/* What one operation of the page allocator costs among 100 to 100,000 ranges. */
#include "bench/lib/instructions.h"
#include "bench/maps.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define P MINI_PAGE_SIZE

enum {
    SIZES = 4,
    REQUESTS = 4000,
    FRESH_NODES = 64
};
static const uint64_t sizes[SIZES] = { 100, 1000, 10000, 100000 };

enum operation {
    FOUND,
    REFUSED,
    FREED,
    ALLOC_AT,
    BAD_FREE,
    ADD,
    REMOVE,
    FIND,
    OPERATIONS
};
static const char *const operation_names[OPERATIONS] = { "allocate", "refuse",   "free",
                                                         "alloc_at", "bad free", "add range",
                                                         "remove",   "find" };

/* One call, with its arguments, so that it can be counted and timed. */
struct call {
    struct mini_pages *pages;
    enum operation operation;
    struct mini_pages_request request;
    uint64_t base, size;
    bool done;
};

static void perform(void *ctx)
{
    struct call *call = ctx;
    struct mini_pages_run run;

    switch (call->operation) {
    case FOUND:
    case REFUSED:
        call->done = mini_pages_alloc(call->pages, &call->request, &call->base) == MINI_PAGES_OK;
        break;
    case FREED:
    case BAD_FREE:
        call->done = mini_pages_free(call->pages, call->base, call->size) == MINI_PAGES_OK;
        break;
    case ALLOC_AT:
        call->done = mini_pages_alloc_at(call->pages, call->base, call->size) == MINI_PAGES_OK;
        break;
    case ADD:
        call->done = mini_pages_add_range(call->pages, call->base, call->size) == MINI_PAGES_OK;
        break;
    case REMOVE:
        call->done = mini_pages_remove_range(call->pages, call->base, call->size) == MINI_PAGES_OK;
        break;
    default:
        call->done = mini_pages_find(call->pages, call->base, &run);
        break;
    }
}

/* Of one operation on one map. */
struct cost {
    uint64_t count;
    uint64_t worst_nodes;
    struct call worst; /* the call that visited most */
    uint64_t instructions;
    uint64_t ticks[REQUESTS];
    uint64_t tick_count;
};

static struct cost costs[OPERATIONS];

static bool measure(struct call *call)
{
    struct call before = *call;
    uint64_t nodes = call->pages->tree.steps, ticks = bench_ticks();

    perform(call);
    ticks = bench_ticks() - ticks;
    nodes = call->pages->tree.steps - nodes;
    enum operation operation = call->operation == FOUND && !call->done ? REFUSED : call->operation;
    struct cost *cost = &costs[operation];
    cost->count++;
    if (cost->tick_count < REQUESTS)
        cost->ticks[cost->tick_count++] = ticks;
    if (nodes > cost->worst_nodes || cost->count == 1) {
        cost->worst_nodes = nodes;
        cost->worst = before;
    }
    return call->done;
}

static void expect(bool done, bool wanted, const char *what)
{
    if (done == wanted)
        return;
    printf("pages: %s went wrong\n", what);
    exit(1);
}

/* Allocates and frees again; the map is as before. */
static void measure_request(struct mini_pages *pages, const struct mini_pages_request *request)
{
    struct call call = { .pages = pages, .operation = FOUND, .request = *request };

    if (!measure(&call))
        return;
    call.size = request->size + P;
    call.operation = BAD_FREE;
    expect(measure(&call), false, "a bad free");
    call.size = request->size;
    call.operation = FREED;
    expect(measure(&call), true, "a free");
}

/* The operations without a search, in the middle of a random range. */
static void measure_others(struct mini_pages *pages, const struct map_kind *kind, uint64_t n,
                           struct bench_random *random)
{
    struct call call = { .pages = pages, .size = P };
    uint64_t base, count;
    struct mini_pages_run run;

    kind->range(n, bench_below(random, n), &base, &count);
    call.base = base + count / 2 * P;
    if (!mini_pages_find(pages, call.base, &run) || run.used)
        return;
    call.operation = FIND;
    expect(measure(&call), true, "find");
    call.operation = ALLOC_AT;
    expect(measure(&call), true, "alloc_at");
    call.operation = FREED;
    expect(measure(&call), true, "a free");
    call.operation = REMOVE;
    expect(measure(&call), true, "remove");
    call.operation = ADD;
    expect(measure(&call), true, "add");
}

/* The worst call once more, on the same map, with every instruction counted; then undone. */
static void count_worst(enum operation operation)
{
    struct call call = costs[operation].worst;
    struct mini_pages *pages = call.pages;

    if (costs[operation].count == 0)
        return;
    if (operation == FREED)
        expect(mini_pages_alloc_at(pages, call.base, call.size) == MINI_PAGES_OK, true, "prepare");
    else if (operation == ADD)
        expect(mini_pages_remove_range(pages, call.base, call.size) == MINI_PAGES_OK, true,
               "prepare");
    costs[operation].instructions = bench_instructions(perform, &call);
    if (operation == FOUND || operation == ALLOC_AT)
        expect(mini_pages_free(pages, call.base,
                               operation == FOUND ? call.request.size : call.size) == MINI_PAGES_OK,
               true, "undo");
    else if (operation == REMOVE)
        expect(mini_pages_add_range(pages, call.base, call.size) == MINI_PAGES_OK, true, "undo");
}

/* Half of the ranges have something in use in them, on the mixed map. */
static void fill(struct mini_pages *pages, const struct map_kind *kind, uint64_t n)
{
    uint64_t base, count;

    for (uint64_t i = 0; i < n; i++) {
        kind->range(n, i, &base, &count);
        expect(mini_pages_add_range(pages, base, count * P) == MINI_PAGES_OK, true, "the map");
        if (kind == &map_kinds[0] && i % 2 == 0 && count > 4)
            expect(mini_pages_alloc_at(pages, base + count / 2 * P, P) == MINI_PAGES_OK, true,
                   "an allocation");
    }
}

static int compare_ticks(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static double median(struct cost *cost)
{
    if (cost->tick_count == 0)
        return 0;
    qsort(cost->ticks, cost->tick_count, sizeof(cost->ticks[0]), compare_ticks);
    return (double)cost->ticks[cost->tick_count / 2];
}

struct figures {
    uint64_t count, nodes, instructions;
    double ticks;
};
static struct figures figures[OPERATIONS][SIZES];

static void run_map(const struct map_kind *kind, unsigned size)
{
    uint64_t n = sizes[size];
    size_t bytes = (4 * n + FRESH_NODES) * sizeof(struct mini_pages_node);
    void *nodes = malloc(bytes);
    struct bench_random random = { 42 };
    struct mini_pages pages;

    memset(costs, 0, sizeof(costs));
    mini_pages_init(&pages, NULL, NULL);
    mini_pages_add_nodes(&pages, nodes, bytes);
    fill(&pages, kind, n);
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct mini_pages_request request;
        kind->request(&random, n, &request);
        measure_request(&pages, &request);
        measure_others(&pages, kind, n, &random);
    }
    for (unsigned i = 0; i < OPERATIONS; i++) {
        count_worst((enum operation)i);
        figures[i][size] = (struct figures){ costs[i].count, costs[i].worst_nodes,
                                             costs[i].instructions, median(&costs[i]) };
    }
    free(nodes);
}

static void print_row(const char *name, enum operation operation)
{
    const struct figures *f = figures[operation];

    printf("%-11s %-10s", name, operation_names[operation]);
    for (unsigned i = 0; i < SIZES; i++)
        printf(" %5llu", (unsigned long long)f[i].nodes);
    printf("  ");
    for (unsigned i = 0; i < SIZES; i++)
        printf(" %6llu", (unsigned long long)f[i].instructions);
    printf("  ");
    for (unsigned i = 0; i < SIZES; i++)
        printf(" %5.2f", f[0].ticks > 0 ? f[i].ticks / f[0].ticks : 0.0);
    printf("\n");
}

int main(void)
{
    printf("The page allocator: the worst of %d calls of each kind among 100, 1,000, 10,000 and "
           "100,000\nfree ranges (logarithms: 1, 1.5, 2, 2.5), and the median time, that among "
           "100 being 1.\n\n",
           (int)REQUESTS);
    for (unsigned i = 0; i < MAP_KINDS; i++)
        printf("  %-11s %s\n", map_kinds[i].name, map_kinds[i].what);
    printf("\n%-22s %-24s  %-28s  %s\n", "map, operation", "tree nodes visited", "instructions",
           "time, ratio");
    for (unsigned i = 0; i < MAP_KINDS; i++) {
        for (unsigned size = 0; size < SIZES; size++)
            run_map(&map_kinds[i], size);
        for (unsigned operation = 0; operation < OPERATIONS; operation++) {
            if (figures[operation][SIZES - 1].count > 0 || figures[operation][0].count > 0)
                print_row(map_kinds[i].name, (enum operation)operation);
        }
    }
    return 0;
}
