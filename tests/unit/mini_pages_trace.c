/* SPDX-License-Identifier: MIT */
/*
 * No fragmentation disaster: a long trace of module loads and unloads leaves most of the free
 * memory in one run, with the policies that elfin's hosts use. The bounds are a little below what
 * the fixed trace gives; policies known to be bad are far below them.
 */
#include "tests/lib/test.h"

#include "tests/lib/trace.h"

enum {
    PAGES = 16384, /* 64 MiB */
    OPERATIONS = 120000
};

static struct trace_figures trace(enum trace_policy policy, unsigned percent)
{
    struct trace_plan plan = { PAGES, PAGES * percent / 100, OPERATIONS, 1 };
    struct trace_figures f = trace_run(policy, &plan);

    printf("# %s, %u%% in use: largest free run of all free: %.3f at least, %.3f on average, %.3f "
           "when drained; %llu of %llu loads refused\n",
           trace_policy_names[policy], percent, f.least, f.mean, f.drained,
           (unsigned long long)f.refused, (unsigned long long)(f.loads + f.refused));
    CHECK_STR(f.mistake, NULL);
    CHECK(f.loads + f.refused == OPERATIONS / 2);
    return f;
}

static void half_full_memory_stays_whole(void)
{
    static const enum trace_policy policies[] = { TRACE_NEAR_HOST, TRACE_LOWEST, TRACE_HIGHEST };

    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        struct trace_figures f = trace(policies[i], 50);
        CHECK(f.least > 0.4);
        CHECK(f.mean > 0.65);
        CHECK(f.drained > 0.4);
        CHECK_EQ(f.refused, 0);
    }
}

/* What the bounds are worth. */
static void bad_policies_are_seen(void)
{
    CHECK(trace(TRACE_SCATTERED, 50).mean < 0.1);
    CHECK(trace(TRACE_WORST_FIT, 50).mean < 0.1);
}

static const struct test_case cases[] = {
    TEST_CASE(half_full_memory_stays_whole),
    TEST_CASE(bad_policies_are_seen),
};

TEST_MAIN("mini_pages_trace", cases)
