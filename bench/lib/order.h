/* SPDX-License-Identifier: MIT */
#ifndef BENCH_ORDER_H
#define BENCH_ORDER_H

#include "bench/lib/objects.h"

/*
 * The numbers of the objects that are not left out, each after those that define what it imports;
 * in a circle, in the order of the files. Of many definitions the first counts. The caller frees
 * it.
 */
size_t *order_by_use(const struct objects *objects, size_t *count);

#endif
