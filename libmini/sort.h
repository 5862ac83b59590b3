/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_SORT_H
#define LIBMINI_SORT_H

#include <stddef.h>

/*
 * Sorts count elements of size bytes at base, in place, ascending by compare (below 0, 0, above 0).
 * Heapsort: at most about 2 n log2 n comparisons whatever the input, no heap, no recursion,
 * constant stack. Not stable: where the order of equals matters, let compare decide it. An
 * inconsistent compare gives some order, never a stray access.
 */
void mini_sort(void *base, size_t count, size_t size,
               int (*compare)(const void *a, const void *b, void *ctx), void *ctx);

#endif
