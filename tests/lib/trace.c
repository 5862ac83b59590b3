/* SPDX-License-Identifier: MIT */
#include "tests/lib/trace.h"

#include <stdbool.h>
#include <stdlib.h>

#include "libmini/pages.h"

#define P MINI_PAGE_SIZE

const char *const trace_policy_names[TRACE_POLICIES] = {
    "near the host", "near imports", "lowest (first fit)", "highest",
    "next fit",      "best fit",     "worst fit",          "scattered",
};

/* Modules by pages: each part of a module begins on a page. */
static const struct {
    unsigned short pages, count;
} small_modules[] = {
    { 1, 5 }, { 2, 25 }, { 3, 198 }, { 4, 46 }, { 5, 17 }, { 6, 10 }, { 7, 4 },
    { 8, 3 }, { 9, 4 },  { 10, 1 },  { 11, 3 }, { 15, 2 }, { 23, 1 }, { 27, 1 },
};
enum {
    SMALL_MODULES = 320
};

/* Pages at each percentile of the kernel's modules, linear between; the largest apart. */
static const struct {
    unsigned short percent, pages;
} large_modules[] = { { 0, 3 }, { 10, 4 }, { 50, 6 }, { 90, 18 }, { 99, 102 }, { 100, 300 } };

enum {
    LARGEST_MODULE = 2200,
    LARGEST_ODDS = 4000
};

uint64_t trace_module_pages(uint64_t random)
{
    uint64_t pick = (random >> 1) % LARGEST_ODDS;
    size_t i = 0;

    if (random % 2 == 0) {
        for (pick %= SMALL_MODULES; pick >= small_modules[i].count; i++)
            pick -= small_modules[i].count;
        return small_modules[i].pages;
    }
    if (pick == 0)
        return LARGEST_MODULE;
    pick = (random >> 24) % 10000;
    while (pick >= large_modules[i + 1].percent * 100u)
        i++;
    uint64_t from = large_modules[i].percent * 100u, to = large_modules[i + 1].percent * 100u;
    return large_modules[i].pages +
           (large_modules[i + 1].pages - large_modules[i].pages) * (pick - from) / (to - from);
}

/* Free runs by size and then address, for the policies that the allocator does not have. */
struct size_index {
    struct mini_tree tree;
    struct mini_tree_node *spare; /* linked by `right` */
};

struct module {
    uint64_t dies; /* first: what the heap of modules is ordered by */
    uint64_t base;
    uint64_t pages;
};

struct trace {
    const struct trace_plan *plan;
    enum trace_policy policy;
    struct mini_pages pages;
    struct size_index sizes;
    struct module *modules; /* a binary heap, the one that dies next at its root */
    size_t count;
    uint64_t used;
    uint64_t next;  /* where next fit goes on */
    uint64_t state; /* of the trace's random numbers */
    uint64_t other; /* of the policy's */
    struct trace_figures figures;
};

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t lifetime(uint64_t random)
{
    uint64_t class = random % 100, rest = random / 100;

    if (class < 70)
        return 1 + rest % 100;
    return 1 + rest % (class < 95 ? 10000 : 1000000);
}

/* Size and address in one key; both are small here. */
static uint64_t size_key(uint64_t base, uint64_t pages)
{
    return pages << 32 | base / P;
}

static void note_size(struct size_index *index, uint64_t base, uint64_t pages, bool add)
{
    uint64_t key = size_key(base, pages);
    struct mini_tree_node *node;

    if (add) {
        node = index->spare;
        index->spare = node->right;
        node->key = key;
        mini_tree_insert(&index->tree, node);
        return;
    }
    node = mini_tree_at_least(&index->tree, key);
    mini_tree_remove(&index->tree, node);
    node->right = index->spare;
    index->spare = node;
}

static void note_run(struct trace *trace, uint64_t address, bool add)
{
    struct mini_pages_run run;

    if (mini_pages_find(&trace->pages, address, &run) && !run.used)
        note_size(&trace->sizes, run.base, (run.last - run.base + 1) / P, add);
}

static bool by_size(const struct trace *trace)
{
    return trace->policy == TRACE_BEST_FIT || trace->policy == TRACE_WORST_FIT;
}

/* The two policies that look at sizes, and not at addresses. */
static bool alloc_by_size(struct trace *trace, uint64_t pages, uint64_t *base)
{
    struct mini_tree *tree = &trace->sizes.tree;
    struct mini_tree_node *node = mini_tree_at_least(tree, size_key(0, pages));

    if (node == NULL)
        return false;
    if (trace->policy == TRACE_WORST_FIT)
        node = mini_tree_at_most(tree, UINT64_MAX);
    *base = (node->key & UINT32_MAX) * P;
    note_run(trace, *base, false);
    if (mini_pages_alloc_at(&trace->pages, *base, pages * P) != MINI_PAGES_OK)
        trace->figures.mistake = "a run of the size index is not free";
    note_run(trace, *base + pages * P, true);
    return true;
}

static bool alloc(struct trace *trace, uint64_t pages, uint64_t *base)
{
    struct mini_pages_request request = { .size = pages * P,
                                          .high = UINT64_MAX,
                                          .policy = MINI_PAGES_NEAREST };
    uint64_t random = next_random(&trace->other);

    if (by_size(trace))
        return alloc_by_size(trace, pages, base);
    switch (trace->policy) {
    case TRACE_LOWEST:
        request.policy = MINI_PAGES_LOWEST;
        break;
    case TRACE_HIGHEST:
        request.policy = MINI_PAGES_HIGHEST;
        break;
    case TRACE_NEXT_FIT:
        request.policy = MINI_PAGES_LOWEST;
        request.low = trace->next;
        break;
    case TRACE_NEAR_IMPORTS:
        if (trace->count > 0)
            request.near = trace->modules[random % trace->count].base;
        break;
    case TRACE_SCATTERED:
        request.near = random % trace->plan->pages * P;
        break;
    default:
        request.near = trace->plan->pages / 8 * 7 * P;
        break;
    }
    bool done = mini_pages_alloc(&trace->pages, &request, base) == MINI_PAGES_OK;
    if (!done && request.low > 0) {
        request.low = 0;
        done = mini_pages_alloc(&trace->pages, &request, base) == MINI_PAGES_OK;
    }
    trace->next = done ? *base + pages * P : trace->next;
    return done;
}

