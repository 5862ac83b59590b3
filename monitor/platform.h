/* SPDX-License-Identifier: MIT */
/*
 * What the monitor needs of the machine it runs on: uefi/platform*.c has it from the firmware, and
 * kernel/platform.c from the kernel.
 */
#ifndef MONITOR_PLATFORM_H
#define MONITOR_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfin/debug.h>
#include <elfin/walk.h>

#include "libmini/heap.h"
#include "libmini/pages.h"
#include "picture/picture.h"

/* The program's name: the owner of the exports that are no module's. */
extern const char platform_name[];
/* What maps of memory call programs such as this one. */
extern const char platform_programs[];

/* Whether pages can be made read-only, and so on. */
bool platform_has_rights(void);

/* The heap: for the monitor and for modules. */
extern struct mini_heap *const platform_heap;

/* ---- Console --------------------------------------------------------------------------------- */

/* Text in UTF-8, whole characters, without control characters but '\n' and '\b'. */
void platform_screen_write(const char *text, size_t length);

/* Keys that are no characters. */
enum platform_key {
    PLATFORM_KEY_NONE = 0x100,
    PLATFORM_KEY_UP,
    PLATFORM_KEY_DOWN,
    PLATFORM_KEY_LEFT,
    PLATFORM_KEY_RIGHT,
    PLATFORM_KEY_HOME,
    PLATFORM_KEY_END,
    PLATFORM_KEY_DELETE,
    PLATFORM_KEY_ESCAPE,
};

/* Waits for a key: an ASCII character ('\r' for return, '\b' for backspace), or an enum. */
int platform_read_key(void);

/* ---- Files ----------------------------------------------------------------------------------- */

/*
 * Reads a whole file into an object of the heap, with a zero byte behind it that does not count.
 * The path is ASCII, relative to the root, with / or \, after where the file comes from, if it says
 * that (path.h). An empty file is a file. Returns NULL, or why it cannot be read, which is valid
 * until the next call.
 */
const char *platform_read_file(const char *path, void **data, size_t *size);

/* NULL: a file that is read again may have changed. Else why that cannot be. */
const char *platform_files_fixed(void);

/* ---- Time ------------------------------------------------------------------------------------ */

/* A value of the processor's time-stamp counter, and how often it ticks in a second. */
uint64_t platform_ticks(void);
uint64_t platform_ticks_per_second(void);

/* Calls `tick` every second from now on, from an interrupt; it does not where there is no timer. */
void platform_every_second(void (*tick)(void));
void platform_every_second_end(void);

/* ---- Interrupts ------------------------------------------------------------------------------ */

/*
 * Module code may run with interrupts masked (see call.h), while the firmware's services run with
 * interrupts enabled and mostly enable them themselves when they return. So every function that
 * modules may call and that enters the machine's services does so between these two.
 */
uint64_t platform_enter(void);
void platform_leave(uint64_t flags);

/* ---- Faults ---------------------------------------------------------------------------------- */

/* Whether this program lies there. */
bool platform_is_own(uint64_t address);
/* The same memory, for elfin_host.code_images and for walks. */
const elfin_code_image *platform_names(void);

/* Run address of this program's first byte, from which addresses in its file count. */
uint64_t platform_base(void);

/* Whether all of it is memory of this program, or of a stack that it may have been called on:
 * reading it has no effect. Not the modules' stack. */
bool platform_is_readable(uint64_t address, size_t size);

/* Names code of the machine's, as "DxeCore+0x1234"; false: it has no name. */
bool platform_name_code(uint64_t address, char *text, size_t size);

/* Whether code of the machine's may lie there; of addresses of neither this program nor modules. */
bool platform_is_service(uint64_t address);

/* Whether the stack pointer is on a stack of the machine's, below which modules may be called back.
 */
bool platform_is_service_stack(uint64_t pointer);

/* From now on nothing is asked of the machine that may be in the middle of something. */
void platform_restrict(void);

/* Ends the machine, or what runs on it, at once. */
_Noreturn void platform_end(int status);

/* ---- Memory ---------------------------------------------------------------------------------- */

/* Pages of data, where the request wants them; readable and writable at that address. */
bool platform_pages_alloc(const struct mini_pages_request *request, uint64_t *base);
void platform_pages_free(uint64_t base, uint64_t size);

/* Prints what the machine knows of its pages: a line. */
void platform_show_pages(void);

/* All memory, in ascending order. `each` must not allocate. False: the machine does not tell. */
typedef void platform_memory_fn(void *ctx, const struct picture_piece *piece);
bool platform_walk_memory(platform_memory_fn *each, void *ctx);

#endif
