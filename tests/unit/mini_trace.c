/* SPDX-License-Identifier: MIT */
/*
 * No fragmentation disaster: a long trace of module loads and unloads leaves most of the free
 * memory in one run, with the policies that elfin's hosts use, and the heap's chunks well used. The
 * bounds are a little below what the fixed trace gives; bad policies are far below them.
 */
#include "tests/lib/test.h"

#include "tests/lib/trace.h"

enum {
    PAGES = 16384, /* 64 MiB */
    OPERATIONS = 120000
};

static struct trace_figures trace(enum placer_policy policy, unsigned percent)
{
    struct trace_plan plan = { PAGES, PAGES * percent / 100, OPERATIONS, 1 };
    struct trace_figures f = trace_run(policy, &plan);

    printf("# %s, %u%% in use: largest free run of all free: %.3f at least, %.3f on average, %.3f "
           "when drained; %llu of %llu loads refused\n",
           placer_names[policy], percent, f.least, f.mean, f.drained, (unsigned long long)f.refused,
           (unsigned long long)(f.loads + f.refused));
    CHECK_STR(f.mistake, NULL);
    CHECK(f.loads + f.refused == OPERATIONS / 2);
    return f;
}

static void half_full_memory_stays_whole(void)
{
    static const enum placer_policy policies[] = { PLACER_NEAR_HOST, PLACER_LOWEST,
                                                   PLACER_HIGHEST };

    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        struct trace_figures f = trace(policies[i], 50);
        CHECK(f.least > 0.4);
        CHECK(f.mean > 0.65);
        CHECK(f.drained > 0.4);
        CHECK_EQ(f.refused, 0);
    }
}

static struct trace_heap_figures heap_trace(enum trace_heap heap)
{
    struct trace_heap_figures f = trace_heap_run(heap, 4000, 6 << 20, 1);

    printf(
        "# %s: bytes in use / bytes in chunks: %.3f at least, %.3f on average, %.3f when drained; "
        "%llu bytes in chunks at most, %llu objects in all\n",
        trace_heap_names[heap], f.least, f.mean, f.drained, (unsigned long long)f.peak_chunks,
        (unsigned long long)f.objects);
    CHECK_STR(f.mistake, NULL);
    return f;
}

/* Beside two policies that search for a place, and have chunks that need not be taken as a whole.
 */
static void the_heap_stays_dense(void)
{
    struct trace_heap_figures ours = heap_trace(TRACE_HEAP_OURS);

    CHECK(ours.least > 0.65);
    CHECK(ours.mean > 0.75);
    CHECK(ours.mean > 0.95 * heap_trace(TRACE_HEAP_FIRST_FIT).mean);
    CHECK(ours.mean > 0.88 * heap_trace(TRACE_HEAP_BEST_FIT).mean);
}

/* What the bounds are worth. */
static void bad_policies_are_seen(void)
{
    CHECK(trace(PLACER_SCATTERED, 50).mean < 0.1);
    CHECK(trace(PLACER_WORST_FIT, 50).mean < 0.1);
}

static const struct test_case cases[] = {
    TEST_CASE(half_full_memory_stays_whole),
    TEST_CASE(the_heap_stays_dense),
    TEST_CASE(bad_policies_are_seen),
};

TEST_MAIN("mini_trace", cases)
