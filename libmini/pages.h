/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_PAGES_H
#define LIBMINI_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libmini/tree.h"

/*
 * The page allocator: hands out runs of pages of any number of address ranges, such as the free
 * entries of a firmware memory map. It never touches the memory it manages, which need not be
 * mapped or even exist; what it knows stands in nodes, in memory given by the caller.
 *
 * Units: addresses and sizes are bytes and multiples of MINI_PAGE_SIZE, up to the very top of the
 * 64-bit space; `last`, `high` are inclusive. Statistics count pages, so that nothing overflows.
 *
 * Shape: one balanced tree of runs in address order, free and used. Neighbouring free runs are
 * always one run, whatever was added, allocated and freed in whatever order. Each node knows, for
 * every power of two as alignment, how many pages the best free run of its subtree offers from an
 * aligned address on. That is exact, so a search never enters a subtree in vain.
 *
 * Cost: everything visits O(log r) nodes, r being the number of runs, for any alignment, limits and
 * target together; a visit that updates a node costs MINI_PAGES_ALIGNMENTS steps. Statistics are
 * O(1).
 *
 * Nodes: there is one for each run, free or used, and a free run does not neighbour another, so
 * that 2 * allocations + ranges of them always suffice. An operation that needs more than there are
 * fails and changes nothing. Freeing never needs one.
 *
 * Not thread-safe: the caller locks, or has one thread.
 */

#define MINI_PAGE_SIZE        UINT64_C(4096)
#define MINI_PAGES_ALIGNMENTS 52 /* 2^12 to 2^63 */

/* What one request may ask for: 16 TiB less a page. Runs, and mini_pages_alloc_at, have no limit.
 */
#define MINI_PAGES_SIZE_MAX (UINT64_C(0xffffffff) * MINI_PAGE_SIZE)

enum mini_pages_status {
    MINI_PAGES_OK,
    MINI_PAGES_INVALID,    /* an argument: zero, not of whole pages, beyond 2^64, bad alignment */
    MINI_PAGES_NO_MEMORY,  /* no free run satisfies the request */
    MINI_PAGES_NO_NODES,   /* there may be memory, but no node to describe the result */
    MINI_PAGES_OVERLAP,    /* add: part of the range is managed already */
    MINI_PAGES_FOREIGN,    /* free: the first page is not managed; remove: some page is not */
    MINI_PAGES_NOT_USED,   /* free: the page is free already */
    MINI_PAGES_NOT_START,  /* free: inside an allocation, not at its start */
    MINI_PAGES_WRONG_SIZE, /* free: the allocation there has another size */
    MINI_PAGES_BUSY,       /* remove: part of the range is allocated */
};

/* One run, free or used. Opaque but for its size. */
struct mini_pages_node {
    struct mini_tree_node tree; /* first. key: the base; user: 1 if free */
    uint64_t last;              /* inclusive */
    uint64_t largest;           /* pages of the subtree's largest free run */
    /* by alignment, the most pages that one free run of the subtree has; UINT32_MAX: that or more
     */
    uint32_t fit[MINI_PAGES_ALIGNMENTS];
};

struct mini_pages_statistics {
    uint64_t total_pages; /* managed: free and used */
    uint64_t free_pages;
    uint64_t largest_free; /* pages of the largest free run */
    size_t free_runs;
    size_t used_runs;   /* allocations */
    size_t spare_nodes; /* given and not in use */
};

struct mini_pages {
    struct mini_tree tree;
    struct mini_tree_node *spare;
    size_t spare_nodes;
    size_t free_runs;
    size_t used_runs;
    uint64_t total_pages;
    uint64_t free_pages;
    void (*more_nodes)(struct mini_pages *pages, void *ctx);
    void *ctx;
    bool growing;
};

enum mini_pages_policy {
    MINI_PAGES_LOWEST,  /* the lowest address that satisfies the rest */
    MINI_PAGES_HIGHEST, /* the highest */
    MINI_PAGES_NEAREST, /* the base with the least distance to `near`; of two, the lower */
};

struct mini_pages_request {
    uint64_t size;  /* bytes: a multiple of a page, 1 to MINI_PAGES_SIZE_MAX */
    uint64_t align; /* of the base: a power of two; 0 and anything below a page mean a page */
    uint64_t low;   /* the first byte lies at or above; any value */
    uint64_t high;  /* the last byte lies at or below; any value, UINT64_MAX for no limit */
    enum mini_pages_policy policy;
    uint64_t near; /* any value; only for MINI_PAGES_NEAREST */
};

/* A managed run as the tree has it: a whole allocation, or free pages with no free neighbour. */
struct mini_pages_run {
    uint64_t base;
    uint64_t last; /* inclusive */
    bool used;
};

/*
 * An allocator that manages nothing yet and has no nodes.
 *
 * more_nodes (may be NULL) is called with ctx before an operation that may need nodes when fewer
 * than four are spare. It may call mini_pages_add_nodes, and even take the memory for that from
 * this very allocator: it is not called again from inside, and there is enough for one allocation
 * while at least two are spare. It may also do nothing.
 */
void mini_pages_init(struct mini_pages *pages,
                     void (*more_nodes)(struct mini_pages *pages, void *ctx), void *ctx);

/*
 * Makes nodes of memory of size bytes (any alignment; a remainder is not used). The memory belongs
 * to the allocator until the caller is done with the allocator as a whole. Returns the number of
 * nodes made.
 */
size_t mini_pages_add_nodes(struct mini_pages *pages, void *memory, size_t size);

/* Manages the range, as free pages. INVALID, OVERLAP, NO_NODES (not one is spare). */
enum mini_pages_status mini_pages_add_range(struct mini_pages *pages, uint64_t base, uint64_t size);

/* No longer manages the range, all of it free now. INVALID, FOREIGN, BUSY, NO_NODES. */
enum mini_pages_status mini_pages_remove_range(struct mini_pages *pages, uint64_t base,
                                               uint64_t size);

/*
 * Allocates the run that request describes; of all possible ones exactly the one its policy names.
 * *base is written on success only. INVALID, NO_MEMORY, NO_NODES.
 */
enum mini_pages_status mini_pages_alloc(struct mini_pages *pages,
                                        const struct mini_pages_request *request, uint64_t *base);

/* Allocates exactly [base, base + size). INVALID, NO_MEMORY (some page of it is not free),
 * NO_NODES. */
enum mini_pages_status mini_pages_alloc_at(struct mini_pages *pages, uint64_t base, uint64_t size);

/*
 * Frees one whole allocation, named by its base and size. INVALID, FOREIGN, NOT_USED, NOT_START,
 * WRONG_SIZE: nothing was changed.
 */
enum mini_pages_status mini_pages_free(struct mini_pages *pages, uint64_t base, uint64_t size);

/* The run that holds the address; false when it is not managed. */
bool mini_pages_find(struct mini_pages *pages, uint64_t address, struct mini_pages_run *run);

/*
 * The first run whose base is at or above the address; false when there is none. To visit all runs
 * in order, start at 0 and go on from last + 1 until that is 0 or the answer is false.
 */
bool mini_pages_next(struct mini_pages *pages, uint64_t address, struct mini_pages_run *run);

struct mini_pages_statistics mini_pages_statistics(const struct mini_pages *pages);

/* A short English description, for reports. */
const char *mini_pages_status_text(enum mini_pages_status status);

#endif
