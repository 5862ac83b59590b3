/* SPDX-License-Identifier: MIT */
/* Physical memory, translations, and the heap. */
#ifndef KERNEL_MEMORY_H
#define KERNEL_MEMORY_H

#include <elfin/kernel.h>

#include "arch-x86_64/paging.h"
#include "libmini/heap.h"
#include "libmini/pages.h"

extern struct mini_pages physical;  /* pages that nobody else has */
extern struct mini_pages addresses; /* run addresses for images: everywhere but the direct map */
extern struct paging paging;        /* the tables in use */
extern struct mini_heap heap;

/* Takes over what elfin.efi has left. Panics when that makes no sense. */
void memory_init(const struct elfin_boot *boot);

/* A pointer to physical memory of the ranges; through it, it is readable and writable. */
void *memory_at(uint64_t physical_address);

/*
 * A page-aligned image: run addresses as wanted, memory behind them anywhere, mapped readable and
 * writable, with a page on each side that never is. *edit is another mapping of the same.
 */
bool memory_image_alloc(const struct mini_pages_request *wanted, uint64_t *run, void **edit);
void memory_image_free(uint64_t run, void *edit, uint64_t size);
/* Gives back what lies behind the first `keep` bytes; the image then has this size. */
void memory_image_trim(uint64_t run, void *edit, uint64_t size, uint64_t keep);

/* Pages that hold what the two allocators know; they are never given back. */
uint64_t memory_node_pages(void);

/*
 * The memory of modules that elfin.efi has linked is in use from memory_init on, as if it came from
 * memory_image_alloc. memory_image_take finds the block and gives it away, once: false, there is
 * none such. What nobody has taken, memory_images_left gives back.
 */
bool memory_image_take(uint64_t run, uint64_t physical_address, uint64_t size, void **edit);
void memory_images_left(void);

/* Registers of a device, which no cache may keep: mapped for ever. */
volatile void *memory_device(uint64_t physical_address, uint64_t size);

#endif
