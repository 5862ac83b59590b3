/* SPDX-License-Identifier: MIT */
#ifndef UEFI_HOST_H
#define UEFI_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <efi.h>
#include <elfin/elfin.h>

#include "libmini/heap.h"
#include "libmini/pages.h"
#include "uefi/cpus.h"
#include "uefi/rights.h"

/*
 * The host callbacks of struct elfin_host for a UEFI application:
 *
 *     struct uefi_host memory;
 *     elfin_host host;
 *     uefi_host_init(&memory, system_table, &host);
 *     elfin_space_init(&space, &host);
 *     ...
 *     elfin_space_destroy(&space);
 *     uefi_host_finish(&memory);
 *
 * Images lie in pages of type EfiLoaderCode, taken from the firmware at exactly the place that the
 * page allocator of libmini chooses among the free entries of the memory map. Everything else comes
 * from a heap in pages of type EfiLoaderData.
 *
 * Page rights are set as uefi/rights.h says. Firmware without any way to do so leaves code memory
 * readable, writable and executable: then the host says so with ELFIN_HOST_NO_RIGHTS.
 *
 * Needs besides: monitor/call.c, monitor/call_asm.S, uefi/cpus.c, uefi/rights.c, uefi/firmware.c,
 * libelfin.a and libmini.a.
 */
struct uefi_host {
    EFI_SYSTEM_TABLE *table;
    struct uefi_rights rights;
    struct mini_heap heap;
    uint64_t scratch, scratch_size; /* pages for the memory map and what describes it */
    uint64_t image_pages;           /* in use by images */
    uint64_t data_pages;            /* in use by the heap and by uefi_pages_alloc */
    void (*log)(const char *text);  /* the application's own; may be NULL */
    bool served;                    /* set whenever a service of the firmware was entered */
    bool locked;                    /* the firmware is in the middle of a service: see below */
    struct uefi_cpus cpus;          /* large loads are shared among all that the firmware has */
};

/* Fills in *host and *out; fails when the firmware has no memory. */
elfin_status uefi_host_init(struct uefi_host *host, EFI_SYSTEM_TABLE *table, elfin_host *out);

/* Gives all memory back to the firmware. The space must have been destroyed. */
void uefi_host_finish(struct uefi_host *host);

/*
 * The firmware is in the middle of a service that will never end, so it is asked for nothing any
 * more: there is no memory, and none is given back.
 */
void uefi_host_lock(struct uefi_host *host);

/*
 * Pages of firmware memory of the type, where the request wants them. False: there are none.
 * mini_pages_status-like errors of the request count as none, too.
 */
bool uefi_pages_alloc(struct uefi_host *host, EFI_MEMORY_TYPE type,
                      const struct mini_pages_request *request, uint64_t *base);
void uefi_pages_free(struct uefi_host *host, EFI_MEMORY_TYPE type, uint64_t base, uint64_t size);

/*
 * Calls `each` for every entry of the firmware's memory map, in its order. It must not allocate or
 * free memory. False: the firmware does not tell.
 */
typedef void uefi_pages_fn(void *ctx, uint64_t base, uint64_t pages, EFI_MEMORY_TYPE type);
bool uefi_pages_walk(struct uefi_host *host, uefi_pages_fn *each, void *ctx);

/* Pages that the firmware has free at this moment; 0 when it does not tell. */
uint64_t uefi_pages_free_count(struct uefi_host *host);

#endif
