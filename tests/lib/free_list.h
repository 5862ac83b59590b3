/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FREE_LIST_H
#define TESTS_FREE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libmini/pages.h"

/*
 * What the page allocator must do, as plainly as it can be said: an array of free runs in ascending
 * order, and a search that looks at every run. Arithmetic has 128 bits, so nothing wraps around.
 */
struct free_run {
    uint64_t base, last; /* inclusive */
};

struct free_list {
    struct free_run *runs;
    size_t count, room;
};

/* Joins neighbours. The pages are not in the list. */
void free_list_add(struct free_list *list, uint64_t base, uint64_t last);

/* The pages are in one run of the list. */
void free_list_remove(struct free_list *list, uint64_t base, uint64_t last);

/* The base that the request names, or false. */
bool free_list_search(const struct free_list *list, const struct mini_pages_request *request,
                      uint64_t *base);

/* Whether one run holds all of [base, last]. */
bool free_list_has(const struct free_list *list, uint64_t base, uint64_t last);

uint64_t free_list_pages(const struct free_list *list);

void free_list_drop(struct free_list *list);

/*
 * Reads a memory map of tests/maps ("type base pages" in each line) into the list: the free
 * entries (EfiConventionalMemory) of it, page 0 left out. Returns the number of all entries, 0 if
 * the file cannot be read.
 */
size_t free_list_read_map(struct free_list *list, const char *path);

#endif
