/* SPDX-License-Identifier: MIT */
#include "uefi/exports.h"

#include "libmini/mem.h"
#include "uefi/console.h"
#include "uefi/firmware.h"

static struct uefi_host *memory;

void exports_memory_init(struct uefi_host *host)
{
    memory = host;
}

void *export_malloc(size_t size)
{
    uint64_t mask = firmware_enter();
    void *object = mini_heap_alloc(&memory->heap, size);

    firmware_leave(mask);
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
    uint64_t mask = firmware_enter();

    object = mini_heap_realloc(&memory->heap, object, size);
    firmware_leave(mask);
    return object;
}

void export_free(void *object)
{
    uint64_t mask = firmware_enter();
    enum mini_heap_status status = mini_heap_free(&memory->heap, object);

    if (status != MINI_HEAP_OK) {
        console_fresh_line();
        console_print("error: a module frees %p: %s\n", object,
                      status == MINI_HEAP_DOUBLE_FREE ? "it is free already"
                      : status == MINI_HEAP_FOREIGN   ? "it is no object of the heap"
                                                      : "the heap is overwritten there");
    }
    firmware_leave(mask);
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
    uint64_t mask, base;
    bool given;

    if (count > MINI_PAGES_SIZE_MAX / MINI_PAGE_SIZE)
        return NULL;
    mask = firmware_enter();
    given = uefi_pages_alloc(memory, EfiLoaderData, &request, &base);
    firmware_leave(mask);
    return given ? (void *)base : NULL;
}

void export_pages_free(void *pages, uint64_t count)
{
    uint64_t mask = firmware_enter();

    uefi_pages_free(memory, EfiLoaderData, (uint64_t)pages, count * MINI_PAGE_SIZE);
    firmware_leave(mask);
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
