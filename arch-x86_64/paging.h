/* SPDX-License-Identifier: MIT */
/*
 * Page tables with four levels (Intel SDM volume 3A, section 4.5): maps ranges of virtual
 * addresses, changes their rights, and reads back what is mapped. For hosts that own the machine's
 * tables, or make tables for somebody who will.
 *
 * Nothing is ever writable and executable at the same address: no function takes both, and a change
 * from one to the other is a single store, after which the old right is gone as soon as the
 * caller's `flush` has returned. Two mappings of one page may have different rights.
 *
 * Addresses and sizes are multiples of PAGING_PAGE; virtual ranges do not wrap around and lie in
 * one canonical half. Tables lie in pages that `alloc` gives; they are found through `window`, so
 * they need not be in use by this CPU, nor be mapped one to one.
 */
#ifndef ARCH_X86_64_PAGING_H
#define ARCH_X86_64_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#define PAGING_PAGE UINT64_C(4096)

/* What may be done at an address; readable it always is. */
enum paging_rights {
    PAGING_READ,
    PAGING_WRITE,
    PAGING_EXECUTE
};

enum paging_status {
    PAGING_OK,
    PAGING_INVALID,   /* not of whole pages, not canonical, not aligned alike */
    PAGING_NO_MEMORY, /* for a table */
    PAGING_IN_USE,    /* map: a page is mapped already */
    PAGING_NOT_MAPPED /* protect, unmap: a page is not mapped */
};

struct paging {
    uint64_t root;   /* physical address of the first table: what CR3 holds */
    uint64_t window; /* a table's physical address and this make its pointer */
    void *ctx;
    uint64_t (*alloc)(void *ctx); /* physical address of a page, 0: there is none */
    void (*free)(void *ctx, uint64_t page);
    /* Translations of the range have changed: no CPU may go on using old ones. NULL: nobody uses
     * these tables yet. */
    void (*flush)(void *ctx, uint64_t address, uint64_t size);
    bool no_gigabytes; /* the CPU has no pages of 1 GiB (CPUID 0x80000001, EDX bit 26 is 0) */
};

/* An empty first table. The callbacks are set; *paging is otherwise zero. PAGING_NO_MEMORY. */
enum paging_status paging_init(struct paging *paging);

/* Gives all tables back, but not what they map. */
void paging_finish(struct paging *paging);

/*
 * Maps a range, in the largest pages that its addresses allow. All or nothing. PAGING_INVALID,
 * PAGING_IN_USE, PAGING_NO_MEMORY.
 */
enum paging_status paging_map(struct paging *paging, uint64_t address, uint64_t physical,
                              uint64_t size, enum paging_rights rights);

/*
 * Sets the rights of a mapped range. Large pages that it covers in part are divided first.
 * PAGING_INVALID, PAGING_NOT_MAPPED, PAGING_NO_MEMORY: nothing has changed.
 */
enum paging_status paging_protect(struct paging *paging, uint64_t address, uint64_t size,
                                  enum paging_rights rights);

/* Takes a mapped range out, and tables that became empty. Errors as of paging_protect. */
enum paging_status paging_unmap(struct paging *paging, uint64_t address, uint64_t size);

/* One stretch of addresses that is mapped in one piece. */
struct paging_range {
    uint64_t address, physical, size;
    enum paging_rights rights;
};

/*
 * The mapped stretch with the least address at or above `address`: pages that follow each other in
 * both address spaces and have the same rights, from `address` on at the earliest. False: there is
 * none.
 */
bool paging_next(const struct paging *paging, uint64_t address, struct paging_range *range);

/*
 * Whether every entry of the tables is one that these functions may have made, and no page is
 * writable and executable: by walking the tables alone. `wrong`, if not NULL: the first bad
 * address.
 */
bool paging_check(const struct paging *paging, uint64_t *wrong);

#endif
