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
    for (int i = 0; i < PLACER_POLICIES; i++) {
        struct trace_figures f = trace_run((enum placer_policy)i, plan);
        printf("%-20s %8.3f %8.3f %8.3f %9llu %9.0f %9llu %s\n", placer_names[i], f.least, f.mean,
               f.drained, (unsigned long long)f.refused, f.runs, (unsigned long long)f.live,
               f.mistake == NULL ? "" : f.mistake);
        fflush(stdout);
        status |= f.mistake != NULL;
    }
    return status;
}

static int run_heaps(uint64_t loads, uint64_t cap)
{
    int status = 0;

    printf(
        "\nThe heap over %llu loads, objects of up to %llu MiB at a time: bytes in use / bytes in "
        "chunks\nof 64 KiB that hold anything, after each load of the second half, and when nine "
        "of ten objects\nhave been freed.\n\n%-20s %8s %8s %8s %12s %12s %10s\n",
        (unsigned long long)loads, (unsigned long long)cap >> 20, "policy", "least", "mean",
        "drained", "peak in use", "peak chunks", "objects");
    for (int i = 0; i < TRACE_HEAPS; i++) {
        struct trace_heap_figures f = trace_heap_run((enum trace_heap)i, loads, cap, 1);
        printf("%-20s %8.3f %8.3f %8.3f %12llu %12llu %10llu %s\n", trace_heap_names[i], f.least,
               f.mean, f.drained, (unsigned long long)f.peak_used,
               (unsigned long long)f.peak_chunks, (unsigned long long)f.objects,
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
    return status | run_heaps(40000, 16 << 20);
}
