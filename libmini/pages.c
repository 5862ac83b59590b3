/* SPDX-License-Identifier: MIT */
#include "libmini/pages.h"

#include "libmini/mem.h"
#include "libmini/pages_run.h"

/* Enough for one operation of the caller's and, inside of more_nodes, for one allocation. */
enum {
    NODES_WANTED = 4
};

void mini_pages_init(struct mini_pages *pages,
                     void (*more_nodes)(struct mini_pages *pages, void *ctx), void *ctx)
{
    *pages = (struct mini_pages){ .more_nodes = more_nodes, .ctx = ctx };
    mini_tree_init(&pages->tree, mini_pages_summarize);
}

static void give_node(struct mini_pages *pages, struct mini_tree_node *node)
{
    node->right = pages->spare;
    pages->spare = node;
    pages->spare_nodes++;
}

/* Only where nodes were counted before. Its summary is that of nothing. */
static struct mini_pages_node *take_node(struct mini_pages *pages)
{
    struct mini_pages_node *node = pages_node(pages->spare);

    pages->spare = node->tree.right;
    pages->spare_nodes--;
    memset(node->fit, 0, sizeof(node->fit));
    return node;
}

size_t mini_pages_add_nodes(struct mini_pages *pages, void *memory, size_t size)
{
    size_t misfit = (uintptr_t)memory % _Alignof(struct mini_pages_node);
    size_t skip = misfit == 0 ? 0 : _Alignof(struct mini_pages_node) - misfit;

    if (memory == NULL || size < skip)
        return 0;
    struct mini_pages_node *nodes = (void *)((unsigned char *)memory + skip);
    size_t count = (size - skip) / sizeof(*nodes);
    for (size_t i = 0; i < count; i++)
        give_node(pages, &nodes[i].tree);
    return count;
}

static void ask_for_nodes(struct mini_pages *pages)
{
    if (pages->more_nodes == NULL || pages->growing || pages->spare_nodes >= NODES_WANTED)
        return;
    pages->growing = true;
    pages->more_nodes(pages, pages->ctx);
    pages->growing = false;
}

static bool last_of(uint64_t base, uint64_t size, uint64_t *last)
{
    *last = base + (size - 1);
    return size > 0 && ((base | size) & PAGES_MASK) == 0 && *last >= base;
}

/* The run that holds the address, or NULL. */
static struct mini_pages_node *run_at(struct mini_pages *pages, uint64_t address)
{
    struct mini_tree_node *node = mini_tree_at_most(&pages->tree, address);

    return node != NULL && pages_node(node)->last >= address ? pages_node(node) : NULL;
}

static void count_run(struct mini_pages *pages, bool is_free, bool added)
{
    size_t *runs = is_free ? &pages->free_runs : &pages->used_runs;

    *runs = added ? *runs + 1 : *runs - 1;
}

static void insert_run(struct mini_pages *pages, uint64_t base, uint64_t last, bool is_free)
{
    struct mini_pages_node *node = take_node(pages);

    node->tree.key = base;
    node->tree.user = is_free;
    node->last = last;
    mini_tree_insert(&pages->tree, &node->tree);
    count_run(pages, is_free, true);
}

static void remove_run(struct mini_pages *pages, struct mini_pages_node *node)
{
    mini_tree_remove(&pages->tree, &node->tree);
    count_run(pages, pages_is_free(node), false);
    give_node(pages, &node->tree);
}

/* Makes pages free that no run holds, joined with free neighbours. May need one node. */
static void insert_free(struct mini_pages *pages, uint64_t base, uint64_t last)
{
    struct mini_pages_node *before = base > 0 ? run_at(pages, base - 1) : NULL;
    struct mini_pages_node *after = last < UINT64_MAX ? run_at(pages, last + 1) : NULL;

    pages->free_pages += pages_count(base, last);
    if (after != NULL && !pages_is_free(after))
        after = NULL;
    if (before != NULL && pages_is_free(before)) {
        if (after != NULL) {
            last = after->last;
            remove_run(pages, after);
        }
        before->last = last;
        mini_tree_refresh(&pages->tree, &before->tree);
    } else if (after != NULL) {
        /* Nothing lies between the new base and the old one, so the order stays. */
        after->tree.key = base;
        mini_tree_refresh(&pages->tree, &after->tree);
    } else {
        insert_run(pages, base, last, true);
    }
}

