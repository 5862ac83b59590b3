/* SPDX-License-Identifier: MIT */
/*
 * Between elfin.efi and a kernel that its command `boot` starts: what the kernel says of itself,
 * what it is given, and how it exports names. All numbers are little-endian; the layout is the same
 * for every compiler.
 *
 * The kernel is an executable with addresses of its own (ET_EXEC) or a static position-independent
 * one. In the first page of its first segment, 8-byte aligned, lies a struct elfin_kernel. Of a
 * position-independent kernel this holds after its relocations have been applied, so the segment is
 * writable, or read-only after them (PT_GNU_RELRO).
 *
 * At the entry point RDI holds the address of a struct elfin_boot. The CPU is in 64-bit mode with
 * interrupts masked, CR0.WP and EFER.NXE set, and these translations (4-level tables):
 *
 *   the kernel's segments, with their rights
 *   the blocks of modules that are handed over, each part with its right
 *   all memory of the ranges below, from `direct` on: readable and writable, never executable
 *   one page mapped one to one, in which the way here lay: range ELFIN_BOOT_TRAMPOLINE
 *
 * Nothing else is mapped, and nothing is writable and executable at once. RSP is 16-byte aligned
 * below a return address of 0, as at the begin of a function, on 16 KiB in ELFIN_BOOT_RECORD. The
 * descriptor tables are the firmware's, and are not mapped: the kernel loads its own first.
 */
#ifndef ELFIN_KERNEL_H
#define ELFIN_KERNEL_H

#include <stdint.h>

#include <elfin/elfin.h>

#define ELFIN_KERNEL_MAGIC UINT64_C(0x6c656e72656b6c65) /* "elkernel" */
#define ELFIN_BOOT_MAGIC   UINT64_C(0x746f6f626e69666c) /* "lfinboot" */

enum {
    ELFIN_KERNEL_VERSION = 2,
    ELFIN_BOOT_VERSION = 2,
};

enum {
    /* Its host has elfin_host.trim: code that only init needs is laid out to be given back. */
    ELFIN_KERNEL_TRIMS = 1 << 0,
    /* Its host has elfin_host.unwind_add: modules get unwind tables. */
    ELFIN_KERNEL_UNWINDS = 1 << 1,
};

/*
 * What the kernel says of itself. Modules that are linked for it before it runs are laid out as its
 * own space would, with pages of 4096 bytes.
 */
struct elfin_kernel {
    uint64_t magic;
    uint32_t version; /* ELFIN_KERNEL_VERSION */
    uint32_t size;    /* of this structure */
    /* Its exports to modules, all of them: rows from exports to exports_end, which may be NULL. The
     * rows and their names are in its segments. */
    const elfin_export *exports, *exports_end;
    /* Modules that are handed over lie between these run addresses, unless `boot` says otherwise.
     */
    uint64_t modules_min, modules_max;
    uint64_t tls_size, tls_align; /* as in elfin_host */
    uint32_t flags;               /* ELFIN_KERNEL_* */
    uint32_t reserved;            /* 0 */
};

/* A stretch of physical memory: whole pages. */
enum elfin_boot_kind {
    ELFIN_BOOT_FREE,   /* nobody's */
    ELFIN_BOOT_RECORD, /* struct elfin_boot and what it refers to, but for files: free after use */
    ELFIN_BOOT_FILES,  /* likewise */
    ELFIN_BOOT_TRAMPOLINE, /* free once its translation has been taken out */
    ELFIN_BOOT_TABLES,     /* page tables in use */
    ELFIN_BOOT_KERNEL,     /* the kernel's segments */
    ELFIN_BOOT_MODULES,    /* blocks of modules that are handed over */
    ELFIN_BOOT_ACPI,       /* ACPI tables: free once they have been read */
    ELFIN_BOOT_KEEP,       /* the firmware's for ever: ACPI NVS, run-time services */
};

typedef struct elfin_boot_range {
    uint64_t base, size;
    uint32_t kind;          /* enum elfin_boot_kind */
    uint32_t firmware_type; /* EFI_MEMORY_TYPE */
} elfin_boot_range;

/* A file, as it was on the volume. */
typedef struct elfin_boot_file {
    const char *name;
    const void *data; /* page-aligned */
    uint64_t size;
} elfin_boot_file;

/* The memory of a block of modules that are handed over: whole pages, mapped, with a page on each
 * side that is not mapped. */
typedef struct elfin_boot_block {
    uint64_t run, physical, size;
} elfin_boot_block;

/* Pixels of 32 bits; masks say where the colours lie. address 0: there is no frame buffer. */
typedef struct elfin_boot_screen {
    uint64_t address;               /* physical, and not among the ranges */
    uint32_t width, height, stride; /* pixels */
    uint32_t red, green, blue;
} elfin_boot_screen;

/* Pointers are run addresses of the kernel; those of the record lie in the direct map. */
typedef struct elfin_boot {
    uint64_t magic;
    uint32_t version;             /* ELFIN_BOOT_VERSION */
    uint32_t size;                /* of this structure */
    uint64_t direct, direct_size; /* run address of physical address 0; bytes that may be mapped */
    uint64_t tables;              /* physical address of the first page table: CR3 */
    uint64_t kernel, kernel_size; /* run address of its first page; with gaps between segments */
    const elfin_boot_range *ranges; /* ascending, without overlaps */
    uint64_t range_count;
    const elfin_boot_file *files;
    uint64_t file_count;
    char **words; /* of the command line, behind `--`; word_count of them, then NULL */
    uint64_t word_count;
    const char *script; /* commands, a line each; "" if there are none */
    uint64_t acpi;      /* physical address of the RSDP (ACPI 6.5, section 5.2.5); 0: none */
    elfin_boot_screen screen;
    /* What elfin_space_adopt takes, and the memory of it; NULL and 0: nothing is handed over. The
     * kernel may write to the blocks' records. */
    const void *modules;
    uint64_t modules_size;
    elfin_boot_block *blocks;
    uint64_t block_count;
} elfin_boot;

/* Of a row of exports, or a table of them: linker-scripts/exports.ld gathers them all. */
#define ELFIN_KERNEL_EXPORTS __attribute__((used, section(".elfin.kernel.exports"), aligned(8)))

/* Exports a function or variable of the kernel. */
#define ELFIN_KERNEL_EXPORT(symbol)                                                                \
    static const elfin_export elfin_export_##symbol ELFIN_KERNEL_EXPORTS = { #symbol,              \
                                                                             (uint64_t)&symbol }

/* The rows that linker-scripts/exports.ld has gathered. */
extern const elfin_export elfin_kernel_exports[] __attribute__((visibility("hidden")));
extern const elfin_export elfin_kernel_exports_end[] __attribute__((visibility("hidden")));

#endif
