/* SPDX-License-Identifier: MIT */
#include "bench/lib/host.h"

#include <sys/mman.h>

static elfin_status reserve_real(const elfin_request *request, elfin_region *out)
{
    void *memory = mmap(NULL, request->size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

    if (memory == MAP_FAILED)
        return ELFIN_ERR_MEMORY;
    *out = (elfin_region){ .run = (uint64_t)memory, .edit = memory, .size = request->size };
    return ELFIN_OK;
}

static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    struct host *host = ctx;
    struct arena *arena = request->purpose == ELFIN_PURPOSE_IMAGE  ? &host->image
                          : request->purpose == ELFIN_PURPOSE_WORK ? &host->work
                                                                   : &host->records;
    void *memory;

    host->reserved += arena == &host->image;
    if (arena == &host->image && host->real)
        return reserve_real(request, out);
    memory = arena_get(arena, request->size, request->align);
    if (!memory)
        return ELFIN_ERR_MEMORY;
    *out = (elfin_region){
        .run = (uint64_t)memory, .edit = memory, .size = request->size, .cookie = arena
    };
    return ELFIN_OK;
}

static void release(void *ctx, const elfin_region *region)
{
    (void)ctx;
    if (region->cookie)
        arena_put(region->cookie, region->edit, region->size);
    else
        munmap(region->edit, region->size);
}

static elfin_status protect(void *ctx, const elfin_region *region, uint64_t offset, uint64_t size,
                            elfin_rights rights)
{
    static const int flags[] = { [ELFIN_RIGHTS_RW] = PROT_READ | PROT_WRITE,
                                 [ELFIN_RIGHTS_R] = PROT_READ,
                                 [ELFIN_RIGHTS_RX] = PROT_READ | PROT_EXEC };
    struct host *host = ctx;

    host->rights++;
    if (host->real && mprotect((uint8_t *)region->edit + offset, size, flags[rights]) != 0)
        return ELFIN_ERR_PROTECT;
    return ELFIN_OK;
}

void host_init(struct host *host, uint64_t image, uint64_t work)
{
    *host = (struct host){
        .callbacks = ELFIN_HOST_INIT,
    };
    host->callbacks.ctx = host;
    host->callbacks.reserve = reserve;
    host->callbacks.release = release;
    host->callbacks.protect = protect;
    host->callbacks.images = &elfin_images;
    host->callbacks.rebinding = &elfin_rebinding;
    host->callbacks.max_image_size = (uint64_t)1 << 30;
    arena_init(&host->image, HOST_IMAGE, image, image);
    arena_init(&host->work, 0, (uint64_t)8 << 30, work);
    arena_init(&host->records, 0, (uint64_t)4 << 30, work);
}
