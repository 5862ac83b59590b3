/* SPDX-License-Identifier: MIT */
#include "kernel/memory.h"

#include "kernel/panic.h"
#include "libmini/guarded.h"
#include "libmini/mem.h"

struct mini_pages physical, addresses;
struct paging paging;
struct mini_heap heap;

enum {
    FIRST_NODES = 256 /* until a page of them can be had */
};

/* Run addresses are all but the direct map's and the last page, whose end no address follows. Page
 * 0 can only be a guard. */
#define LOWER_END UINT64_C(0x0000800000000000)

static struct mini_pages_node first_nodes[2][FIRST_NODES];
static uint64_t direct, node_pages;
static elfin_boot_block *blocks; /* handed over; those that were taken have size 0 */
static uint64_t block_count;

void *memory_at(uint64_t physical_address)
{
    return (void *)(direct + physical_address);
}

static bool pages_alloc(uint64_t size, uint64_t *base)
{
    struct mini_pages_request request = { .size = size,
                                          .high = UINT64_MAX,
                                          .policy = MINI_PAGES_HIGHEST };

    return mini_pages_alloc(&physical, &request, base) == MINI_PAGES_OK;
}

static void more_nodes(struct mini_pages *pages, void *ctx)
{
    uint64_t page;

    (void)ctx;
    if (!pages_alloc(MINI_PAGE_SIZE, &page))
        return;
    mini_pages_add_nodes(pages, memory_at(page), MINI_PAGE_SIZE);
    node_pages++;
}

uint64_t memory_node_pages(void)
{
    return node_pages;
}

/* ---- Translations ---------------------------------------------------------------------------- */

static uint64_t table_alloc(void *ctx)
{
    uint64_t page;

    (void)ctx;
    return pages_alloc(PAGING_PAGE, &page) ? page : 0;
}

static void table_free(void *ctx, uint64_t page)
{
    (void)ctx;
    (void)mini_pages_free(&physical, page, PAGING_PAGE);
}

static void flush(void *ctx, uint64_t address, uint64_t size)
{
    (void)ctx;
    for (uint64_t at = 0; at < size; at += PAGING_PAGE)
        __asm__ volatile("invlpg (%0)" : : "r"(address + at) : "memory");
}

/* Tables and the tables' pages are known to the allocator, as in use, so that they can be freed. */
static void adopt_tables(const struct elfin_boot *boot)
{
    for (uint64_t i = 0; i < boot->range_count; i++) {
        const elfin_boot_range *range = &boot->ranges[i];

        if (range->kind != ELFIN_BOOT_TABLES)
            continue;
        if (mini_pages_add_range(&physical, range->base, range->size) != MINI_PAGES_OK)
            panic("memory: range 0x%llx", (unsigned long long)range->base);
        for (uint64_t at = 0; at < range->size; at += PAGING_PAGE)
            if (mini_pages_alloc_at(&physical, range->base + at, PAGING_PAGE) != MINI_PAGES_OK)
                panic("memory: table 0x%llx", (unsigned long long)(range->base + at));
    }
    paging = (struct paging){ .root = boot->tables,
                              .window = direct,
                              .alloc = table_alloc,
                              .free = table_free,
                              .flush = flush };
}

/* The page that the way here led through is the only one below the direct map. */
static void drop_trampoline(const struct elfin_boot *boot)
{
    for (uint64_t i = 0; i < boot->range_count; i++) {
        const elfin_boot_range *range = &boot->ranges[i];

        if (range->kind != ELFIN_BOOT_TRAMPOLINE)
            continue;
        if (paging_unmap(&paging, range->base, range->size) != PAGING_OK ||
            mini_pages_add_range(&physical, range->base, range->size) != MINI_PAGES_OK)
            panic("memory: trampoline 0x%llx", (unsigned long long)range->base);
    }
}

/* ---- Heap ------------------------------------------------------------------------------------ */

/*
 * Cleared, for what firmware leaves is nobody's business; and an emulator that has translated code
 * there watches each write, until all of it is overwritten.
 */
static void *heap_grow(void *ctx, size_t size)
{
    uint64_t base;

    (void)ctx;
    if (!pages_alloc(size, &base))
        return NULL;
    memset(memory_at(base), 0, size);
    return memory_at(base);
}

static void heap_shrink(void *ctx, void *chunk, size_t size)
{
    (void)ctx;
    (void)mini_pages_free(&physical, (uint64_t)chunk - direct, size);
}

/* ---- Begin ----------------------------------------------------------------------------------- */

static void add_free_ranges(const struct elfin_boot *boot)
{
    for (uint64_t i = 0; i < boot->range_count; i++) {
        const elfin_boot_range *range = &boot->ranges[i];
        uint64_t skip = range->base == 0 ? MINI_PAGE_SIZE : 0; /* physical 0 is nobody's */

        if (range->kind == ELFIN_BOOT_FREE && range->size > skip &&
            mini_pages_add_range(&physical, range->base + skip, range->size - skip) !=
                MINI_PAGES_OK)
            panic("memory: range 0x%llx", (unsigned long long)range->base);
    }
}

