/* SPDX-License-Identifier: MIT */
#ifndef UEFI_BOOT_H
#define UEFI_BOOT_H

#include <elfin/kernel.h>

#include "arch-x86_64/paging.h"
#include "libmini/pages.h"
#include "monitor/session.h"
#include "uefi/host.h"

/*
 * The way into a kernel, see include/elfin/kernel.h. Everything that it will find lies in pages of
 * a memory type of its own, so that the firmware's memory map tells who has what when it is read
 * for the last time.
 */
/* Run addresses of physical memory. */
#define BOOT_DIRECT UINT64_C(0xffff800000000000)

/* The types that the UEFI specification leaves to loaders of operating systems (table 7-8). */
static inline EFI_MEMORY_TYPE boot_type(enum elfin_boot_kind kind)
{
    return (EFI_MEMORY_TYPE)(UINT64_C(0x80000e00) + kind);
}

/* Images of one kind in the kernel's address space: the ctx of a host. */
struct boot_images {
    struct boot_space *boot;
    enum elfin_boot_kind kind;
    uint64_t near; /* where they go if nothing else is wished; 0: as high as possible */
};

/* The address space that the kernel will have. */
struct boot_space {
    struct uefi_host *memory;
    struct paging paging;
    struct mini_pages addresses; /* run addresses for images, with a guard on each side */
    struct boot_nodes *nodes;    /* what it knows them with */
    uint64_t direct_size;
};

/* Reports and returns STATUS_FAILURE when it fails; boot_space_end is then called as well. */
int boot_space_begin(struct boot_space *boot, struct uefi_host *memory);
/* All images have been released. */
void boot_space_end(struct boot_space *boot);

/* Host callbacks that place images there, each part with its right. */
void boot_space_host(struct boot_images *images, elfin_host *host);

/* The kernel, in a space of its own. */
struct boot_kernel {
    struct boot_images images;
    elfin_space space;
    const char *file;
    elfin_region image; /* with gaps between segments */
    uint64_t entry;
    const struct elfin_kernel *header;
    elfin_export *exports; /* with names that can be read now */
    size_t export_count;
};

/* Loads the file as the kernel and reads what it says of itself: all is validated. Reports and
 * returns STATUS_FAILURE when it fails; boot_kernel_end is then called as well. */
int boot_kernel_begin(struct boot_kernel *kernel, struct boot_space *boot,
                      const elfin_input *input);
void boot_kernel_end(struct boot_kernel *kernel);

/* Modules that are linked for the kernel, in another space, and their description. */
struct boot_modules {
    struct boot_images images;
    elfin_space space;
    bool begun;
    void *description;
    uint64_t description_size;
};

/* Report and return STATUS_FAILURE when they fail; boot_modules_end is called in any case. */
int boot_modules_begin(struct boot_modules *modules, const struct boot_kernel *kernel);
int boot_modules_load(struct boot_modules *modules, const elfin_input *inputs, size_t count,
                      const elfin_options *options);
int boot_modules_describe(struct boot_modules *modules);
void boot_modules_end(struct boot_modules *modules);

/* What goes into the record. */
struct boot_contents {
    const elfin_input *files;
    size_t file_count;
    char **words;
    size_t word_count;
    const char *script;
    const struct boot_modules *modules; /* begun: they are handed over */
};

/* All that has to be known for the last step. */
struct boot_jump {
    uint64_t tables, entry, record, stack; /* record, stack: run addresses */
    uint64_t trampoline;                   /* physical = run address of a page */
    struct elfin_boot *boot;               /* where the record can be written now */
    elfin_boot_range *ranges;
    size_t range_max;
    elfin_boot_range taken[3]; /* pages of the record, the files and the trampoline */
    unsigned taken_count;
};

/*
 * Writes everything but the ranges. Reports and returns STATUS_FAILURE. boot_record_drop gives the
 * pages back in any case.
 */
int boot_record_make(struct boot_space *boot, const struct boot_kernel *kernel,
                     const struct boot_contents *contents, struct boot_jump *jump);
void boot_record_drop(struct boot_space *boot, const struct boot_jump *jump);

/* Reads the memory map, ends the firmware's services and jumps. Returns only when that fails. */
EFI_STATUS boot_leave(struct boot_jump *jump);

#endif
