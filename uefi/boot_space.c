/* SPDX-License-Identifier: MIT */
/* The kernel's address space, and the host callbacks for what is linked into it. */
#include "libmini/mem.h"
#include "libmini/str.h"
#include "uefi/boot.h"
#include "uefi/commands.h"

enum {
    CPUID_GIGABYTES = 1 << 26 /* CPUID 0x80000001, EDX */
};

/* Images lie above the direct map, or, for an executable with such addresses, below its half. */
#define IMAGES_LOW  UINT64_C(0xffffc00000000000)
#define LOWER_FIRST UINT64_C(0x1000)
#define LOWER_LAST  UINT64_C(0x00007fffffffefff)

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

static elfin_status reserve_run(struct boot_space *boot, const elfin_request *request,
                                uint64_t size, uint64_t *run)
{
    struct mini_pages_request wanted = {
        .size = size,
        .align = request->align,
        .low = request->low,
        .high = request->high,
        .policy = request->near ? MINI_PAGES_NEAREST : MINI_PAGES_HIGHEST,
        .near = request->near,
    };

    return request->size <= MINI_PAGES_SIZE_MAX &&
                   mini_pages_alloc(&boot->addresses, &wanted, run) == MINI_PAGES_OK
               ? ELFIN_OK
               : ELFIN_ERR_MEMORY;
}

static elfin_status reserve_image(struct boot_space *boot, const elfin_request *request,
                                  elfin_region *out)
{
    struct mini_pages_request physical = {
        .size = (request->size + PAGING_PAGE - 1) & ~(PAGING_PAGE - 1),
        .high = UINT64_MAX,
        .policy = MINI_PAGES_HIGHEST,
    };
    uint64_t run, base;
    elfin_status status = reserve_run(boot, request, physical.size, &run);

    if (status != ELFIN_OK)
        return status;
    if (!uefi_pages_alloc(boot->memory, boot_type(ELFIN_BOOT_KERNEL), &physical, &base)) {
        (void)mini_pages_free(&boot->addresses, run, physical.size);
        return ELFIN_ERR_MEMORY;
    }
    if (paging_map(&boot->paging, run, base, physical.size, PAGING_WRITE) != PAGING_OK) {
        uefi_pages_free(boot->memory, boot_type(ELFIN_BOOT_KERNEL), base, physical.size);
        (void)mini_pages_free(&boot->addresses, run, physical.size);
        return ELFIN_ERR_MEMORY;
    }
    *out = (elfin_region){ .run = run, .edit = (void *)base, .size = physical.size };
    return ELFIN_OK;
}

static elfin_status host_reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    struct boot_space *boot = ctx;
    struct mini_heap *heap = &boot->memory->heap;
    void *memory;

    if (request->purpose == ELFIN_PURPOSE_IMAGE)
        return reserve_image(boot, request, out);
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
    struct boot_space *boot = ctx;
    struct mini_heap *heap = &boot->memory->heap;

    if (region->cookie == heap) {
        (void)mini_heap_free(heap, region->edit);
        return;
    }
    (void)paging_unmap(&boot->paging, region->run, region->size);
    (void)mini_pages_free(&boot->addresses, region->run, region->size);
    uefi_pages_free(boot->memory, boot_type(ELFIN_BOOT_KERNEL), (uint64_t)region->edit,
                    region->size);
}

static elfin_status host_protect(void *ctx, const elfin_region *region, uint64_t offset,
                                 uint64_t size, elfin_rights rights)
{
    static const enum paging_rights wanted[] = {
        [ELFIN_RIGHTS_RW] = PAGING_WRITE,
        [ELFIN_RIGHTS_R] = PAGING_READ,
        [ELFIN_RIGHTS_RX] = PAGING_EXECUTE,
    };
    struct boot_space *boot = ctx;

    return paging_protect(&boot->paging, region->run + offset, size, wanted[rights]) == PAGING_OK
               ? ELFIN_OK
               : ELFIN_ERR_PROTECT;
}

/* ---- Begin and end --------------------------------------------------------------------------- */