static bool splits(const struct mini_pages_node *run, uint64_t base, uint64_t last)
{
    return run->tree.key < base && last < run->last;
}

/* Takes [base, last] out of the free run that holds it. Needs one node if that splits the run. */
static void remove_free(struct mini_pages *pages, struct mini_pages_node *run, uint64_t base,
                        uint64_t last)
{
    uint64_t end = run->last;

    pages->free_pages -= pages_count(base, last);
    if (run->tree.key == base && end == last) {
        remove_run(pages, run);
        return;
    }
    bool split = splits(run, base, last);
    if (run->tree.key < base)
        run->last = base - 1;
    else
        run->tree.key = last + 1;
    mini_tree_refresh(&pages->tree, &run->tree);
    if (split)
        insert_run(pages, last + 1, end, true);
}

enum mini_pages_status mini_pages_add_range(struct mini_pages *pages, uint64_t base, uint64_t size)
{
    uint64_t last;

    if (!last_of(base, size, &last))
        return MINI_PAGES_INVALID;
    ask_for_nodes(pages);
    struct mini_tree_node *below = mini_tree_at_most(&pages->tree, last);
    if (below != NULL && pages_node(below)->last >= base)
        return MINI_PAGES_OVERLAP;
    if (pages->spare_nodes < 1)
        return MINI_PAGES_NO_NODES;
    insert_free(pages, base, last);
    pages->total_pages += pages_count(base, last);
    return MINI_PAGES_OK;
}

/* What the first page from base on is that is not free. */
static enum mini_pages_status why_not_free(struct mini_pages *pages, uint64_t base)
{
    struct mini_pages_node *run = run_at(pages, base);

    /* Free neighbours are joined, so what follows a free run is not free. */
    if (run != NULL && pages_is_free(run))
        run = run_at(pages, run->last + 1);
    return run == NULL ? MINI_PAGES_FOREIGN : MINI_PAGES_BUSY;
}

enum mini_pages_status mini_pages_remove_range(struct mini_pages *pages, uint64_t base,
                                               uint64_t size)
{
    uint64_t last;

    if (!last_of(base, size, &last))
        return MINI_PAGES_INVALID;
    ask_for_nodes(pages);
    struct mini_pages_node *run = run_at(pages, base);
    if (run == NULL || !pages_is_free(run) || run->last < last)
        return why_not_free(pages, base);
    if (splits(run, base, last) && pages->spare_nodes < 1)
        return MINI_PAGES_NO_NODES;
    remove_free(pages, run, base, last);
    pages->total_pages -= pages_count(base, last);
    return MINI_PAGES_OK;
}

/* One run becomes one used run, and a free one for each end that is left over. */
static enum mini_pages_status allocate(struct mini_pages *pages, struct mini_pages_node *run,
                                       uint64_t base, uint64_t last)
{
    size_t needed = (size_t)(run->tree.key < base) + (size_t)(last < run->last);

    if (pages->spare_nodes < needed)
        return MINI_PAGES_NO_NODES;
    remove_free(pages, run, base, last);
    insert_run(pages, base, last, false);
    return MINI_PAGES_OK;
}

static bool is_valid_request(const struct mini_pages_request *request)
{
    return request->size > 0 && (request->size & PAGES_MASK) == 0 &&
           request->size <= MINI_PAGES_SIZE_MAX && (request->align & (request->align - 1)) == 0 &&
           request->policy <= MINI_PAGES_NEAREST;
}

