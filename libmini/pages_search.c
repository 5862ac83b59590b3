/* SPDX-License-Identifier: MIT */
#include "libmini/pages_run.h"

/*
 * How a search stays logarithmic and exact.
 *
 * Alignment 2^(12 + k) is class k. A free run "fits" when at least the wanted pages lie between its
 * first aligned address and its end, and fit[k] says whether any run of a subtree does. So the
 * first (or last) fitting run beyond an address is found in one descent that never turns back.
 *
 * Limits and target cut through at most one run: the one that holds the address where the search
 * starts. It is tried by itself. Every other run on the way out lies beyond that address as a
 * whole, so its base nearest to the start is its first (or last) aligned one, and runs further out
 * have none nearer. If the first fitting run breaks the limit on the far side, all others do.
 */
struct search {
    struct mini_tree *tree;
    uint64_t span; /* size - 1: what to add to the base for the last byte */
    uint64_t mask; /* align - 1 */
    uint64_t low;
    uint64_t high;
    uint32_t pages;
    unsigned int class;
};

static uint64_t align_down(uint64_t address, uint64_t mask)
{
    return address & ~mask;
}

/* False when there is no multiple at or above the address below 2^64. */
static bool align_up(uint64_t address, uint64_t mask, uint64_t *aligned)
{
    *aligned = (address + mask) & ~mask;
    return address <= UINT64_MAX - mask;
}

/* UINT32_MAX means that or more. */
static uint32_t count_to(uint64_t first, uint64_t last)
{
    uint64_t pages = pages_count(first, last);

    return pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
}

/* Pages from the run's first aligned address on. */
static uint32_t own_fit(const struct mini_pages_node *node, uint64_t mask)
{
    uint64_t first;

    if (!pages_is_free(node) || !align_up(node->tree.key, mask, &first) || first > node->last)
        return 0;
    return count_to(first, node->last);
}

static uint64_t largest_of(const struct mini_pages_node *node, const struct mini_pages_node *left,
                           const struct mini_pages_node *right)
{
    uint64_t own = pages_is_free(node) ? pages_count(node->tree.key, node->last) : 0;
    uint64_t below = left->largest > right->largest ? left->largest : right->largest;

    return own > below ? own : below;
}

/*
 * What is aligned to one power is aligned to all lesser ones, so fit never grows with the class: it
 * ends where neither the run nor a subtree has a multiple any more, and what was there before ends
 * at its first zero. A few classes of 52 are all that most nodes have.
 */
void mini_pages_summarize(struct mini_tree_node *tree)
{
    static const struct mini_pages_node none;
    struct mini_pages_node *node = pages_node(tree);
    const struct mini_pages_node *left = tree->left == NULL ? &none : pages_node(tree->left);
    const struct mini_pages_node *right = tree->right == NULL ? &none : pages_node(tree->right);
    bool own = pages_is_free(node);
    uint64_t first = tree->key;
    unsigned int class = 0;

    node->largest = largest_of(node, left, right);
    for (; class < MINI_PAGES_ALIGNMENTS; class ++) {
        uint32_t fit = left->fit[class] > right->fit[class] ? left->fit[class] : right->fit[class];
        own = own && align_up(first, (MINI_PAGE_SIZE << class) - 1, &first) && first <= node->last;
        if (own && count_to(first, node->last) > fit)
            fit = count_to(first, node->last);
        if (fit == 0)
            break;
        node->fit[class] = fit;
    }
    for (; class < MINI_PAGES_ALIGNMENTS && node->fit[class] != 0; class ++)
        node->fit[class] = 0;
}

static bool run_fits(const struct search *search, struct mini_tree_node *node)
{
    return own_fit(pages_node(node), search->mask) >= search->pages;
}

static bool subtree_fits(const struct search *search, struct mini_tree_node *node)
{
    return node != NULL && pages_node(node)->fit[search->class] >= search->pages;
}

/* The first fitting run of a subtree that has one. */
static struct mini_tree_node *first_below(const struct search *search, struct mini_tree_node *node)
{
    while (subtree_fits(search, node->left) || !run_fits(search, node)) {
        search->tree->steps++;
        node = subtree_fits(search, node->left) ? node->left : node->right;
    }
    return node;
}

static struct mini_tree_node *last_below(const struct search *search, struct mini_tree_node *node)
{
    while (subtree_fits(search, node->right) || !run_fits(search, node)) {
        search->tree->steps++;
        node = subtree_fits(search, node->right) ? node->right : node->left;
    }
    return node;
}

