/* SPDX-License-Identifier: MIT */
#include "uefi/host.h"

#include "monitor/call.h"

enum {
    PLACE_ATTEMPTS = 8, /* the firmware may allocate between our look and our request, or refuse */
    PARALLEL_SIZE = 16 << 20,    /* of input: the other CPUs take 10 ms and more to come */
    SCRATCH_MARGIN_ENTRIES = 16, /* allocating the scratch itself splits entries of the map */
};

/* Calls reach 2 GiB: so near to each other, two places are as good. */
#define NEIGHBOURHOOD (UINT64_C(256) << 20)

/* The firmware's memory map, in the host's scratch pages. */
struct memory_map {
    const char *entries;
    UINTN size, stride;
};

static uint64_t pages_of(uint64_t size)
{
    return (size + MINI_PAGE_SIZE - 1) / MINI_PAGE_SIZE;
}

/* Makes room for a map of map_size bytes and two nodes for each entry of it. */
static bool scratch_grow(struct uefi_host *host, UINTN map_size, UINTN stride)
{
    EFI_BOOT_SERVICES *services = host->table->BootServices;
    uint64_t entries = map_size / stride + SCRATCH_MARGIN_ENTRIES;
    uint64_t size = entries * (stride + 2 * sizeof(struct mini_pages_node));
    EFI_PHYSICAL_ADDRESS base;

    if (host->scratch_size != 0)
        services->FreePages(host->scratch, pages_of(host->scratch_size));
    host->scratch_size = 0;
    if (services->AllocatePages(AllocateAnyPages, EfiLoaderData, pages_of(size), &base) !=
        EFI_SUCCESS)
        return false;
    host->scratch = base;
    host->scratch_size = pages_of(size) * MINI_PAGE_SIZE;
    return true;
}

static uint64_t node_space(uint64_t map_size, UINTN stride)
{
    return (map_size / stride + SCRATCH_MARGIN_ENTRIES) * 2 * sizeof(struct mini_pages_node);
}

/* Reads the map so that the scratch behind it has room for the nodes. */
static bool map_read(struct uefi_host *host, struct memory_map *map)
{
    EFI_BOOT_SERVICES *services = host->table->BootServices;
    UINTN size, key, stride;
    UINT32 version;
    EFI_STATUS status;

    host->served = true;
    for (int attempt = 0; attempt < PLACE_ATTEMPTS && !host->locked; attempt++) {
        size = host->scratch_size;
        status = services->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)host->scratch, &key,
                                        &stride, &version);
        if (status == EFI_SUCCESS && size + node_space(size, stride) <= host->scratch_size) {
            map->entries = (const char *)host->scratch;
            map->size = size;
            map->stride = stride;
            return true;
        }
        if ((status != EFI_SUCCESS && status != EFI_BUFFER_TOO_SMALL) || stride == 0 ||
            !scratch_grow(host, size, stride))
            return false;
    }
    return false;
}

void uefi_host_lock(struct uefi_host *host)
{
    host->locked = true;
}

static const EFI_MEMORY_DESCRIPTOR *map_entry(const struct memory_map *map, UINTN index)
{
    if ((index + 1) * map->stride > map->size)
        return NULL;
    return (const EFI_MEMORY_DESCRIPTOR *)(const void *)(map->entries + index * map->stride);
}

/*
 * A page allocator for what is free at this moment, used for one question. Page 0 is left out: its
 * address is the null pointer.
 */
static void free_ranges(struct uefi_host *host, const struct memory_map *map,
                        struct mini_pages *pages)
{
    uint64_t used = (map->size + 15) & ~UINT64_C(15);
    const EFI_MEMORY_DESCRIPTOR *entry;

    mini_pages_init(pages, NULL, NULL);
    mini_pages_add_nodes(pages, (char *)host->scratch + used, host->scratch_size - used);
    for (UINTN i = 0; (entry = map_entry(map, i)) != NULL; i++) {
        uint64_t base = entry->PhysicalStart, count = entry->NumberOfPages;
        if (entry->Type != EfiConventionalMemory)
            continue;
        if (base == 0) {
            base = MINI_PAGE_SIZE;
            count--;
        }
        /* A range that the map contradicts itself about is not usable: leaving it out is right. */
        (void)mini_pages_add_range(pages, base, count * MINI_PAGE_SIZE);
    }
}

