/* SPDX-License-Identifier: MIT */
/*
 * A host for tests. It keeps exact books of what the library asks for and checks the contract of
 * struct elfin_host from the other side: every request is sane, every region is released once and
 * as it was given, rights are set on whole pages of live regions, and nothing is written after a
 * page lost its W (the edit memory is really protected, so a stray store faults).
 *
 * Three kinds of image memory:
 *   FAKE_INVENTED  run addresses are numbers only (any 64-bit value); edit memory lies elsewhere
 *   FAKE_REAL      run address == edit pointer, mapped there, so module code can be executed
 *   FAKE_DUAL      mapped twice: stores go through one address, code runs at another
 *
 * Records and working memory are malloc'ed in the exact size, so a sanitizer sees any overrun.
 */
#ifndef TESTS_FAKE_HOST_H
#define TESTS_FAKE_HOST_H

#include "tests/lib/fake_tls.h"

enum fake_memory {
    FAKE_INVENTED,
    FAKE_REAL,
    FAKE_DUAL
};

enum fake_op {
    FAKE_RESERVE,
    FAKE_PROTECT,
    FAKE_RELEASE,
    FAKE_TRIM,
    FAKE_RESOLVE,
    FAKE_CALL
};

enum {
    FAKE_PAGE = 4096,
    FAKE_MAX_REGIONS = 1024,
    FAKE_MAX_EVENTS = 1024
};

/* One callback, in the order they came. */
struct fake_event {
    enum fake_op op;
    bool failed;
    elfin_purpose purpose; /* reserve */
    uint64_t address;      /* run address of reserve, protect, trim and call */
    uint64_t size;
    elfin_rights rights; /* protect */
    elfin_entry entry;   /* call */
    char name[64];       /* resolve: the symbol; call: the module */
};

struct fake_region {
    bool live;
    elfin_request request;
    elfin_region region; /* as it was given */
    uint64_t trimmed;    /* bytes still there after trim; the whole size before */
    uint8_t *rights;     /* one elfin_rights per page; NULL for records and working memory */
    void *base;          /* of the edit mapping, guard pages included */
    uint64_t mapped;
};

struct fake_host {
    elfin_host host; /* hand this to elfin_space_init */
    enum fake_memory memory;

    /* Wishes of the test; they may be changed at any time. */
    uint64_t base;    /* where image memory begins to be searched without a near hint */
    bool ignore_near; /* search from base whatever the library wishes */
    bool run_calls;   /* execute module code (real and dual memory); else record the call only */
    bool call_any;    /* calls may be to what is not the host's memory; nothing is executed */
    uint64_t slack;   /* give this many bytes more than asked */
    int call_result;  /* what INIT returns when calls are not executed */
    /* Names that the resolve callback knows; ends with a NULL name. */
    const elfin_export *resolvable;

    /* Fault injection: the nth (from 1) call that can fail does; 0 = never. */
    uint64_t fail_at;
    bool fail_for_ever;
    uint64_t fallible; /* calls that could fail, so far */
    /* The one call that failed was for image memory: other places are tried, objects taken apart.
     */
    bool failed_image;

    /* Books. */
    struct fake_region regions[FAKE_MAX_REGIONS];
    struct fake_event events[FAKE_MAX_EVENTS];
    size_t event_count;
    uint64_t live_images, live_records, live_work; /* regions */
    uint64_t live_unwind;                          /* blocks whose unwind tables it has */
    uint64_t live_bytes, peak_work_bytes, work_bytes;
    struct fake_tls tls;
    unsigned violations;
    char violation[256]; /* the first one */
};

void fake_host_init(struct fake_host *fake, enum fake_memory memory);

/* Forgets events and fault counters; the regions stay. */
void fake_host_rewind(struct fake_host *fake);

/* Unmaps what is still live (a failed test must not disturb the next). */
void fake_host_fini(struct fake_host *fake);

/* The live image region that holds a run address, or NULL. */
const struct fake_region *fake_host_find(const struct fake_host *fake, uint64_t run);

/* The bytes behind a run address, readable through the edit mapping, or NULL. */
void *fake_host_edit(const struct fake_host *fake, uint64_t run, uint64_t size);

/* Rights of the page at a run address; -1 when nothing is there. */
int fake_host_rights(const struct fake_host *fake, uint64_t run);

/* How many events of one kind there were. */
size_t fake_host_count(const struct fake_host *fake, enum fake_op op);

#endif
