/* SPDX-License-Identifier: MIT */
#include "tools/elfin/host.h"

#include "tools/elfin/memory.h"
#include "tools/elfin/threads.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t default_base = 0x400000;

/* The area of thread-local storage that the modules find; docs/elfin.md says so. */
enum {
    HOST_TLS_SIZE = 1 << 20,
    HOST_TLS_ALIGN = 1 << 12
};

/*
 * The place for the request between first and last, both inclusive, that is nearest to `near`. Sums
 * cannot overflow: first <= last, and size - 1 <= last - first is checked before anything is added.
 */
static bool fit(const elfin_request *request, uint64_t near, uint64_t first, uint64_t last,
                uint64_t *out)
{
    uint64_t mask = request->align - 1;
    uint64_t lowest, highest;

    if (last - first < request->size - 1)
        return false;
    highest = (last - (request->size - 1)) & ~mask;
    if (__builtin_add_overflow(first, mask, &lowest))
        return false;
    lowest &= ~mask;
    if (lowest > highest)
        return false;
    if (near <= lowest)
        *out = lowest;
    else if (near >= highest)
        *out = highest;
    else
        *out = near & ~mask;
    return true;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* Tries each gap between the ranges in use, clipped to the request's limits. */
static bool find_place(const struct host *host, const elfin_request *request, uint64_t *out)
{
    uint64_t near = request->near ? request->near : default_base;
    uint64_t gap_first = 0, best = 0;
    bool found = false;

    for (size_t i = 0; i <= host->count; i++) {
        bool end = i == host->count;
        bool empty = !end && host->ranges[i].run == gap_first;
        uint64_t gap_last = end ? UINT64_MAX : host->ranges[i].run - 1;
        uint64_t first = gap_first > request->low ? gap_first : request->low;
        uint64_t last = gap_last < request->high ? gap_last : request->high;
        uint64_t place;

        if (!empty && first <= last && fit(request, near, first, last, &place) &&
            (!found || distance(place, near) < distance(best, near))) {
            best = place;
            found = true;
        }
        if (!end && __builtin_add_overflow(host->ranges[i].run, host->ranges[i].size, &gap_first))
            break; /* the range ends with the address space */
    }
    if (found)
        *out = best;
    return found;
}

/* Keeps what there is to tell before the failing load gives its other blocks back. */
static void remember_refusal(struct host *host, const elfin_request *request)
{
    host->refusal = (struct host_refusal){ .happened = true, .request = *request };
    for (size_t i = 0; i < host->count; i++) {
        const struct host_range *range = &host->ranges[i];

        if (range->run <= request->high && range->run + (range->size - 1) >= request->low) {
            host->refusal.in_the_way = *range;
            return;
        }
    }
}

static void add_range(struct host *host, uint64_t run, uint64_t size)
{
    size_t at = host->count;

    host->ranges = array_grow(host->ranges, host->count, &host->capacity, sizeof(host->ranges[0]));
    while (at > 0 && host->ranges[at - 1].run > run)
        at--;
    memmove(&host->ranges[at + 1], &host->ranges[at], (host->count - at) * sizeof(host->ranges[0]));
    host->ranges[at] = (struct host_range){ .run = run, .size = size };
    host->count++;
}

static void remove_range(struct host *host, uint64_t run)
{
    size_t at = 0;

    while (at < host->count && host->ranges[at].run != run)
        at++;
    if (at == host->count)
        abort(); /* the library gave back what it never had */
    host->count--;
    memmove(&host->ranges[at], &host->ranges[at + 1], (host->count - at) * sizeof(host->ranges[0]));
}

static elfin_status reserve_image(struct host *host, const elfin_request *request,
                                  elfin_region *out)
{
    uint64_t run;
    void *edit;

    if (!find_place(host, request, &run)) {
        remember_refusal(host, request);
        return ELFIN_ERR_MEMORY;
    }
    edit = calloc(1, request->size);
    if (!edit)
        return ELFIN_ERR_MEMORY;
    add_range(host, run, request->size);
    *out = (elfin_region){ .run = run, .edit = edit, .size = request->size, .cookie = host };
    return ELFIN_OK;
}

static elfin_status reserve_plain(const elfin_request *request, elfin_region *out)
{
    size_t align = request->align < sizeof(void *) ? sizeof(void *) : request->align;
    void *memory;

    if (posix_memalign(&memory, align, request->size) != 0)
        return ELFIN_ERR_MEMORY;
    *out = (elfin_region){ .run = (uintptr_t)memory, .edit = memory, .size = request->size };
    return ELFIN_OK;
}

static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    if (request->purpose == ELFIN_PURPOSE_IMAGE)
        return reserve_image(ctx, request, out);
    return reserve_plain(request, out);
}

static void release(void *ctx, const elfin_region *region)
{
    if (region->cookie)
        remove_range(ctx, region->run);
    free(region->edit);
}

/* Nothing runs and nobody else writes here: rights are only a matter of the map. */
static elfin_status protect(void *ctx, const elfin_region *region, uint64_t offset, uint64_t size,
                            elfin_rights rights)
{
    (void)ctx;
    (void)region;
    (void)offset;
    (void)size;
    (void)rights;
    return ELFIN_OK;
}

static void parallel(void *ctx, void (*work)(void *arg), void *arg)
{
    struct host *host = ctx;

    if (!host->threads)
        host->threads = threads_start(host->callbacks.cpu_count);
    threads_run(host->threads, work, arg);
}

void host_limit_cpus(struct host *host, unsigned cpus)
{
    host->callbacks.cpu_count = cpus;
}

void host_init(struct host *host)
{
    *host = (struct host){ .callbacks = ELFIN_HOST_INIT };
    host->callbacks.ctx = host;
    host->callbacks.reserve = reserve;
    host->callbacks.release = release;
    host->callbacks.protect = protect;
    host->callbacks.programs = &elfin_programs;
    host->callbacks.cpu_count = threads_available();
    host->callbacks.parallel = parallel;
    host->callbacks.images = &elfin_images;
    host->callbacks.tls_size = HOST_TLS_SIZE;
    host->callbacks.tls_align = HOST_TLS_ALIGN;
}

void host_free(struct host *host)
{
    threads_stop(host->threads);
    host->threads = NULL;
    free(host->ranges);
    host->ranges = NULL;
    host->count = host->capacity = 0;
}
