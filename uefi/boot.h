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
enum {
    BOOT_DIRECT_NODES = 64, /* runs of run addresses that may be in use at once */
};

/* Run addresses of physical memory. */
#define BOOT_DIRECT UINT64_C(0xffff800000000000)

/* The types that the UEFI specification leaves to loaders of operating systems (table 7-8). */
static inline EFI_MEMORY_TYPE boot_type(enum elfin_boot_kind kind)
{
    return (EFI_MEMORY_TYPE)(UINT64_C(0x80000e00) + kind);
}

/* The address space that the kernel will have. */
struct boot_space {
    struct uefi_host *memory;
    struct paging paging;
    struct mini_pages addresses; /* run addresses for its image */
    struct mini_pages_node nodes[BOOT_DIRECT_NODES];
    uint64_t direct_size;
    elfin_space space; /* of the kernel alone */
};

/* Reports and returns STATUS_FAILURE when it fails; boot_space_end is then called as well. */
int boot_space_begin(struct boot_space *boot, struct uefi_host *memory);
void boot_space_end(struct boot_space *boot);

/* Loads the file as the kernel; it has a struct elfin_kernel of our version. */
int boot_kernel_load(struct boot_space *boot, const elfin_input *input, elfin_module **kernel);

/* Where the loader can write what will be at a run address of an image; NULL: nothing is there. */
void *boot_edit(const struct boot_space *boot, uint64_t run, uint64_t size);

/* What goes into the record. */
struct boot_contents {
    const elfin_input *files;
    size_t file_count;
    char **words;
    size_t word_count;
    const char *script;
};

/* All that has to be known for the last step. */
struct boot_jump {
    uint64_t tables, entry, record, stack; /* record, stack: run addresses */
    uint64_t trampoline;                   /* physical = run address of a page */
    struct elfin_boot *boot;               /* where the record can be written now */
    elfin_boot_range *ranges;
    size_t range_max;
};

/* Writes everything but the ranges. Reports and returns STATUS_FAILURE. */
int boot_record_make(struct boot_space *boot, elfin_module *kernel,
                     const struct boot_contents *contents, struct boot_jump *jump);

/* Reads the memory map, ends the firmware's services and jumps. Returns only when that fails. */
EFI_STATUS boot_leave(struct boot_jump *jump);

#endif
