/* SPDX-License-Identifier: MIT */
#include "monitor/exports.h"

#include "libmini/mem.h"
#include "monitor/call.h"
#include "monitor/console.h"
#include "monitor/platform.h"

/* A run of pages that a module has; the machine itself may free anybody's. */
struct page_run {
    struct mini_tree_node tree; /* first. key: the base */
    uint64_t count;
};
static struct mini_tree page_runs;

void exports_memory_init(void)
{
    mini_tree_init(&page_runs, NULL);
}

/* The heap and the list of runs outlive the call. */
static uint64_t change_begin(void)
{
    uint64_t mask = platform_enter();

    call_change();
    return mask;
}

static void change_end(uint64_t mask)
{
    call_changed();
    platform_leave(mask);
}

void *export_malloc(size_t size)
{
    uint64_t mask = change_begin();
    void *object = mini_heap_alloc(platform_heap, size);

    change_end(mask);
    return object;
}

void *export_calloc(size_t count, size_t size)
{
    size_t total;
    void *object;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    object = export_malloc(total);
    if (object != NULL)
        memset(object, 0, total);
    return object;
}

void *export_realloc(void *object, size_t size)
{
    uint64_t mask = change_begin();

    object = mini_heap_realloc(platform_heap, object, size);
    change_end(mask);
    return object;
}

void *export_aligned_alloc(size_t align, size_t size)
{
    uint64_t mask = change_begin();
    void *object = mini_heap_alloc_aligned(platform_heap, align, size);

    change_end(mask);
    return object;
}

void export_free(void *object)
{
    uint64_t mask = change_begin();
    enum mini_heap_status status = mini_heap_free(platform_heap, object);

    if (status == MINI_HEAP_DAMAGED)
        call_damaged();
    if (status != MINI_HEAP_OK) {
        console_fresh_line();
        console_print("error: a module frees %p: %s\n", object,
                      status == MINI_HEAP_DOUBLE_FREE ? "it is free already"
                                                      : "it is no object of the heap");
    }
    change_end(mask);
}

/* The pages and the note of them, or neither. */
static void *alloc_run(const struct mini_pages_request *request)
{
    struct page_run *run = mini_heap_alloc(platform_heap, sizeof(*run));
    uint64_t base;

    if (run == NULL)
        return NULL;
    if (!platform_pages_alloc(request, &base)) {
        (void)mini_heap_free(platform_heap, run);
        return NULL;
    }
    run->tree.key = base;
    run->count = request->size / MINI_PAGE_SIZE;
    mini_tree_insert(&page_runs, &run->tree);
    return (void *)base;
}

void *export_pages_alloc(uint64_t count, uint64_t align, uint64_t low, uint64_t high)
{
    struct mini_pages_request request = {
        .size = count * MINI_PAGE_SIZE,
        .align = align,
        .low = low,
        .high = high,
        .policy = MINI_PAGES_HIGHEST,
    };
    uint64_t mask;
    void *pages;

    if (count > MINI_PAGES_SIZE_MAX / MINI_PAGE_SIZE)
        return NULL;
    mask = change_begin();
    pages = alloc_run(&request);
    change_end(mask);
    return pages;
}

/* NULL, or why these are not pages that a module has. */
static const char *free_run(uint64_t base, uint64_t count)
{
    struct mini_tree_node *node = mini_tree_at_most(&page_runs, base);
    struct page_run *run = (void *)node;

    if (node == NULL || base - node->key >= run->count * MINI_PAGE_SIZE)
        return "they are not in use by a module";
    if (node->key != base)
        return "the run begins before them";
    if (run->count != count)
        return "the run has another number of pages";
    mini_tree_remove(&page_runs, node);
    (void)mini_heap_free(platform_heap, run);
    platform_pages_free(base, count * MINI_PAGE_SIZE);
    return NULL;
}

void export_pages_free(void *pages, uint64_t count)
{
    uint64_t mask = change_begin();
    const char *mistake = free_run((uint64_t)pages, count);

    if (mistake != NULL) {
        console_fresh_line();
        console_print("error: a module frees pages at %p: %s\n", pages, mistake);
    }
    change_end(mask);
}

/* The checked forms: what the compiler calls when it knows the size of the destination. */

void *export_memcpy_chk(void *dst, const void *src, size_t size, size_t room)
{
    if (size > room)
        export_chk_fail();
    return memcpy(dst, src, size);
}

void *export_memmove_chk(void *dst, const void *src, size_t size, size_t room)
{
    if (size > room)
        export_chk_fail();
    return memmove(dst, src, size);
}

void *export_memset_chk(void *dst, int value, size_t size, size_t room)
{
    if (size > room)
        export_chk_fail();
    return memset(dst, value, size);
}

void *export_memchr(const void *start, int value, size_t size)
{
    const unsigned char *bytes = start;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == (unsigned char)value)
            return (void *)(uintptr_t)&bytes[i];
    }
    return NULL;
}