static uint64_t *counter(struct uefi_host *host, EFI_MEMORY_TYPE type)
{
    return type == EfiLoaderCode ? &host->image_pages : &host->data_pages;
}

/* Firmware gives pages that can be executed. Without page rights they stay so. */
static void forbid_execution(const struct uefi_host *host, EFI_MEMORY_TYPE type, uint64_t base,
                             uint64_t size)
{
    if (type == EfiLoaderData)
        (void)uefi_rights_set(&host->rights, base, pages_of(size) * MINI_PAGE_SIZE,
                              ELFIN_RIGHTS_RW);
}

bool uefi_pages_alloc(struct uefi_host *host, EFI_MEMORY_TYPE type,
                      const struct mini_pages_request *request, uint64_t *base)
{
    uint64_t place, refused[PLACE_ATTEMPTS];
    struct memory_map map;
    struct mini_pages pages;

    for (int attempt = 0; attempt < PLACE_ATTEMPTS; attempt++) {
        if (!map_read(host, &map))
            return false;
        free_ranges(host, &map, &pages);
        /* The same question, of the same map, would have the same answer. */
        for (int i = 0; i < attempt; i++)
            (void)mini_pages_remove_range(&pages, refused[i], request->size);
        if (mini_pages_alloc(&pages, request, &place) != MINI_PAGES_OK)
            return false;
        refused[attempt] = place;
        if (host->table->BootServices->AllocatePages(AllocateAddress, type, pages_of(request->size),
                                                     &place) == EFI_SUCCESS) {
            *counter(host, type) += pages_of(request->size);
            forbid_execution(host, type, place, request->size);
            *base = place;
            return true;
        }
    }
    return false;
}

void uefi_pages_free(struct uefi_host *host, EFI_MEMORY_TYPE type, uint64_t base, uint64_t size)
{
    host->served = true;
    if (host->locked)
        return;
    /* Whoever gets these pages next expects them as they came. */
    if (type == EfiLoaderData || type == EfiLoaderCode)
        uefi_rights_reset(&host->rights, base, pages_of(size) * MINI_PAGE_SIZE);
    if (host->table->BootServices->FreePages(base, pages_of(size)) == EFI_SUCCESS)
        *counter(host, type) -= pages_of(size);
}

bool uefi_pages_walk(struct uefi_host *host, uefi_pages_fn *each, void *ctx)
{
    const EFI_MEMORY_DESCRIPTOR *entry;
    struct memory_map map;

    if (!map_read(host, &map))
        return false;
    for (UINTN i = 0; (entry = map_entry(&map, i)) != NULL; i++)
        each(ctx, entry->PhysicalStart, entry->NumberOfPages, (EFI_MEMORY_TYPE)entry->Type);
    return true;
}

static void count_free(void *ctx, uint64_t base, uint64_t pages, EFI_MEMORY_TYPE type)
{
    uint64_t *count = ctx;

    (void)base;
    if (type == EfiConventionalMemory)
        *count += pages;
}

uint64_t uefi_pages_free_count(struct uefi_host *host)
{
    uint64_t count = 0;

    return uefi_pages_walk(host, count_free, &count) ? count : 0;
}

static void *heap_grow(void *ctx, size_t size)
{
    struct uefi_host *host = ctx;
    EFI_PHYSICAL_ADDRESS base;

    host->served = true;
    if (host->locked || host->table->BootServices->AllocatePages(
                            AllocateAnyPages, EfiLoaderData, pages_of(size), &base) != EFI_SUCCESS)
        return NULL;
    host->data_pages += pages_of(size);
    forbid_execution(host, EfiLoaderData, base, size);
    return (void *)base;
}

static void heap_shrink(void *ctx, void *chunk, size_t size)
{
    uefi_pages_free(ctx, EfiLoaderData, (uint64_t)chunk, size);
}

/*
 * Without a wish, near this program: calls to its exports then need no stubs. A wish nearby is met
 * there as well, with calls as direct, and modules that lie together leave the rest of memory in
 * one piece; each near another one they would not.
 */
static uint64_t wanted_place(uint64_t near)
{
    uint64_t own = (uint64_t)&uefi_host_init;
    uint64_t distance = near > own ? near - own : own - near;

    return near == 0 || distance <= NEIGHBOURHOOD ? own : near;
}