enum mini_pages_status mini_pages_alloc(struct mini_pages *pages,
                                        const struct mini_pages_request *request, uint64_t *base)
{
    uint64_t found;

    if (!is_valid_request(request))
        return MINI_PAGES_INVALID;
    ask_for_nodes(pages);
    struct mini_pages_node *run = mini_pages_search(&pages->tree, request, &found);
    if (run == NULL)
        return MINI_PAGES_NO_MEMORY;
    enum mini_pages_status status = allocate(pages, run, found, found + (request->size - 1));
    if (status == MINI_PAGES_OK)
        *base = found;
    return status;
}

enum mini_pages_status mini_pages_alloc_at(struct mini_pages *pages, uint64_t base, uint64_t size)
{
    uint64_t last;

    if (!last_of(base, size, &last))
        return MINI_PAGES_INVALID;
    ask_for_nodes(pages);
    struct mini_pages_node *run = run_at(pages, base);
    if (run == NULL || !pages_is_free(run) || run->last < last)
        return MINI_PAGES_NO_MEMORY;
    return allocate(pages, run, base, last);
}

enum mini_pages_status mini_pages_free(struct mini_pages *pages, uint64_t base, uint64_t size)
{
    uint64_t last;

    if (!last_of(base, size, &last))
        return MINI_PAGES_INVALID;
    struct mini_pages_node *run = run_at(pages, base);
    if (run == NULL)
        return MINI_PAGES_FOREIGN;
    if (pages_is_free(run))
        return MINI_PAGES_NOT_USED;
    if (run->tree.key != base)
        return MINI_PAGES_NOT_START;
    if (run->last != last)
        return MINI_PAGES_WRONG_SIZE;
    /* The node given back here is the one that insert_free may need. */
    remove_run(pages, run);
    insert_free(pages, base, last);
    return MINI_PAGES_OK;
}

static void describe(const struct mini_pages_node *node, struct mini_pages_run *run)
{
    *run = (struct mini_pages_run){ node->tree.key, node->last, !pages_is_free(node) };
}

bool mini_pages_find(struct mini_pages *pages, uint64_t address, struct mini_pages_run *run)
{
    const struct mini_pages_node *node = run_at(pages, address);

    if (node != NULL)
        describe(node, run);
    return node != NULL;
}

bool mini_pages_next(struct mini_pages *pages, uint64_t address, struct mini_pages_run *run)
{
    struct mini_tree_node *node = mini_tree_at_least(&pages->tree, address);

    if (node != NULL)
        describe(pages_node(node), run);
    return node != NULL;
}

struct mini_pages_statistics mini_pages_statistics(const struct mini_pages *pages)
{
    struct mini_tree_node *root = pages->tree.root;

    return (struct mini_pages_statistics){
        .total_pages = pages->total_pages,
        .free_pages = pages->free_pages,
        .largest_free = root == NULL ? 0 : pages_node(root)->largest,
        .free_runs = pages->free_runs,
        .used_runs = pages->used_runs,
        .spare_nodes = pages->spare_nodes,
    };
}

const char *mini_pages_status_text(enum mini_pages_status status)
{
    /* Arrays, not pointers: nothing that a position-independent image would have to relocate. */
    static const char texts[][40] = {
        [MINI_PAGES_OK] = "done",
        [MINI_PAGES_INVALID] = "invalid size, address or alignment",
        [MINI_PAGES_NO_MEMORY] = "no free run satisfies the request",
        [MINI_PAGES_NO_NODES] = "no node left to describe the result",
        [MINI_PAGES_OVERLAP] = "part of the range is managed already",
        [MINI_PAGES_FOREIGN] = "the address is not managed",
        [MINI_PAGES_NOT_USED] = "the address is free already",
        [MINI_PAGES_NOT_START] = "the address is inside of an allocation",
        [MINI_PAGES_WRONG_SIZE] = "the allocation has another size",
        [MINI_PAGES_BUSY] = "part of the range is allocated",
    };

    return status <= MINI_PAGES_BUSY ? texts[status] : "unknown status";
}
