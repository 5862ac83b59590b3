/* SPDX-License-Identifier: MIT */
/* The table of exports. docs/MODULES.md lists the same names for people. */
#include "monitor/exports.h"

#include <elfin/kernel.h>

#include "libmini/mem.h"
#include "monitor/platform.h"
#include "monitor/runtime.h"

#define ROW(name, target)                                                                          \
    {                                                                                              \
        name, (uint64_t)&target                                                                    \
    }
#define LIBC(name)    ROW(#name, export_##name)
#define CHECKED(name) ROW("__" #name "_chk", export_##name##_chk)
#define RUNTIME(name) ROW("__" #name, runtime_##name)

static const elfin_export table[] ELFIN_KERNEL_EXPORTS = {
    ROW("elfin_print", export_elfin_print),
    ROW("elfin_pages_alloc", export_pages_alloc),
    ROW("elfin_pages_free", export_pages_free),
    ROW("elfin_timestamp", platform_ticks),
    ROW("elfin_timestamp_frequency", platform_ticks_per_second),

    ROW("memcpy", memcpy),
    ROW("memmove", memmove),
    ROW("memset", memset),
    ROW("memcmp", memcmp),
    ROW("bcmp", memcmp), /* clang: memcmp of which only zero or not is asked */
    LIBC(memchr),
    LIBC(malloc),
    LIBC(calloc),
    LIBC(realloc),
    LIBC(free),
    LIBC(aligned_alloc),
    LIBC(strlen),
    LIBC(strnlen),
    LIBC(strcmp),
    LIBC(strncmp),
    LIBC(strchr),
    LIBC(strrchr),
    LIBC(strcpy),
    LIBC(stpcpy),
    LIBC(strncpy),
    LIBC(strcat),
    LIBC(printf),
    LIBC(vprintf),
    LIBC(puts),
    LIBC(putchar),
    LIBC(sprintf),
    LIBC(snprintf),
    LIBC(vsnprintf),
    LIBC(abort),
    LIBC(exit),
    LIBC(strerror),
    LIBC(open),
    LIBC(close),
    LIBC(read),
    LIBC(write),
    LIBC(lseek),
    ROW("lseek64", export_lseek),
    ROW("open64", export_open),
    ROW("__errno_location", export_errno_location),

    LIBC(stdin),
    LIBC(stdout),
    LIBC(stderr),
    LIBC(fwrite),
    LIBC(fputs),
    LIBC(fputc),
    ROW("putc", export_fputc),
    LIBC(fprintf),
    LIBC(fopen),
    ROW("fopen64", export_fopen),
    LIBC(fdopen),
    LIBC(fread),
    LIBC(fgetc),
    LIBC(ungetc),
    ROW("fflush", export_stream_success),
    ROW("fclose", export_stream_success),
    ROW("ferror", export_stream_success),
    ROW("__ctype_b_loc", export_ctype_b_loc),

    ROW("__cxa_atexit", export_cxa_atexit),
    ROW("__cxa_finalize", export_cxa_finalize),
    ROW("_dl_find_object", export_dl_find_object),
    ROW("__libc_single_threaded", export_single_threaded),
    ROW("pthread_mutex_lock", export_mutex_success),
    ROW("pthread_mutex_unlock", export_mutex_success),
    LIBC(syscall),

    ROW("__stack_chk_fail", export_stack_chk_fail),
    ROW("__chk_fail", export_chk_fail),
    CHECKED(memcpy),
    CHECKED(memmove),
    CHECKED(memset),
    CHECKED(strcpy),
    CHECKED(strcat),
    CHECKED(printf),
    CHECKED(fprintf),
    CHECKED(sprintf),
    CHECKED(snprintf),
    CHECKED(vsnprintf),

    RUNTIME(udivmodti4),
    RUNTIME(udivti3),
    RUNTIME(umodti3),
    RUNTIME(divmodti4),
    RUNTIME(divti3),
    RUNTIME(modti3),
    RUNTIME(multi3),
    RUNTIME(negti2),
    RUNTIME(ashlti3),
    RUNTIME(ashrti3),
    RUNTIME(lshrti3),
    RUNTIME(mulodi4),
    RUNTIME(muloti4),
    RUNTIME(popcountsi2),
    RUNTIME(popcountdi2),
    RUNTIME(popcountti2),
    RUNTIME(paritydi2),
    RUNTIME(clzsi2),
    RUNTIME(clzdi2),
    RUNTIME(clzti2),
    RUNTIME(ctzsi2),
    RUNTIME(ctzdi2),
    RUNTIME(ctzti2),
    RUNTIME(ffsdi2),
    RUNTIME(bswapsi2),
    RUNTIME(bswapdi2),
};

elfin_status exports_add(elfin_space *space)
{
    exports_memory_init();
    /* Measured now, while interrupts are on and nobody waits for it. */
    platform_ticks_per_second();
    return elfin_space_export(space, elfin_kernel_exports,
                              (size_t)(elfin_kernel_exports_end - elfin_kernel_exports));
}
