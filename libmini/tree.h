/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_TREE_H
#define LIBMINI_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An intrusive balanced (AVL) tree ordered by a unique 64-bit key: the ground of the page allocator
 * and of the heap's chunk index. Nodes are the caller's, and must not move while linked. No
 * allocation, no recursion; every function visits O(log n) nodes.
 *
 * A node may summarize its subtree: `update` is called for a node after anything below it changed,
 * children first. A key may be changed in place as long as the order stays the same; likewise
 * anything summarized, followed by mini_tree_refresh.
 */
struct mini_tree_node {
    struct mini_tree_node *left;
    struct mini_tree_node *right;
    uint64_t key;
    uint32_t height; /* 1 for a leaf */
    uint32_t user;   /* the owner's, not touched */
};

struct mini_tree {
    struct mini_tree_node *root;
    void (*update)(struct mini_tree_node *node); /* NULL when nothing is summarized */
    uint64_t steps;                              /* nodes visited since initialization */
};

void mini_tree_init(struct mini_tree *tree, void (*update)(struct mini_tree_node *node));

/* node->key is set by the caller and not in the tree. */
void mini_tree_insert(struct mini_tree *tree, struct mini_tree_node *node);
/* node is in the tree. */
void mini_tree_remove(struct mini_tree *tree, struct mini_tree_node *node);
/* Summarizes again from node up to the root; node is in the tree. */
void mini_tree_refresh(struct mini_tree *tree, struct mini_tree_node *node);

/* The greatest key that is at most `key`, the least that is at least `key`; NULL when there is
 * none. */
struct mini_tree_node *mini_tree_at_most(struct mini_tree *tree, uint64_t key);
struct mini_tree_node *mini_tree_at_least(struct mini_tree *tree, uint64_t key);

#endif