/*
 * The first fitting run with a base at or above the address. Each node at which the descent turns
 * left comes, with its right subtree, before all such nodes above it: so the deepest that has
 * something to offer is the one.
 */
static struct mini_tree_node *first_from(const struct search *search, uint64_t address)
{
    struct mini_tree_node *best = NULL;

    for (struct mini_tree_node *node = search->tree->root; node != NULL;) {
        search->tree->steps++;
        if (node->key < address) {
            node = node->right;
            continue;
        }
        if (run_fits(search, node) || subtree_fits(search, node->right))
            best = node;
        node = node->left;
    }
    if (best == NULL || run_fits(search, best))
        return best;
    return first_below(search, best->right);
}

/* The last fitting run with a base below the address. */
static struct mini_tree_node *last_before(const struct search *search, uint64_t address)
{
    struct mini_tree_node *best = NULL;

    for (struct mini_tree_node *node = search->tree->root; node != NULL;) {
        search->tree->steps++;
        if (node->key >= address) {
            node = node->left;
            continue;
        }
        if (run_fits(search, node) || subtree_fits(search, node->left))
            best = node;
        node = node->right;
    }
    if (best == NULL || run_fits(search, best))
        return best;
    return last_below(search, best->left);
}

/* The least base of the run that is at least `from` and keeps to the limit above. */
static bool least_base(const struct search *search, const struct mini_pages_node *run,
                       uint64_t from, uint64_t *base)
{
    uint64_t end = run->last < search->high ? run->last : search->high;

    if (from < run->tree.key)
        from = run->tree.key;
    return pages_is_free(run) && align_up(from, search->mask, base) && *base <= end &&
           end - *base >= search->span;
}

/* The greatest base of the run that is at most `to` and keeps to the limit below. */
static bool greatest_base(const struct search *search, const struct mini_pages_node *run,
                          uint64_t to, uint64_t *base)
{
    uint64_t start = run->tree.key > search->low ? run->tree.key : search->low;

    if (!pages_is_free(run) || run->last - run->tree.key < search->span)
        return false;
    if (to > run->last - search->span)
        to = run->last - search->span;
    *base = align_down(to, search->mask);
    return *base >= start;
}

static struct mini_pages_node *search_up(const struct search *search, uint64_t from, uint64_t *base)
{
    struct mini_tree_node *run = mini_tree_at_most(search->tree, from);

    if (run != NULL && least_base(search, pages_node(run), from, base))
        return pages_node(run);
    run = first_from(search, from);
    if (run != NULL && least_base(search, pages_node(run), from, base))
        return pages_node(run);
    return NULL;
}

static struct mini_pages_node *search_down(const struct search *search, uint64_t to, uint64_t *base)
{
    if (search->high < search->span)
        return NULL;
    if (to > search->high - search->span)
        to = search->high - search->span;

    struct mini_tree_node *run = mini_tree_at_most(search->tree, to);
    if (run == NULL)
        return NULL;
    if (greatest_base(search, pages_node(run), to, base))
        return pages_node(run);
    run = last_before(search, run->key);
    if (run != NULL && greatest_base(search, pages_node(run), to, base))
        return pages_node(run);
    return NULL;
}

static struct mini_pages_node *search_around(const struct search *search, uint64_t near,
                                             uint64_t *base)
{
    uint64_t lower, upper;
    struct mini_pages_node *below = search_down(search, near, &lower);
    struct mini_pages_node *above =
        search_up(search, near > search->low ? near : search->low, &upper);

    if (below != NULL && (above == NULL || near - lower <= upper - near)) {
        *base = lower;
        return below;
    }
    if (above != NULL)
        *base = upper;
    return above;
}

struct mini_pages_node *mini_pages_search(struct mini_tree *tree,
                                          const struct mini_pages_request *request, uint64_t *base)
{
    uint64_t align = request->align < MINI_PAGE_SIZE ? MINI_PAGE_SIZE : request->align;
    struct search search = {
        .tree = tree,
        .span = request->size - 1,
        .mask = align - 1,
        .low = request->low,
        .high = request->high,
        .pages = (uint32_t)(request->size / MINI_PAGE_SIZE),
    };

    while ((MINI_PAGE_SIZE << search.class) < align)
        search.class ++;
    switch (request->policy) {
    case MINI_PAGES_LOWEST:
        return search_up(&search, search.low, base);
    case MINI_PAGES_HIGHEST:
        return search_down(&search, UINT64_MAX, base);
    case MINI_PAGES_NEAREST:
        return search_around(&search, request->near, base);
    }
    return NULL;
}
