/* SPDX-License-Identifier: MIT */
/* Modules that are linked now, for the addresses where they will run in the kernel. */
#include "uefi/boot.h"
#include "uefi/commands.h"

/* What the kernel's own space has, these must have, too: they decide how modules are laid out. */
static void trim(void *ctx, const elfin_region *region, uint64_t offset)
{
    (void)ctx;
    (void)region;
    (void)offset;
}

static elfin_status unwind_add(void *ctx, const elfin_block *block)
{
    (void)ctx;
    (void)block;
    return ELFIN_OK;
}

static void unwind_remove(void *ctx, const elfin_block *block)
{
    (void)ctx;
    (void)block;
}

static void make_host(struct boot_modules *modules, const struct elfin_kernel *header,
                      elfin_host *host)
{
    boot_space_host(&modules->images, host);
    host->starting = &elfin_deferring;
    host->images = &elfin_images;
    host->tls_size = header->tls_size;
    host->tls_align = header->tls_align;
    if (header->flags & ELFIN_KERNEL_TRIMS)
        host->trim = trim;
    if (header->flags & ELFIN_KERNEL_UNWINDS) {
        host->unwind_add = unwind_add;
        host->unwind_remove = unwind_remove;
    }
}

int boot_modules_begin(struct boot_modules *modules, const struct boot_kernel *kernel)
{
    elfin_host host;
    elfin_status status;

    *modules = (struct boot_modules){ .images = { .boot = kernel->images.boot,
                                                  .kind = ELFIN_BOOT_MODULES,
                                                  .near = kernel->image.run } };
    make_host(modules, kernel->header, &host);
    status = elfin_space_init(&modules->space, &host);
    if (status != ELFIN_OK)
        return command_error("%s: its thread-local storage: %s", kernel->file,
                             elfin_status_text(status));
    modules->begun = true;
    if (kernel->export_count > 0)
        status = elfin_space_export(&modules->space, kernel->exports, kernel->export_count);
    if (status != ELFIN_OK)
        return command_error("%s: its exports: %s", kernel->file, elfin_status_text(status));
    return STATUS_SUCCESS;
}

int boot_modules_load(struct boot_modules *modules, const elfin_input *inputs, size_t count,
                      const elfin_options *options)
{
    elfin_options own = *options;
    unsigned reported = 0;
    elfin_group *group;
    elfin_diag diag;

    own.flags = ELFIN_LOAD_KEEP_SECTIONS;
    own.report = command_report;
    own.report_ctx = &reported;
    if (elfin_load(&modules->space, inputs, count, &own, &group, &diag) == ELFIN_OK)
        return STATUS_SUCCESS;
    if (reported == 0)
        command_report(&reported, &diag);
    return STATUS_FAILURE;
}

int boot_modules_describe(struct boot_modules *modules)
{
    struct mini_heap *heap = &modules->images.boot->memory->heap;
    uint64_t *size = &modules->description_size;
    unsigned reported = 0;
    elfin_status status;
    elfin_diag diag;

    status = elfin_space_hand_over(&modules->space, NULL, NULL, 0, size, &diag);
    if (status == ELFIN_OK) {
        modules->description = mini_heap_alloc(heap, *size);
        if (modules->description == NULL)
            return command_error("out of memory");
        status =
            elfin_space_hand_over(&modules->space, NULL, modules->description, *size, size, &diag);
    }
    if (status != ELFIN_OK)
        command_report(&reported, &diag);
    return status == ELFIN_OK ? STATUS_SUCCESS : STATUS_FAILURE;
}

void boot_modules_end(struct boot_modules *modules)
{
    if (!modules->begun)
        return;
    (void)mini_heap_free(&modules->images.boot->memory->heap, modules->description);
    (void)elfin_space_destroy(&modules->space);
}
