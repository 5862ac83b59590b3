/* SPDX-License-Identifier: MIT */
#include "libmini/tree.h"

/*
 * A change walks down from the root, notes the links it follows, and walks back up over them to
 * restore balance and summaries. An AVL tree of n nodes is less than 1.45 log2(n + 2) high, and
 * there cannot be 2^58 nodes of more than 32 bytes in a 64-bit address space: 84 links at most.
 */
enum {
    HEIGHT_MAX = 84
};

struct path {
    struct mini_tree_node **links[HEIGHT_MAX];
    size_t length;
};

void mini_tree_init(struct mini_tree *tree, void (*update)(struct mini_tree_node *node))
{
    *tree = (struct mini_tree){ NULL, update, 0 };
}

static uint32_t height(const struct mini_tree_node *node)
{
    return node == NULL ? 0 : node->height;
}

static void update(const struct mini_tree *tree, struct mini_tree_node *node)
{
    uint32_t left = height(node->left);
    uint32_t right = height(node->right);

    node->height = (left > right ? left : right) + 1;
    if (tree->update != NULL)
        tree->update(node);
}

static void rotate_right(const struct mini_tree *tree, struct mini_tree_node **link)
{
    struct mini_tree_node *node = *link;
    struct mini_tree_node *child = node->left;

    node->left = child->right;
    child->right = node;
    *link = child;
    update(tree, node);
    update(tree, child);
}

static void rotate_left(const struct mini_tree *tree, struct mini_tree_node **link)
{
    struct mini_tree_node *node = *link;
    struct mini_tree_node *child = node->right;

    node->right = child->left;
    child->left = node;
    *link = child;
    update(tree, node);
    update(tree, child);
}

/* The subtrees of *link are right and differ by at most two in height. */
static void rebalance(const struct mini_tree *tree, struct mini_tree_node **link)
{
    struct mini_tree_node *node = *link;
    uint32_t left = height(node->left);
    uint32_t right = height(node->right);

    if (left > right + 1) {
        if (height(node->left->left) < height(node->left->right))
            rotate_left(tree, &node->left);
        rotate_right(tree, link);
    } else if (right > left + 1) {
        if (height(node->right->right) < height(node->right->left))
            rotate_right(tree, &node->right);
        rotate_left(tree, link);
    } else {
        update(tree, node);
    }
}

/* Back to the root, deepest link first: a rotation below a link leaves that link itself in place.
 */
static void unwind(struct mini_tree *tree, struct path *path)
{
    while (path->length > 0) {
        struct mini_tree_node **link = path->links[--path->length];
        tree->steps++;
        if (*link != NULL)
            rebalance(tree, link);
    }
}

/* Notes the links from the root to the one that holds the key, or that would. */
static struct mini_tree_node **descend(struct mini_tree *tree, uint64_t key, struct path *path)
{
    struct mini_tree_node **link = &tree->root;

    path->length = 0;
    path->links[path->length++] = link;
    while (*link != NULL && (*link)->key != key) {
        link = key < (*link)->key ? &(*link)->left : &(*link)->right;
        path->links[path->length++] = link;
        tree->steps++;
    }
    return link;
}

void mini_tree_insert(struct mini_tree *tree, struct mini_tree_node *node)
{
    struct path path;

    node->left = NULL;
    node->right = NULL;
    *descend(tree, node->key, &path) = node;
    unwind(tree, &path);
}

void mini_tree_remove(struct mini_tree *tree, struct mini_tree_node *node)
{
    struct path path;
    struct mini_tree_node **link = descend(tree, node->key, &path);

    if (node->left == NULL || node->right == NULL) {
        *link = node->left != NULL ? node->left : node->right;
        unwind(tree, &path);
        return;
    }

    /* Its successor, which has no left child, takes its place. */
    size_t depth = path.length;
    struct mini_tree_node **next = &node->right;
    while ((*next)->left != NULL) {
        path.links[path.length++] = next;
        next = &(*next)->left;
        tree->steps++;
    }
    struct mini_tree_node *successor = *next;
    *next = successor->right;
    successor->left = node->left;
    successor->right = node->right;
    *link = successor;
    /* The first link noted below `link` was inside of node; it is the successor's now. */
    if (path.length > depth)
        path.links[depth] = &successor->right;
    unwind(tree, &path);
}

void mini_tree_refresh(struct mini_tree *tree, struct mini_tree_node *node)
{
    struct path path;

    descend(tree, node->key, &path);
    unwind(tree, &path);
}

struct mini_tree_node *mini_tree_at_most(struct mini_tree *tree, uint64_t key)
{
    struct mini_tree_node *best = NULL;

    for (struct mini_tree_node *node = tree->root; node != NULL;) {
        tree->steps++;
        if (node->key == key)
            return node;
        if (node->key < key) {
            best = node;
            node = node->right;
        } else {
            node = node->left;
        }
    }
    return best;
}

struct mini_tree_node *mini_tree_at_least(struct mini_tree *tree, uint64_t key)
{
    struct mini_tree_node *best = NULL;

    for (struct mini_tree_node *node = tree->root; node != NULL;) {
        tree->steps++;
        if (node->key == key)
            return node;
        if (node->key > key) {
            best = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return best;
}
