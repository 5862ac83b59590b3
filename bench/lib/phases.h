/* SPDX-License-Identifier: MIT */
/*
 * Which phase of a load takes how long, on the calling CPU and shared among several. The program is
 * linked with PHASES_WRAPPED of bench.mk, so that the library's calls from one file to another pass
 * by here; the library itself is the one that is delivered.
 */
#ifndef BENCH_PHASES_H
#define BENCH_PHASES_H

#include <stdint.h>

enum phase {
    PHASE_OPEN,    /* headers, sections, symbol tables */
    PHASE_NAMES,   /* global names enter the group's table */
    PHASE_SCAN,    /* records */
    PHASE_RESOLVE, /* the list of names, imports, edges, order of init */
    PHASE_LAYOUT,  /* thread-local storage too */
    PHASE_PLACE,   /* reach and place */
    PHASE_RECORDS, /* the group's lasting records */
    PHASE_FIXUP,   /* copy + fix up */
    PHASE_PUBLISH, /* protect, publish */
    PHASE_REST,    /* init, giving working memory back */
    PHASE_COUNT
};

extern const char *const phase_name[PHASE_COUNT];

/* Nanoseconds of processor time. */
struct phase_time {
    uint64_t serial; /* of the calling CPU, alone */
    uint64_t shared; /* of the CPU that took longest, while several worked */
    uint64_t sum;    /* the same, all CPUs together */
};

/* Begins the first phase; until phases_end, of one load, with *times zeroed. */
void phases_begin(struct phase_time times[PHASE_COUNT]);
void phases_end(void);
/* elfin_host.parallel brackets what it does, and each CPU says how long it worked. */
void phases_share(void);
void phases_shared(uint64_t slowest, uint64_t sum);
uint64_t phases_clock(void);

#endif