static elfin_status reserve_image(struct uefi_host *host, const elfin_request *request,
                                  elfin_region *out)
{
    struct mini_pages_request wanted = {
        .size = pages_of(request->size) * MINI_PAGE_SIZE,
        .align = request->align,
        .low = request->low,
        .high = request->high,
        .policy = MINI_PAGES_NEAREST,
        .near = wanted_place(request->near),
    };
    uint64_t base;

    if (request->size > MINI_PAGES_SIZE_MAX ||
        !uefi_pages_alloc(host, EfiLoaderCode, &wanted, &base))
        return ELFIN_ERR_MEMORY;
    if (!uefi_rights_set(&host->rights, base, wanted.size, ELFIN_RIGHTS_RW)) {
        uefi_rights_reset(&host->rights, base, wanted.size);
        uefi_pages_free(host, EfiLoaderCode, base, wanted.size);
        return ELFIN_ERR_PROTECT;
    }
    *out = (elfin_region){ .run = base, .edit = (void *)base, .size = wanted.size };
    return ELFIN_OK;
}

static elfin_status host_reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    struct uefi_host *host = ctx;
    void *memory;

    if (request->purpose == ELFIN_PURPOSE_IMAGE)
        return reserve_image(host, request, out);
    memory = mini_heap_alloc_aligned(&host->heap, request->align, request->size);
    if (memory == NULL)
        return ELFIN_ERR_MEMORY;
    *out = (elfin_region){
        .run = (uint64_t)memory, .edit = memory, .size = request->size, .cookie = &host->heap
    };
    return ELFIN_OK;
}

static void host_release(void *ctx, const elfin_region *region)
{
    struct uefi_host *host = ctx;

    if (region->cookie == &host->heap) {
        (void)mini_heap_free(&host->heap, region->edit);
        return;
    }
    uefi_pages_free(host, EfiLoaderCode, region->run, region->size);
}

static elfin_status host_protect(void *ctx, const elfin_region *region, uint64_t offset,
                                 uint64_t size, elfin_rights rights)
{
    struct uefi_host *host = ctx;

    return !host->locked && uefi_rights_set(&host->rights, region->run + offset, size, rights)
               ? ELFIN_OK
               : ELFIN_ERR_PROTECT;
}

static void host_log(void *ctx, const char *text)
{
    struct uefi_host *host = ctx;

    if (host->log != NULL)
        host->log(text);
}

static void host_parallel(void *ctx, void (*work)(void *arg), void *arg)
{
    struct uefi_host *host = ctx;

    uefi_cpus_run(&host->cpus, work, arg);
}

/* Modules may want the other CPUs for themselves. */
static elfin_status host_call(void *ctx, const elfin_call *call, uint64_t *result)
{
    struct uefi_host *host = ctx;

    uefi_cpus_leave(&host->cpus);
    return call_entry(ctx, call, result);
}

elfin_status uefi_host_init(struct uefi_host *host, EFI_SYSTEM_TABLE *table, elfin_host *out)
{
    *host = (struct uefi_host){ .table = table };
    uefi_rights_init(&host->rights, table);
    mini_heap_init(&host->heap, SIZE_MAX, heap_grow, heap_shrink, host);
    *out = (elfin_host)ELFIN_HOST_INIT;
    out->flags = uefi_rights_exist(&host->rights) ? 0 : ELFIN_HOST_NO_RIGHTS;
    out->ctx = host;
    out->reserve = host_reserve;
    out->release = host_release;
    out->protect = host_protect;
    out->log = host_log;
    out->call = host_call;
    uefi_cpus_init(&host->cpus, table->BootServices);
    out->cpu_count = host->cpus.count;
    out->parallel_size = PARALLEL_SIZE;
    out->parallel = host_parallel;
    out->tls_size = CALL_TLS_SIZE;
    out->tls_align = CALL_TLS_ALIGN;
    out->tls_attach = call_tls_attach;
    return uefi_pages_free_count(host) != 0 ? ELFIN_OK : ELFIN_ERR_MEMORY;
}

void uefi_host_finish(struct uefi_host *host)
{
    uefi_cpus_finish(&host->cpus);
    mini_heap_drop(&host->heap);
    if (host->scratch_size != 0)
        host->table->BootServices->FreePages(host->scratch, pages_of(host->scratch_size));
    host->scratch_size = 0;
}
