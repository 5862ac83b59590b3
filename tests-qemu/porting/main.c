/* SPDX-License-Identifier: MIT */
/*
 * The least kernel that loads a module: docs/PORTING.md's code, and what it leaves to its reader.
 * It loads each of its files, and ends.
 */
#include <elfin/kernel.h>

#include "arch-x86_64/paging.h"
#include "libmini/heap.h"
#include "libmini/pages.h"

static const struct elfin_kernel header __attribute__((used, section(".elfin.kernel"))) = {
    .magic = ELFIN_KERNEL_MAGIC, .version = ELFIN_KERNEL_VERSION, .size = sizeof(header)
};

enum {
    CONSOLE_PORT = 0xe9, /* both are elfin-qemu's */
    EXIT_PORT = 0x501,
    STATUS = 40 /* and one for each file that is refused */
};

static struct mini_pages physical, addresses;
static struct mini_pages_node nodes[2][512];
static struct paging paging;
static struct mini_heap heap;
static uint64_t direct;

static void out(unsigned short port, unsigned char value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void print(const char *text)
{
    while (*text)
        out(CONSOLE_PORT, (unsigned char)*text++);
}
ELFIN_KERNEL_EXPORT(print);

static bool pages_alloc(uint64_t size, uint64_t *base)
{
    struct mini_pages_request request = { .size = size,
                                          .high = UINT64_MAX,
                                          .policy = MINI_PAGES_HIGHEST };

    return mini_pages_alloc(&physical, &request, base) == MINI_PAGES_OK;
}

static uint64_t table_alloc(void *ctx)
{
    uint64_t page;

    (void)ctx;
    return pages_alloc(4096, &page) ? page : 0;
}

static void table_free(void *ctx, uint64_t page)
{
    (void)ctx;
    (void)mini_pages_free(&physical, page, 4096);
}

static void flush(void *ctx, uint64_t address, uint64_t size)
{
    (void)ctx;
    for (uint64_t at = 0; at < size; at += 4096)
        __asm__ volatile("invlpg (%0)" : : "r"(address + at) : "memory");
}

static void *heap_grow(void *ctx, size_t size)
{
    uint64_t base;

    (void)ctx;
    return pages_alloc(size, &base) ? (void *)(direct + base) : NULL;
}

static bool memory_image_alloc(const struct mini_pages_request *wanted, uint64_t *run, void **edit)
{
    uint64_t base;

    if (mini_pages_alloc(&addresses, wanted, run) != MINI_PAGES_OK ||
        !pages_alloc(wanted->size, &base))
        return false;
    *edit = (void *)(direct + base);
    return paging_map(&paging, *run, base, wanted->size, PAGING_WRITE) == PAGING_OK;
}

static void memory_image_free(uint64_t run, void *edit, uint64_t size)
{
    (void)paging_unmap(&paging, run, size);
    (void)mini_pages_free(&addresses, run, size);
    (void)mini_pages_free(&physical, (uint64_t)edit - direct, size);
}

static void memory_image_trim(uint64_t run, void *edit, uint64_t size, uint64_t keep)
{
    uint64_t base = (uint64_t)edit - direct;

    (void)paging_unmap(&paging, run + keep, size - keep);
    (void)mini_pages_free(&addresses, run, size);
    (void)mini_pages_alloc_at(&addresses, run, keep);
    (void)mini_pages_free(&physical, base, size);
    (void)mini_pages_alloc_at(&physical, base, keep);
}

#include "host.inc" /* the first example of the manual */

extern const elfin_export elfin_kernel_exports[], elfin_kernel_exports_end[];

static int refused;

static void report(const elfin_diag *diag)
{
    char text[256];

    elfin_diag_format(diag, text, sizeof text);
    print(text);
    refused++;
}

static void load(const void *file, uint64_t size)
{
    const elfin_export *exports = elfin_kernel_exports;
    size_t export_count = (size_t)(elfin_kernel_exports_end - elfin_kernel_exports);
#include "load.inc" /* the second */
}

_Noreturn void kernel_main(const struct elfin_boot *boot);

_Noreturn void kernel_main(const struct elfin_boot *boot)
{
    direct = boot->direct;
    mini_pages_init(&physical, NULL, NULL);
    mini_pages_init(&addresses, NULL, NULL);
    mini_pages_add_nodes(&physical, nodes[0], sizeof(nodes[0]));
    mini_pages_add_nodes(&addresses, nodes[1], sizeof(nodes[1]));
    for (uint64_t i = 0; i < boot->range_count; i++)
        if (boot->ranges[i].kind == ELFIN_BOOT_FREE && boot->ranges[i].base != 0)
            mini_pages_add_range(&physical, boot->ranges[i].base, boot->ranges[i].size);
    mini_pages_add_range(&addresses, 0xffffffffc0000000, 1 << 29);
    paging = (struct paging){ .root = boot->tables,
                              .window = direct,
                              .alloc = table_alloc,
                              .free = table_free,
                              .flush = flush };
    mini_heap_init(&heap, SIZE_MAX, heap_grow, NULL, NULL);
    for (uint64_t i = 0; i < boot->file_count; i++)
        load(boot->files[i].data, boot->files[i].size);
    out(EXIT_PORT, (unsigned char)(STATUS + refused + 2));
    for (;;)
        __asm__ volatile("hlt");
}
