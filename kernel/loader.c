/* SPDX-License-Identifier: MIT */
/* All that elfin needs of this kernel: docs/PORTING.md explains it line by line. */
#include "kernel/loader.h"

#include "kernel/memory.h"

static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    struct mini_pages_request wanted = { .size = request->size,
                                         .align = request->align,
                                         .low = request->low,
                                         .high = request->high,
                                         .policy = MINI_PAGES_NEAREST,
                                         .near =
                                             request->near ? request->near : (uint64_t)reserve };

    (void)ctx;
    *out = (elfin_region){ .size = request->size };
    if (request->purpose == ELFIN_PURPOSE_IMAGE)
        return memory_image_alloc(&wanted, &out->run, &out->edit) ? ELFIN_OK : ELFIN_ERR_MEMORY;
    out->edit = mini_heap_alloc_aligned(&heap, request->align, request->size);
    return out->edit != NULL ? ELFIN_OK : ELFIN_ERR_MEMORY;
}

static void release(void *ctx, const elfin_region *region)
{
    (void)ctx;
    if (region->run != 0)
        memory_image_free(region->run, region->edit, region->size);
    else
        (void)mini_heap_free(&heap, region->edit);
}

static elfin_status protect(void *ctx, const elfin_region *region, uint64_t offset, uint64_t size,
                            elfin_rights rights)
{
    static const enum paging_rights paging_rights[] = { [ELFIN_RIGHTS_RW] = PAGING_WRITE,
                                                        [ELFIN_RIGHTS_R] = PAGING_READ,
                                                        [ELFIN_RIGHTS_RX] = PAGING_EXECUTE };

    (void)ctx;
    return paging_protect(&paging, region->run + offset, size, paging_rights[rights]) == PAGING_OK
               ? ELFIN_OK
               : ELFIN_ERR_PROTECT;
}

static void trim(void *ctx, const elfin_region *region, uint64_t offset)
{
    (void)ctx;
    memory_image_trim(region->run, region->edit, region->size, offset);
}

void loader_host(elfin_host *host)
{
    *host = (elfin_host)ELFIN_HOST_INIT;
    host->reserve = reserve;
    host->release = release;
    host->protect = protect;
    host->trim = trim;
}
