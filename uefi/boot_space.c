/* SPDX-License-Identifier: MIT */
/* The kernel's address space, and the host callbacks for what is linked into it. */
#include "libmini/guarded.h"
#include "uefi/boot.h"
#include "uefi/commands.h"

enum {
    CPUID_GIGABYTES = 1 << 26, /* CPUID 0x80000001, EDX */
    CR4_LA57 = 1 << 12,
};

/* Run addresses are all but the direct map's and the last page, as in the kernel. Page 0 can only
 * be a guard. */
#define LOWER_END UINT64_C(0x0000800000000000)

static uint64_t table_alloc(void *ctx)
{
    struct boot_space *boot = ctx;
    struct mini_pages_request request = { .size = PAGING_PAGE,
                                          .high = UINT64_MAX,
                                          .policy = MINI_PAGES_HIGHEST };
    uint64_t page;

    return uefi_pages_alloc(boot->memory, boot_type(ELFIN_BOOT_TABLES), &request, &page) ? page : 0;
}

static void table_free(void *ctx, uint64_t page)
{
    struct boot_space *boot = ctx;

    uefi_pages_free(boot->memory, boot_type(ELFIN_BOOT_TABLES), page, PAGING_PAGE);
}

/* ---- The host -------------------------------------------------------------------------------- */

static bool map_image(struct boot_space *boot, EFI_MEMORY_TYPE type, uint64_t run, uint64_t size,
                      uint64_t *base)
{
    struct mini_pages_request request = { .size = size,
                                          .high = UINT64_MAX,
                                          .policy = MINI_PAGES_HIGHEST };

    if (!uefi_pages_alloc(boot->memory, type, &request, base))
        return false;
    if (paging_map(&boot->paging, run, *base, size, PAGING_WRITE) == PAGING_OK)
        return true;
    uefi_pages_free(boot->memory, type, *base, size);
    return false;
}

static elfin_status reserve_image(const struct boot_images *images, const elfin_request *request,
                                  elfin_region *out)
{
    struct boot_space *boot = images->boot;
    uint64_t near = request->near ? request->near : images->near, run, base;
    struct mini_pages_request wanted = {
        .size = (request->size + PAGING_PAGE - 1) & ~(PAGING_PAGE - 1),
        .align = request->align,
        .low = request->low,
        .high = request->high,
        .policy = near ? MINI_PAGES_NEAREST : MINI_PAGES_HIGHEST,
        .near = near,
    };

    if (request->size > MINI_PAGES_SIZE_MAX ||
        mini_guarded_alloc(&boot->addresses, &wanted, &run) != MINI_PAGES_OK)
        return ELFIN_ERR_MEMORY;
    if (!map_image(boot, boot_type(images->kind), run, wanted.size, &base)) {
        (void)mini_guarded_free(&boot->addresses, run);
        return ELFIN_ERR_MEMORY;
    }
    *out = (elfin_region){ .run = run, .edit = (void *)base, .size = wanted.size };
    return ELFIN_OK;
}

static elfin_status host_reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    const struct boot_images *images = ctx;
    struct mini_heap *heap = &images->boot->memory->heap;
    void *memory;

    if (request->purpose == ELFIN_PURPOSE_IMAGE)
        return reserve_image(images, request, out);
    memory = mini_heap_alloc_aligned(heap, request->align, request->size);
    if (memory == NULL)
        return ELFIN_ERR_MEMORY;
    *out = (elfin_region){
        .run = (uint64_t)memory, .edit = memory, .size = request->size, .cookie = heap
    };
    return ELFIN_OK;
}

static void host_release(void *ctx, const elfin_region *region)
{
    const struct boot_images *images = ctx;
    struct boot_space *boot = images->boot;

    if (region->cookie == &boot->memory->heap) {
        (void)mini_heap_free(&boot->memory->heap, region->edit);
        return;
    }
    (void)paging_unmap(&boot->paging, region->run, region->size);
    (void)mini_guarded_free(&boot->addresses, region->run);
    uefi_pages_free(boot->memory, boot_type(images->kind), (uint64_t)region->edit, region->size);
}

static elfin_status host_protect(void *ctx, const elfin_region *region, uint64_t offset,
                                 uint64_t size, elfin_rights rights)
{
    static const enum paging_rights wanted[] = {
        [ELFIN_RIGHTS_RW] = PAGING_WRITE,
        [ELFIN_RIGHTS_R] = PAGING_READ,
        [ELFIN_RIGHTS_RX] = PAGING_EXECUTE,
    };
    const struct boot_images *images = ctx;

    return paging_protect(&images->boot->paging, region->run + offset, size, wanted[rights]) ==
                   PAGING_OK
               ? ELFIN_OK
               : ELFIN_ERR_PROTECT;
}

