/* SPDX-License-Identifier: MIT */
#include "tests/lib/free_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 wide;

enum {
    CONVENTIONAL_MEMORY = 7 /* UEFI 2.10, section 7.2: EfiConventionalMemory */
};

/* The first run that ends at or above the address. */
static size_t index_of(const struct free_list *list, uint64_t address)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (list->runs[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(struct free_list *list, size_t index, struct free_run run)
{
    if (list->count == list->room) {
        list->room = list->room == 0 ? 64 : 2 * list->room;
        list->runs = realloc(list->runs, list->room * sizeof(list->runs[0]));
        if (list->runs == NULL)
            abort();
    }
    memmove(&list->runs[index + 1], &list->runs[index],
            (list->count - index) * sizeof(list->runs[0]));
    list->runs[index] = run;
    list->count++;
}

static void erase(struct free_list *list, size_t index)
{
    list->count--;
    memmove(&list->runs[index], &list->runs[index + 1],
            (list->count - index) * sizeof(list->runs[0]));
}

void free_list_add(struct free_list *list, uint64_t base, uint64_t last)
{
    size_t i = index_of(list, base);

    insert(list, i, (struct free_run){ base, last });
    if (i + 1 < list->count && (wide)list->runs[i].last + 1 == list->runs[i + 1].base) {
        list->runs[i].last = list->runs[i + 1].last;
        erase(list, i + 1);
    }
    if (i > 0 && (wide)list->runs[i - 1].last + 1 == list->runs[i].base) {
        list->runs[i - 1].last = list->runs[i].last;
        erase(list, i);
    }
}

void free_list_remove(struct free_list *list, uint64_t base, uint64_t last)
{
    size_t i = index_of(list, base);
    struct free_run run = list->runs[i];

    erase(list, i);
    if (run.last > last)
        insert(list, i, (struct free_run){ last + 1, run.last });
    if (run.base < base)
        insert(list, i, (struct free_run){ run.base, base - 1 });
}

bool free_list_has(const struct free_list *list, uint64_t base, uint64_t last)
{
    size_t i = index_of(list, base);

    return i < list->count && list->runs[i].base <= base && last <= list->runs[i].last;
}

static wide distance(wide a, wide b)
{
    return a > b ? a - b : b - a;
}

/* The best base that one run has; false: none. */
static bool search_run(const struct free_run *run, const struct mini_pages_request *r, wide *best)
{
    wide align = r->align < MINI_PAGE_SIZE ? MINI_PAGE_SIZE : r->align;
    wide low = run->base > r->low ? run->base : r->low;
    wide end = (wide)(run->last < r->high ? run->last : r->high) + 1;
    wide first = (low + align - 1) / align * align;

    if (first + r->size > end)
        return false;
    wide last = (end - r->size) / align * align;
    switch (r->policy) {
    case MINI_PAGES_LOWEST:
        *best = first;
        return true;
    case MINI_PAGES_HIGHEST:
        *best = last;
        return true;
    case MINI_PAGES_NEAREST:
        break;
    }
    *best = r->near / align * align;
    if (*best + align - r->near < r->near - *best)
        *best += align;
    *best = *best < first ? first : *best;
    *best = *best > last ? last : *best;
    return true;
}

static bool is_better(const struct mini_pages_request *r, wide base, wide best)
{
    if (r->policy == MINI_PAGES_LOWEST)
        return base < best;
    if (r->policy == MINI_PAGES_HIGHEST)
        return base > best;
    return distance(base, r->near) < distance(best, r->near);
}

bool free_list_search(const struct free_list *list, const struct mini_pages_request *request,
                      uint64_t *base)
{
    bool found = false;
    wide best = 0, candidate;

    for (size_t i = 0; i < list->count; i++) {
        if (!search_run(&list->runs[i], request, &candidate))
            continue;
        if (!found || is_better(request, candidate, best))
            best = candidate;
        found = true;
    }
    *base = found ? (uint64_t)best : *base;
    return found;
}

uint64_t free_list_pages(const struct free_list *list)
{
    uint64_t pages = 0;

    for (size_t i = 0; i < list->count; i++)
        pages += (list->runs[i].last - list->runs[i].base) / MINI_PAGE_SIZE + 1;
    return pages;
}

void free_list_drop(struct free_list *list)
{
    free(list->runs);
    *list = (struct free_list){ 0 };
}

size_t free_list_read_map(struct free_list *list, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[128];
    size_t entries = 0;
    unsigned type;
    unsigned long long base, pages;

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%u %llx %llu", &type, &base, &pages) != 3)
            continue;
        entries++;
        if (type != CONVENTIONAL_MEMORY)
            continue;
        if (base == 0) {
            base = MINI_PAGE_SIZE;
            pages--;
        }
        free_list_add(list, base, base + pages * MINI_PAGE_SIZE - 1);
    }
    fclose(file);
    return entries;
}
