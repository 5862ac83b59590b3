/* SPDX-License-Identifier: MIT */
/* The kernel's file, and what it says of itself. */
#include "libmini/mem.h"
#include "uefi/boot.h"
#include "uefi/commands.h"

enum {
    EXPORTS_MAX = 1 << 18,
    NAME_MAX = 4096, /* with its end */
};

/* Where a part of the image can be read now; NULL: it does not lie in the image. */
static const void *read_image(const struct boot_kernel *kernel, uint64_t run, uint64_t size)
{
    uint64_t offset = run - kernel->image.run;

    if (offset > kernel->image.size || size > kernel->image.size - offset)
        return NULL;
    return (const char *)kernel->image.edit + offset;
}

static int load(struct boot_kernel *kernel, const elfin_input *input)
{
    elfin_options options = ELFIN_OPTIONS_INIT;
    unsigned reported = 0;
    elfin_module_info info;
    elfin_group *group;
    elfin_block block;
    elfin_diag diag;

    options.flags = ELFIN_LOAD_NO_INIT;
    options.report = command_report;
    options.report_ctx = &reported;
    if (elfin_load(&kernel->space, input, 1, &options, &group, &diag) != ELFIN_OK) {
        if (reported == 0)
            command_report(&reported, &diag);
        return STATUS_FAILURE;
    }
    elfin_module_get(elfin_next_module(group, NULL), &info);
    if (!(info.flags & ELFIN_MODULE_EXECUTABLE) || info.entry == 0 ||
        !elfin_group_block(group, 0, &block))
        return command_error("%s: a kernel is an executable with an entry point", kernel->file);
    kernel->image = block.region;
    kernel->entry = info.entry;
    return STATUS_SUCCESS;
}

static int find_header(struct boot_kernel *kernel)
{
    const char *page = read_image(kernel, kernel->image.run, PAGING_PAGE);
    const struct elfin_kernel *header = NULL;

    for (size_t at = 0; at + 16 <= PAGING_PAGE && header == NULL; at += 8) {
        header = (const struct elfin_kernel *)(const void *)(page + at);
        if (header->magic != ELFIN_KERNEL_MAGIC)
            header = NULL;
    }
    if (header == NULL)
        return command_error("%s: there is no struct elfin_kernel in its first page", kernel->file);
    if (header->version != ELFIN_KERNEL_VERSION || header->size < sizeof(*header) ||
        (const char *)(header + 1) > page + PAGING_PAGE)
        return command_error(
            "%s: its struct elfin_kernel has version %u and %u bytes, not %u and %zu", kernel->file,
            header->version, header->size, (unsigned)ELFIN_KERNEL_VERSION, sizeof(*header));
    kernel->header = header;
    return STATUS_SUCCESS;
}

/* A name of the table as it can be read now; NULL: it does not end, or not in the image. */
static const char *read_name(const struct boot_kernel *kernel, const char *run)
{
    uint64_t left = kernel->image.size - ((uint64_t)run - kernel->image.run);
    const char *name = read_image(kernel, (uint64_t)run, 1);

    for (size_t i = 0; name != NULL && i < NAME_MAX && i < left; i++)
        if (name[i] == '\0')
            return name;
    return NULL;
}

static int read_exports(struct boot_kernel *kernel, struct mini_heap *heap)
{
    uint64_t run = (uint64_t)kernel->header->exports;
    uint64_t size = (uint64_t)kernel->header->exports_end - run;
    const elfin_export *rows = read_image(kernel, run, size);

    if (size == 0)
        return STATUS_SUCCESS;
    if (rows == NULL || run % 8 != 0 || size % sizeof(*rows) != 0 ||
        size / sizeof(*rows) > EXPORTS_MAX)
        return command_error("%s: the table of its exports is no table in the kernel",
                             kernel->file);
    kernel->export_count = size / sizeof(*rows);
    kernel->exports = mini_heap_alloc(heap, size);
    if (kernel->exports == NULL)
        return command_error("out of memory");
    for (size_t i = 0; i < kernel->export_count; i++) {
        kernel->exports[i].name = read_name(kernel, rows[i].name);
        kernel->exports[i].address = rows[i].address;
        if (kernel->exports[i].name == NULL)
            return command_error("%s: the name of its export %zu is no text in the kernel",
                                 kernel->file, i);
    }
    return STATUS_SUCCESS;
}

int boot_kernel_begin(struct boot_kernel *kernel, struct boot_space *boot, const elfin_input *input)
{
    elfin_host host;
    int status;

    *kernel = (struct boot_kernel){ .images = { .boot = boot, .kind = ELFIN_BOOT_KERNEL },
                                    .file = input->file };
    boot_space_host(&kernel->images, &host);
    host.programs = &elfin_programs;
    if (elfin_space_init(&kernel->space, &host) != ELFIN_OK)
        return command_error("boot: no space for the kernel");
    status = load(kernel, input);
    if (status == STATUS_SUCCESS)
        status = find_header(kernel);
    return status == STATUS_SUCCESS ? read_exports(kernel, &boot->memory->heap) : status;
}

void boot_kernel_end(struct boot_kernel *kernel)
{
    (void)mini_heap_free(&kernel->images.boot->memory->heap, kernel->exports);
    (void)elfin_space_destroy(&kernel->space);
}