void boot_space_host(struct boot_images *images, elfin_host *host)
{
    *host = (elfin_host)ELFIN_HOST_INIT;
    host->ctx = images;
    host->reserve = host_reserve;
    host->release = host_release;
    host->protect = host_protect;
}

/* ---- Begin and end --------------------------------------------------------------------------- */

static bool has_gigabytes(void)
{
    uint32_t a = 0x80000001, b, c = 0, d;

    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return d & CPUID_GIGABYTES;
}

/* With tables of 5 levels in use, nobody can go over to those of 4 in 64-bit mode. */
static bool has_five_levels(void)
{
    uint64_t cr4;

    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    return cr4 & CR4_LA57;
}

/* What will be there when the firmware is gone: memory, whoever has it now. */
static bool is_memory(EFI_MEMORY_TYPE type)
{
    return type == EfiLoaderCode || type == EfiLoaderData || type == EfiBootServicesCode ||
           type == EfiBootServicesData || type == EfiRuntimeServicesCode ||
           type == EfiRuntimeServicesData || type == EfiConventionalMemory ||
           type == EfiACPIReclaimMemory || type == EfiACPIMemoryNVS ||
           (uint32_t)type >= (uint32_t)boot_type(ELFIN_BOOT_FREE);
}

/* The memory map may not be changed while it is read: stretches are gathered first. */
struct stretches {
    struct mini_pages_run *runs;
    size_t count, max;
};

static void add_stretch(void *ctx, uint64_t base, uint64_t pages, EFI_MEMORY_TYPE type)
{
    struct stretches *s = ctx;
    struct mini_pages_run *last = s->count > 0 ? &s->runs[s->count - 1] : NULL;

    if (!is_memory(type) || pages == 0)
        return;
    if (s->count <= s->max && last != NULL && last->last + 1 == base)
        last->last += pages * PAGING_PAGE;
    else if (s->count++ < s->max)
        s->runs[s->count - 1] =
            (struct mini_pages_run){ .base = base, .last = base + pages * PAGING_PAGE - 1 };
}

static bool map_direct(struct boot_space *boot, const struct stretches *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct mini_pages_run *run = &s->runs[i];

        if (paging_map(&boot->paging, BOOT_DIRECT + run->base, run->base, run->last + 1 - run->base,
                       PAGING_WRITE) != PAGING_OK)
            return false;
        if (run->last >= boot->direct_size)
            boot->direct_size = run->last + 1;
    }
    return true;
}

static bool make_direct_map(struct boot_space *boot)
{
    enum {
        MOST = 256 /* firmware has some dozens of entries, most of them neighbours */
    };
    struct stretches s = { .max = MOST };
    bool done;

    s.runs = mini_heap_alloc(&boot->memory->heap, MOST * sizeof(*s.runs));
    done = s.runs != NULL && uefi_pages_walk(boot->memory, add_stretch, &s) && s.count <= s.max &&
           map_direct(boot, &s);
    (void)mini_heap_free(&boot->memory->heap, s.runs);
    return done;
}

struct boot_nodes {
    struct boot_nodes *next;
    struct mini_pages_node nodes[32];
};

static void more_nodes(struct mini_pages *pages, void *ctx)
{
    struct boot_space *boot = ctx;
    struct boot_nodes *more = mini_heap_alloc(&boot->memory->heap, sizeof(*more));

    if (more == NULL)
        return;
    more->next = boot->nodes;
    boot->nodes = more;
    mini_pages_add_nodes(pages, more->nodes, sizeof(more->nodes));
}

static void add_addresses(struct boot_space *boot)
{
    uint64_t higher = BOOT_DIRECT + boot->direct_size;

    mini_pages_init(&boot->addresses, more_nodes, boot);
    (void)mini_pages_add_range(&boot->addresses, 0, LOWER_END);
    (void)mini_pages_add_range(&boot->addresses, higher, 0 - higher - PAGING_PAGE);
}

int boot_space_begin(struct boot_space *boot, struct uefi_host *memory)
{
    *boot = (struct boot_space){ .memory = memory };
    if (has_five_levels())
        return command_error("boot: the firmware has page tables of 5 levels");
    boot->paging = (struct paging){
        .ctx = boot, .alloc = table_alloc, .free = table_free, .no_gigabytes = !has_gigabytes()
    };
    if (paging_init(&boot->paging) != PAGING_OK || !make_direct_map(boot))
        return command_error("boot: out of memory for page tables");
    add_addresses(boot);
    return STATUS_SUCCESS;
}

void boot_space_end(struct boot_space *boot)
{
    if (boot->paging.root != 0)
        paging_finish(&boot->paging);
    while (boot->nodes != NULL) {
        struct boot_nodes *next = boot->nodes->next;

        (void)mini_heap_free(&boot->memory->heap, boot->nodes);
        boot->nodes = next;
    }
}
