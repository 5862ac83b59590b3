/* SPDX-License-Identifier: MIT */
/*
 * What elfin.efi exports to modules, beyond the names that compilers call on their own (memcpy,
 * __stack_chk_fail, __udivti3, ...) and the part of the C library that is listed in docs/MODULES.md
 * (those are declared by the usual headers, or by hand). C and C++.
 */
#ifndef ELFIN_EFI_H
#define ELFIN_EFI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Prints formatted text on the console: d i u o x X c s p %, with the flags, widths and lengths of
 * the C standard; no floating point. "\n" ends a line.
 */
void elfin_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The heap. Objects are aligned to 16 bytes; what a module does not free stays until quit. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *object, size_t size);
void free(void *object);

/*
 * The page allocator: count pages of 4096 bytes, zeroed by nobody, readable and writable, whose
 * first address is a multiple of align (a power of two; 0: a page) and all of which lie in [low,
 * high]. NULL: there are none. Free a run as a whole: what is not one, or no longer, is reported on
 * the console and stays as it is.
 */
void *elfin_pages_alloc(uint64_t count, uint64_t align, uint64_t low, uint64_t high);
void elfin_pages_free(void *pages, uint64_t count);

/* The processor's time-stamp counter, and how often it ticks in a second. */
uint64_t elfin_timestamp(void);
uint64_t elfin_timestamp_frequency(void);

/*
 * EFI_SYSTEM_TABLE * and EFI_HANDLE of elfin.efi. A module that calls the firmware itself does so
 * with the firmware's calling convention (ms_abi) and must expect that services enable interrupts:
 * it must be built with -mno-red-zone and say ELFIN_INTERRUPTS.
 */
extern void *elfin_system_table;
extern void *elfin_image_handle;

#ifdef __cplusplus
}
#endif

#endif
