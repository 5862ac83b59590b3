/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_PAGES_RUN_H
#define LIBMINI_PAGES_RUN_H

/* Inside of the page allocator: what its two halves, bookkeeping and search, share. */

#include "libmini/pages.h"

/* What every page-aligned size or address has in common: the alignment of class 0. */
#define PAGES_MASK (MINI_PAGE_SIZE - 1)

/* The tree's node is the first member. */
static inline struct mini_pages_node *pages_node(struct mini_tree_node *node)
{
    return (struct mini_pages_node *)(void *)node;
}

static inline bool pages_is_free(const struct mini_pages_node *node)
{
    return node->tree.user != 0;
}

/* Of the inclusive range; a run of all 2^64 bytes is no exception. */
static inline uint64_t pages_count(uint64_t base, uint64_t last)
{
    return (last - base) / MINI_PAGE_SIZE + 1;
}

/* The tree's update function. Hidden, so that taking its address needs no slot. */
__attribute__((visibility("hidden"))) void mini_pages_summarize(struct mini_tree_node *node);

/* The free run and the base in it that the request, found valid, names; NULL if there is none. */
struct mini_pages_node *mini_pages_search(struct mini_tree *tree,
                                          const struct mini_pages_request *request, uint64_t *base);

#endif