/* Modules that are there already: mapped, and nobody else's. */
static void add_blocks(const struct elfin_boot *boot)
{
    blocks = boot->blocks;
    block_count = boot->block_count;
    for (uint64_t i = 0; i < block_count; i++) {
        const elfin_boot_block *block = &blocks[i];
        struct mini_pages_request exact = { .size = block->size,
                                            .low = block->run,
                                            .high = block->run + (block->size - 1) };
        uint64_t run;

        if (mini_guarded_alloc(&addresses, &exact, &run) != MINI_PAGES_OK ||
            mini_pages_add_range(&physical, block->physical, block->size) != MINI_PAGES_OK ||
            mini_pages_alloc_at(&physical, block->physical, block->size) != MINI_PAGES_OK)
            panic("memory: modules at 0x%llx", (unsigned long long)block->run);
    }
}

void memory_init(const struct elfin_boot *boot)
{
    uint64_t higher = boot->direct + boot->direct_size;

    direct = boot->direct;
    mini_pages_init(&physical, more_nodes, NULL);
    mini_pages_add_nodes(&physical, first_nodes[0], sizeof(first_nodes[0]));
    add_free_ranges(boot);
    adopt_tables(boot);
    drop_trampoline(boot);
    mini_pages_init(&addresses, more_nodes, NULL);
    mini_pages_add_nodes(&addresses, first_nodes[1], sizeof(first_nodes[1]));
    if (mini_pages_add_range(&addresses, 0, LOWER_END) != MINI_PAGES_OK ||
        mini_pages_add_range(&addresses, higher, 0 - higher - MINI_PAGE_SIZE) != MINI_PAGES_OK ||
        mini_pages_alloc_at(&addresses, boot->kernel - MINI_PAGE_SIZE,
                            boot->kernel_size + 2 * MINI_PAGE_SIZE) != MINI_PAGES_OK)
        panic("memory: run addresses of the kernel");
    add_blocks(boot);
    mini_heap_init(&heap, SIZE_MAX, heap_grow, heap_shrink, NULL);
}

/* ---- Images ---------------------------------------------------------------------------------- */

bool memory_image_alloc(const struct mini_pages_request *wanted, uint64_t *run, void **edit)
{
    uint64_t memory;

    if (mini_guarded_alloc(&addresses, wanted, run) != MINI_PAGES_OK)
        return false;
    if (pages_alloc(wanted->size, &memory)) {
        *edit = memory_at(memory);
        if (paging_map(&paging, *run, memory, wanted->size, PAGING_WRITE) == PAGING_OK)
            return true;
        (void)mini_pages_free(&physical, memory, wanted->size);
    }
    (void)mini_guarded_free(&addresses, *run);
    return false;
}

void memory_image_free(uint64_t run, void *edit, uint64_t size)
{
    (void)paging_unmap(&paging, run, size);
    (void)mini_guarded_free(&addresses, run);
    (void)mini_pages_free(&physical, (uint64_t)edit - direct, size);
}

/*
 * Of an allocation only a whole can be freed: its front is taken again, where nothing else can be.
 * The memory first: where a large page ends too late, dividing it takes a page, and there may be no
 * other.
 */
void memory_image_trim(uint64_t run, void *edit, uint64_t size, uint64_t keep)
{
    uint64_t memory = (uint64_t)edit - direct;

    if (mini_pages_free(&physical, memory, size) != MINI_PAGES_OK ||
        mini_pages_alloc_at(&physical, memory, keep) != MINI_PAGES_OK ||
        paging_unmap(&paging, run + keep, size - keep) != PAGING_OK)
        panic("memory: image at 0x%llx", (unsigned long long)run);
}

bool memory_image_take(uint64_t run, uint64_t physical_address, uint64_t size, void **edit)
{
    for (uint64_t i = 0; i < block_count; i++) {
        elfin_boot_block *block = &blocks[i];

        if (block->run != run || block->physical != physical_address || block->size != size)
            continue;
        block->size = 0;
        *edit = memory_at(physical_address);
        return true;
    }
    return false;
}

void memory_images_left(void)
{
    for (uint64_t i = 0; i < block_count; i++)
        if (blocks[i].size > 0)
            memory_image_free(blocks[i].run, memory_at(blocks[i].physical), blocks[i].size);
    block_count = 0;
}

volatile void *memory_device(uint64_t physical_address, uint64_t size)
{
    struct mini_pages_request wanted = { .size = size,
                                         .high = UINT64_MAX,
                                         .policy = MINI_PAGES_HIGHEST };
    uint64_t run;

    if (mini_pages_alloc(&addresses, &wanted, &run) != MINI_PAGES_OK ||
        paging_map(&paging, run, physical_address, size, PAGING_WRITE) != PAGING_OK)
        panic("memory: device at 0x%llx", (unsigned long long)physical_address);
    return (volatile void *)run;
}