static bool has_gigabytes(void)
{
    uint32_t a = 0x80000001, b, c = 0, d;

    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return d & CPUID_GIGABYTES;
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

static void add_addresses(struct boot_space *boot)
{
    mini_pages_init(&boot->addresses, NULL, NULL);
    (void)mini_pages_add_nodes(&boot->addresses, boot->nodes, sizeof(boot->nodes));
    (void)mini_pages_add_range(&boot->addresses, LOWER_FIRST, LOWER_LAST + 1 - LOWER_FIRST);
    (void)mini_pages_add_range(&boot->addresses, IMAGES_LOW, 0 - IMAGES_LOW - PAGING_PAGE);
}

int boot_space_begin(struct boot_space *boot, struct uefi_host *memory)
{
    elfin_host host = ELFIN_HOST_INIT;

    *boot = (struct boot_space){ .memory = memory };
    boot->paging = (struct paging){
        .ctx = boot, .alloc = table_alloc, .free = table_free, .no_gigabytes = !has_gigabytes()
    };
    add_addresses(boot);
    if (paging_init(&boot->paging) != PAGING_OK || !make_direct_map(boot))
        return command_error("boot: out of memory for page tables");
    host.ctx = boot;
    host.reserve = host_reserve;
    host.release = host_release;
    host.protect = host_protect;
    host.programs = &elfin_programs;
    return elfin_space_init(&boot->space, &host) == ELFIN_OK ? STATUS_SUCCESS
                                                             : command_error("boot: no space");
}

void boot_space_end(struct boot_space *boot)
{
    (void)elfin_space_destroy(&boot->space);
    if (boot->paging.root != 0)
        paging_finish(&boot->paging);
}

/* ---- The kernel ------------------------------------------------------------------------------ */

void *boot_edit(const struct boot_space *boot, uint64_t run, uint64_t size)
{
    struct paging_range range;

    if (!paging_next(&boot->paging, run, &range) || range.address > run ||
        size > range.size - (run - range.address))
        return NULL;
    return (void *)(range.physical + (run - range.address));
}

static const struct elfin_kernel *find_header(const struct boot_space *boot, elfin_module *kernel)
{
    elfin_module_info info;
    const char *page;

    elfin_module_get(kernel, &info);
    page = boot_edit(boot, info.address, PAGING_PAGE);
    for (size_t at = 0; page != NULL && at + sizeof(struct elfin_kernel) <= PAGING_PAGE; at += 8) {
        const struct elfin_kernel *header = (const struct elfin_kernel *)(const void *)(page + at);

        if (header->magic == ELFIN_KERNEL_MAGIC)
            return header;
    }
    return NULL;
}

int boot_kernel_load(struct boot_space *boot, const elfin_input *input, elfin_module **kernel)
{
    elfin_options options = ELFIN_OPTIONS_INIT;
    const struct elfin_kernel *header;
    unsigned reported = 0;
    elfin_module_info info;
    elfin_group *group;
    elfin_diag diag;

    options.flags = ELFIN_LOAD_NO_INIT;
    options.report = command_report;
    options.report_ctx = &reported;
    if (elfin_load(&boot->space, input, 1, &options, &group, &diag) != ELFIN_OK) {
        if (reported == 0)
            command_report(&reported, &diag);
        return STATUS_FAILURE;
    }
    *kernel = elfin_next_module(group, NULL);
    elfin_module_get(*kernel, &info);
    if (!(info.flags & ELFIN_MODULE_EXECUTABLE) || info.entry == 0)
        return command_error("%s: a kernel is an executable with an entry point", input->file);
    header = find_header(boot, *kernel);
    if (header == NULL)
        return command_error("%s: there is no struct elfin_kernel in its first page", input->file);
    if (header->version != ELFIN_KERNEL_VERSION || header->size < sizeof(*header))
        return command_error(
            "%s: its struct elfin_kernel has version %u and %u bytes, not %u and %zu", input->file,
            header->version, header->size, (unsigned)ELFIN_KERNEL_VERSION, sizeof(*header));
    return STATUS_SUCCESS;
}