static void swap(struct module *a, struct module *b)
{
    struct module old = *a;

    *a = *b;
    *b = old;
}

static void push(struct trace *trace, struct module module)
{
    struct module *heap = trace->modules;
    size_t i = trace->count++;

    heap[i] = module;
    for (; i > 0 && heap[(i - 1) / 2].dies > heap[i].dies; i = (i - 1) / 2)
        swap(&heap[(i - 1) / 2], &heap[i]);
}

static struct module pop(struct trace *trace)
{
    struct module *heap = trace->modules, first = heap[0];
    size_t i = 0, child;

    heap[0] = heap[--trace->count];
    while ((child = 2 * i + 1) < trace->count) {
        if (child + 1 < trace->count && heap[child + 1].dies < heap[child].dies)
            child++;
        if (heap[i].dies <= heap[child].dies)
            break;
        swap(&heap[i], &heap[child]);
        i = child;
    }
    return first;
}

static void unload(struct trace *trace, const struct module *module)
{
    uint64_t end = module->base + module->pages * P;

    if (by_size(trace)) {
        note_run(trace, end, false);
        if (module->base > 0)
            note_run(trace, module->base - 1, false);
    }
    if (mini_pages_free(&trace->pages, module->base, module->pages * P) != MINI_PAGES_OK)
        trace->figures.mistake = "an allocation is not there when it is freed";
    if (by_size(trace))
        note_run(trace, module->base, true);
    trace->used -= module->pages;
}

static void load(struct trace *trace, struct module module)
{
    struct mini_pages_statistics before = mini_pages_statistics(&trace->pages);

    if (alloc(trace, module.pages, &module.base)) {
        trace->figures.loads++;
        trace->used += module.pages;
        push(trace, module);
        return;
    }
    if (before.largest_free >= module.pages)
        trace->figures.mistake = "refused, though there is a run";
    trace->figures.refused++;
}

static double largest_share(struct trace *trace)
{
    struct mini_pages_statistics now = mini_pages_statistics(&trace->pages);

    if (now.total_pages != trace->plan->pages || now.free_pages + trace->used != now.total_pages ||
        now.used_runs != trace->count)
        trace->figures.mistake = "free and used are not the total";
    return now.free_pages == 0 ? 1 : (double)now.largest_free / (double)now.free_pages;
}

static void operate(struct trace *trace, uint64_t now)
{
    struct module module;

    module.pages = trace_module_pages(next_random(&trace->state));
    module.dies = now + lifetime(next_random(&trace->state));
    module.base = 0;
    while (trace->count > 0 &&
           (trace->modules[0].dies <= now || trace->used + module.pages > trace->plan->cap)) {
        struct module old = pop(trace);
        unload(trace, &old);
    }
    load(trace, module);
}

/* Nine of ten go, in the order of their places in the heap: any. */
static void drain(struct trace *trace)
{
    size_t kept = 0;

    for (size_t i = 0; i < trace->count; i++) {
        if (i % 10 == 0)
            trace->modules[kept++] = trace->modules[i];
        else
            unload(trace, &trace->modules[i]);
    }
    trace->count = kept;
}

struct trace_figures trace_run(enum trace_policy policy, const struct trace_plan *plan)
{
    struct trace trace = { .plan = plan, .policy = policy, .state = plan->seed, .other = 99 };
    size_t nodes = 2 * plan->pages + 4, bytes = nodes * sizeof(struct mini_pages_node);
    void *memory = malloc(bytes);
    struct mini_tree_node *sizes = calloc(plan->pages + 2, sizeof(*sizes));
    uint64_t samples = 0;
    double runs = 0, shares = 0;

    trace.modules = malloc(plan->pages * sizeof(*trace.modules));
    if (memory == NULL || sizes == NULL || trace.modules == NULL) {
        trace.figures.mistake = "no memory for the trace";
        goto out;
    }
    mini_pages_init(&trace.pages, NULL, NULL);
    mini_pages_add_nodes(&trace.pages, memory, bytes);
    mini_tree_init(&trace.sizes.tree, NULL);
    for (size_t i = 0; i < plan->pages + 2; i++) {
        sizes[i].right = trace.sizes.spare;
        trace.sizes.spare = &sizes[i];
    }
    mini_pages_add_range(&trace.pages, 0, plan->pages * P);
    note_run(&trace, 0, true);
    trace.figures.least = 1;
    for (uint64_t i = 0; trace.figures.mistake == NULL && i < plan->operations / 2; i++) {
        operate(&trace, i);
        double share = largest_share(&trace);
        if (i < plan->operations / 4)
            continue;
        trace.figures.least = share < trace.figures.least ? share : trace.figures.least;
        shares += share;
        runs += (double)mini_pages_statistics(&trace.pages).free_runs;
        samples++;
    }
    trace.figures.mean = shares / (double)samples;
    trace.figures.runs = runs / (double)samples;
    trace.figures.live = trace.count;
    drain(&trace);
    trace.figures.drained = largest_share(&trace);
out:
    free(trace.modules);
    free(sizes);
    free(memory);
    return trace.figures;
}
