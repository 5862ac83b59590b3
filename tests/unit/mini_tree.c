/* SPDX-License-Identifier: MIT */
/* The tree against a sorted array, its shape and summaries looked at as a whole. */
#include "tests/lib/test.h"

#include "libmini/tree.h"

enum {
    KEYS = 256,
    ROUNDS = 150000
};

/* A node that knows how many there are in its subtree, and the greatest weight. */
struct item {
    struct mini_tree_node node; /* first */
    unsigned int count;
    unsigned int weight;
    unsigned int heaviest;
};

static struct item items[KEYS];
static bool present[KEYS];

static struct item *item_of(struct mini_tree_node *node)
{
    return (struct item *)(void *)node;
}

static void summarize(struct mini_tree_node *node)
{
    struct item *item = item_of(node);
    struct mini_tree_node *below[] = { node->left, node->right };

    item->count = 1;
    item->heaviest = item->weight;
    for (size_t i = 0; i < 2; i++) {
        if (below[i] == NULL)
            continue;
        item->count += item_of(below[i])->count;
        if (item_of(below[i])->heaviest > item->heaviest)
            item->heaviest = item_of(below[i])->heaviest;
    }
}

static uint64_t key_of(size_t index)
{
    /* The ends of the range too. */
    return index == KEYS - 1 ? UINT64_MAX : index * UINT64_C(0x0100000000000000);
}

/* Balance, order and summaries of all nodes; returns how many there are. */
static unsigned int check_below(struct mini_tree_node *node, uint64_t low, uint64_t high)
{
    if (node == NULL)
        return 0;
    uint32_t left = node->left == NULL ? 0 : node->left->height;
    uint32_t right = node->right == NULL ? 0 : node->right->height;
    unsigned int count = 1, weight = item_of(node)->weight;

    CHECK(node->key >= low && node->key <= high);
    CHECK_EQ(node->height, (left > right ? left : right) + 1);
    CHECK(left <= right + 1 && right <= left + 1);
    if (node->left != NULL) {
        count += check_below(node->left, low, node->key - 1);
        weight = weight > item_of(node->left)->heaviest ? weight : item_of(node->left)->heaviest;
    }
    if (node->right != NULL) {
        count += check_below(node->right, node->key + 1, high);
        weight = weight > item_of(node->right)->heaviest ? weight : item_of(node->right)->heaviest;
    }
    CHECK_EQ(item_of(node)->count, count);
    CHECK_EQ(item_of(node)->heaviest, weight);
    return count;
}

static struct mini_tree_node *expected_at_most(uint64_t key)
{
    for (size_t i = KEYS; i-- > 0;) {
        if (present[i] && key_of(i) <= key)
            return &items[i].node;
    }
    return NULL;
}

static struct mini_tree_node *expected_at_least(uint64_t key)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (present[i] && key_of(i) >= key)
            return &items[i].node;
    }
    return NULL;
}

static void agrees_with_a_sorted_array(void)
{
    struct mini_tree tree;
    unsigned int count = 0;

    mini_tree_init(&tree, summarize);
    memset(present, 0, sizeof(present));
    for (int i = 0; i < ROUNDS; i++) {
        bool filling = i / 2000 % 2 == 0;
        size_t at = test_random_below(KEYS);
        if (!present[at] && (filling || test_random_below(4) == 0)) {
            items[at].node.key = key_of(at);
            items[at].weight = (unsigned int)test_random_below(1000);
            mini_tree_insert(&tree, &items[at].node);
            present[at] = true;
            count++;
        } else if (present[at] && (!filling || test_random_below(4) == 0)) {
            mini_tree_remove(&tree, &items[at].node);
            present[at] = false;
            count--;
        } else if (present[at]) {
            items[at].weight = (unsigned int)test_random_below(1000);
            mini_tree_refresh(&tree, &items[at].node);
        }
        uint64_t key = key_of(test_random_below(KEYS)) + test_random_below(3) - 1;
        CHECK(mini_tree_at_most(&tree, key) == expected_at_most(key));
        CHECK(mini_tree_at_least(&tree, key) == expected_at_least(key));
        if (i % 8 == 0)
            CHECK_EQ(check_below(tree.root, 0, UINT64_MAX), count);
        REQUIRE_NO_FAILURE();
    }
}

static void sorts_in_any_order(void)
{
    /* Ascending, descending, from the ends inwards: each with removal from the low end. */
    for (int order = 0; order < 3; order++) {
        struct mini_tree tree;
        mini_tree_init(&tree, NULL);
        for (size_t i = 0; i < KEYS; i++) {
            size_t at = order == 0 ? i : KEYS - 1 - i;
            if (order == 2)
                at = i % 2 == 0 ? i / 2 : KEYS - 1 - i / 2;
            items[at].node.key = key_of(at);
            mini_tree_insert(&tree, &items[at].node);
        }
        CHECK(tree.root->height <= 10);
        for (size_t i = 0; i < KEYS; i++) {
            CHECK(mini_tree_at_least(&tree, 0) == &items[i].node);
            mini_tree_remove(&tree, &items[i].node);
        }
        CHECK(tree.root == NULL);
    }
}

static const struct test_case cases[] = {
    TEST_CASE(agrees_with_a_sorted_array),
    TEST_CASE(sorts_in_any_order),
};

TEST_MAIN("mini_tree", cases)
