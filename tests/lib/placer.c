/* SPDX-License-Identifier: MIT */
#include "tests/lib/placer.h"

#include <stdlib.h>

#define P MINI_PAGE_SIZE

const char *const placer_names[PLACER_POLICIES] = {
    "near the host", "near imports", "lowest (first fit)", "highest",
    "next fit",      "best fit",     "worst fit",          "scattered",
};

static bool by_size(const struct placer *placer)
{
    return placer->policy == PLACER_BEST_FIT || placer->policy == PLACER_WORST_FIT;
}

bool placer_init(struct placer *placer, enum placer_policy policy, uint64_t units, size_t things)
{
    size_t bytes = (2 * things + 4) * sizeof(struct mini_pages_node);
    struct mini_tree_node *nodes = calloc(things + 2, sizeof(*nodes));

    *placer = (struct placer){ .policy = policy, .units = units, .size_nodes = nodes };
    placer->nodes = malloc(bytes);
    if (placer->nodes == NULL || nodes == NULL)
        return false;
    mini_pages_init(&placer->pages, NULL, NULL);
    mini_pages_add_nodes(&placer->pages, placer->nodes, bytes);
    mini_pages_add_range(&placer->pages, 0, units * P);
    mini_tree_init(&placer->sizes, NULL);
    for (size_t i = 0; i < things + 2; i++) {
        nodes[i].right = placer->spare;
        placer->spare = &nodes[i];
    }
    if (by_size(placer)) {
        placer->spare = nodes[things + 1].right;
        nodes[things + 1].key = units << 32;
        mini_tree_insert(&placer->sizes, &nodes[things + 1]);
    }
    return true;
}

void placer_drop(struct placer *placer)
{
    free(placer->nodes);
    free(placer->size_nodes);
}

/* Adds the free run at the unit, if there is one, to the index of sizes, or takes it out. */
static void note_run(struct placer *placer, uint64_t unit, bool add)
{
    struct mini_pages_run run;
    struct mini_tree_node *node;

    if (!mini_pages_find(&placer->pages, unit * P, &run) || run.used)
        return;
    /* Size and place in one key; both are small here. */
    uint64_t key = (run.last - run.base + 1) / P << 32 | run.base / P;
    if (add) {
        node = placer->spare;
        placer->spare = node->right;
        node->key = key;
        mini_tree_insert(&placer->sizes, node);
        return;
    }
    node = mini_tree_at_least(&placer->sizes, key);
    if (node == NULL || node->key != key) {
        placer->mistake = "a free run is not in the index of sizes";
        return;
    }
    mini_tree_remove(&placer->sizes, node);
    node->right = placer->spare;
    placer->spare = node;
}

static bool alloc_by_size(struct placer *placer, uint64_t units, uint64_t *base)
{
    struct mini_tree_node *node = mini_tree_at_least(&placer->sizes, units << 32);

    if (node == NULL)
        return false;
    if (placer->policy == PLACER_WORST_FIT)
        node = mini_tree_at_most(&placer->sizes, UINT64_MAX);
    *base = node->key & UINT32_MAX;
    note_run(placer, *base, false);
    if (mini_pages_alloc_at(&placer->pages, *base * P, units * P) != MINI_PAGES_OK)
        placer->mistake = "a run of the index of sizes is not free";
    note_run(placer, *base + units, true);
    return true;
}

/* What the policy asks of the page allocator. */
static struct mini_pages_request request_of(struct placer *placer, uint64_t units, uint64_t near)
{
    struct mini_pages_request request = { .size = units * P,
                                          .high = UINT64_MAX,
                                          .policy = MINI_PAGES_NEAREST };

    switch (placer->policy) {
    case PLACER_LOWEST:
        request.policy = MINI_PAGES_LOWEST;
        break;
    case PLACER_HIGHEST:
        request.policy = MINI_PAGES_HIGHEST;
        break;
    case PLACER_NEXT_FIT:
        request.policy = MINI_PAGES_LOWEST;
        request.low = placer->next * P;
        break;
    case PLACER_NEAR_IMPORTS:
        request.near = near * P;
        break;
    case PLACER_SCATTERED:
        request.near = placer_random(&placer->state) % placer->units * P;
        break;
    default:
        request.near = placer->units / 8 * 7 * P;
        break;
    }
    return request;
}

bool placer_alloc(struct placer *placer, uint64_t units, uint64_t near, uint64_t *base)
{
    struct mini_pages_request request;
    bool done;

    if (by_size(placer))
        return alloc_by_size(placer, units, base);
    request = request_of(placer, units, near);
    done = mini_pages_alloc(&placer->pages, &request, base) == MINI_PAGES_OK;
    if (!done && request.low > 0) {
        request.low = 0;
        done = mini_pages_alloc(&placer->pages, &request, base) == MINI_PAGES_OK;
    }
    if (done) {
        *base /= P;
        placer->next = *base + units;
    }
    return done;
}

void placer_free(struct placer *placer, uint64_t base, uint64_t units)
{
    if (by_size(placer)) {
        note_run(placer, base + units, false);
        if (base > 0)
            note_run(placer, base - 1, false);
    }
    if (mini_pages_free(&placer->pages, base * P, units * P) != MINI_PAGES_OK)
        placer->mistake = "an allocation is not there when it is freed";
    if (by_size(placer))
        note_run(placer, base, true);
}
