/* SPDX-License-Identifier: MIT */
#include "libmini/sort.h"

#include "libmini/mem_word.h"

struct sort {
    unsigned char *base;
    size_t size;
    int (*compare)(const void *a, const void *b, void *ctx);
    void *ctx;
};

static void swap(const struct sort *sort, size_t i, size_t j)
{
    unsigned char *a = sort->base + i * sort->size;
    unsigned char *b = sort->base + j * sort->size;
    size_t left = sort->size;

    for (; left >= sizeof(struct mini_word); left -= sizeof(struct mini_word)) {
        struct mini_word word = *(struct mini_word *)a;
        *(struct mini_word *)a = *(struct mini_word *)b;
        *(struct mini_word *)b = word;
        a += sizeof(struct mini_word);
        b += sizeof(struct mini_word);
    }
    for (; left > 0; left--, a++, b++) {
        unsigned char byte = *a;
        *a = *b;
        *b = byte;
    }
}

static int compare_at(const struct sort *sort, size_t i, size_t j)
{
    return sort->compare(sort->base + i * sort->size, sort->base + j * sort->size, sort->ctx);
}

/* Restores "no child above its parent" below `parent` in the heap of the first count elements. */
static void sift_down(const struct sort *sort, size_t parent, size_t count)
{
    /* parent < count / 2 means that the left child, 2 * parent + 1, exists; it also rules out
     * overflow. */
    while (parent < count / 2) {
        size_t child = 2 * parent + 1;
        if (child + 1 < count && compare_at(sort, child, child + 1) < 0)
            child++;
        if (compare_at(sort, parent, child) >= 0)
            return;
        swap(sort, parent, child);
        parent = child;
    }
}

void mini_sort(void *base, size_t count, size_t size,
               int (*compare)(const void *a, const void *b, void *ctx), void *ctx)
{
    struct sort sort = { base, size, compare, ctx };

    for (size_t parent = count / 2; parent-- > 0;)
        sift_down(&sort, parent, count);
    for (size_t last = count; last-- > 1;) {
        swap(&sort, 0, last);
        sift_down(&sort, 0, last);
    }
}
