/* SPDX-License-Identifier: MIT */
#ifndef TESTS_TRACE_H
#define TESTS_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "tests/lib/placer.h"

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

struct trace_figures trace_run(enum placer_policy policy, const struct trace_plan *plan);

/* The pages of a module, and the operations that it lives for: their distributions by themselves.
 */
uint64_t trace_module_pages(uint64_t random);
uint64_t trace_lifetime(uint64_t random);

/*
 * The heap's part of the same life: for each load a buffer for the file and working memory, which
 * go at its end; records, which stay as long as the module; and objects that modules allocate.
 */
enum trace_heap {
    TRACE_HEAP_OURS, /* libmini/heap.h */
    TRACE_HEAP_FIRST_FIT,
    TRACE_HEAP_BEST_FIT,
    TRACE_HEAPS
};

struct trace_heap_figures {
    uint64_t objects;     /* allocated in all */
    double least, mean;   /* bytes in use / bytes in chunks, after each load of the second half */
    uint64_t peak_used;   /* bytes */
    uint64_t peak_chunks; /* bytes in chunks of 64 KiB that hold anything */
    double drained;       /* as above, in the end, when nine of ten objects have been freed */
    const char *mistake;
};

extern const char *const trace_heap_names[TRACE_HEAPS];

struct trace_heap_figures trace_heap_run(enum trace_heap heap, uint64_t loads, uint64_t cap,
                                         uint64_t seed);

#endif
