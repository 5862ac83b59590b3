/* SPDX-License-Identifier: MIT */
/* What a long trace of loads and unloads leaves of free memory, by policy of placement. */
#include <stdio.h>

#include "tests/lib/trace.h"

static int run(const struct trace_plan *plan)
{
    int status = 0;

    printf("\n%llu loads and unloads in %llu MiB, at most %llu%% in use:\n\n",
           (unsigned long long)plan->operations, (unsigned long long)plan->pages / 256,
           (unsigned long long)(plan->cap * 100 / plan->pages));
    printf("%-20s %8s %8s %8s %9s %9s %9s\n", "policy", "least", "mean", "drained", "refused",
           "free runs", "modules");
    for (int i = 0; i < TRACE_POLICIES; i++) {
        struct trace_figures f = trace_run((enum trace_policy)i, plan);
        printf("%-20s %8.3f %8.3f %8.3f %9llu %9.0f %9llu %s\n", trace_policy_names[i], f.least,
               f.mean, f.drained, (unsigned long long)f.refused, f.runs, (unsigned long long)f.live,
               f.mistake == NULL ? "" : f.mistake);
        fflush(stdout);
        status |= f.mistake != NULL;
    }
    return status;
}

int main(void)
{
    static const struct trace_plan plans[] = {
        { .pages = 32768, .cap = 32768 / 2, .operations = 1000000, .seed = 1 },
        { .pages = 32768, .cap = 32768 / 10 * 9, .operations = 1000000, .seed = 1 },
    };
    int status = 0;

    printf("Fragmentation: the largest free run's share of all free pages (1: all is one run): its "
           "least\nand mean value in the second half, and at the end when nine of ten modules have "
           "been unloaded.\nRefused: loads for which so much was free, but not in one run.\n");
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
        status |= run(&plans[i]);
    return status;
}
