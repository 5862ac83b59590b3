/* SPDX-License-Identifier: MIT */
#ifndef TESTS_TRACE_H
#define TESTS_TRACE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Modules loaded and unloaded for a long time, to see what becomes of free memory under a policy of
 * placement. The same trace for every policy: sizes and lifetimes depend on the seed only.
 *
 * Sizes are those of real modules: half of them those of Debian's GRUB modules and of the members
 * of libz, liblua and libbz2, as elfin lays them out; half of them distributed like the modules of
 * Debian's Linux kernel (median 11 KB, one in a hundred above 400 KB, the largest 9 MB). Of a
 * hundred modules, 70 live for some tens of operations, 25 for thousands, 5 for hundreds of
 * thousands, so that long-lived ones lie scattered when their neighbours go.
 */
enum trace_policy {
    TRACE_NEAR_HOST,    /* nearest to a fixed address: what elfin.efi does without a wish */
    TRACE_NEAR_IMPORTS, /* nearest to a module that is loaded, any of them */
    TRACE_LOWEST,       /* first fit from below */
    TRACE_HIGHEST,
    TRACE_NEXT_FIT,  /* first fit from where the last one ended */
    TRACE_BEST_FIT,  /* the smallest run that is large enough, the lowest of these */
    TRACE_WORST_FIT, /* the largest run */
    TRACE_SCATTERED, /* nearest to a random address */
    TRACE_POLICIES
};

struct trace_plan {
    uint64_t pages;      /* of memory, in one range */
    uint64_t cap;        /* pages: loads wait for unloads when more would be in use */
    uint64_t operations; /* loads and unloads */
    uint64_t seed;
};

struct trace_figures {
    uint64_t loads;
    uint64_t refused;    /* loads that no run was large enough for, though so much was free */
    double least, mean;  /* largest free run / total free, at each operation of the second half */
    double runs;         /* free runs, their mean of the second half */
    uint64_t live;       /* modules in the end */
    double drained;      /* the share in the end, after all but each tenth module were unloaded */
    const char *mistake; /* NULL, or which invariant did not hold */
};

extern const char *const trace_policy_names[TRACE_POLICIES];

struct trace_figures trace_run(enum trace_policy policy, const struct trace_plan *plan);

/* A module's pages, and its bytes in the file or its records: the distribution by itself. */
uint64_t trace_module_pages(uint64_t random);

#endif
