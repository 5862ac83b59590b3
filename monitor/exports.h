/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_EXPORTS_H
#define MONITOR_EXPORTS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <elfin/elfin.h>

/*
 * What the monitor exports to modules; the table in exports.c gives the names. Functions of the C
 * library are called export_NAME here, so that the compiler attaches no meaning to them and they do
 * not meet declarations of the system's headers. The machine's own exports are rows of
 * ELFIN_KERNEL_EXPORT, which the linker puts beside the table's.
 *
 * Whatever enters the machine's services keeps the caller's interrupt mask: see platform_enter.
 */
elfin_status exports_add(elfin_space *space);

/* exports_print.c */
void export_elfin_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
int export_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int export_vprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
int export_puts(const char *text);
int export_putchar(int c);
int export_snprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int export_vsnprintf(char *buffer, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
int export_sprintf(char *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
int export_printf_chk(int flag, const char *format, ...) __attribute__((format(printf, 2, 3)));
int export_sprintf_chk(char *buffer, int flag, size_t room, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int export_snprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
int export_vsnprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format,
                         va_list args) __attribute__((format(printf, 5, 0)));

/* exports_memory.c */
void exports_memory_init(void);
void *export_malloc(size_t size);
void *export_calloc(size_t count, size_t size);
void *export_realloc(void *object, size_t size);
void *export_aligned_alloc(size_t align, size_t size);
void export_free(void *object);
void *export_pages_alloc(uint64_t count, uint64_t align, uint64_t low, uint64_t high);
void export_pages_free(void *pages, uint64_t count);
void *export_memcpy_chk(void *dst, const void *src, size_t size, size_t room);
void *export_memmove_chk(void *dst, const void *src, size_t size, size_t room);
void *export_memset_chk(void *dst, int value, size_t size, size_t room);
void *export_memchr(const void *memory, int value, size_t size);

/* exports_cxx.c; the unwind functions are members of struct elfin_host */
struct found_object;
int export_cxa_atexit(void (*function)(void *), void *argument, void *handle);
void export_cxa_finalize(void *handle);
/* What was registered with the handle will not be run. */
void exports_forget(uint64_t handle);
elfin_status exports_unwind_add(void *ctx, const elfin_block *block);
void exports_unwind_remove(void *ctx, const elfin_block *block);
int export_dl_find_object(uint64_t address, struct found_object *found);
extern char export_single_threaded;
int export_mutex_success(void *mutex);

/* exports_string.c */
size_t export_strlen(const char *s);
size_t export_strnlen(const char *s, size_t max);
int export_strcmp(const char *a, const char *b);
int export_strncmp(const char *a, const char *b, size_t max);
char *export_strchr(const char *s, int c);
char *export_strrchr(const char *s, int c);
char *export_strcpy(char *dst, const char *src);
char *export_stpcpy(char *dst, const char *src);
char *export_strncpy(char *dst, const char *src, size_t size);
char *export_strcat(char *dst, const char *src);
char *export_strcpy_chk(char *dst, const char *src, size_t room);
char *export_strcat_chk(char *dst, const char *src, size_t room);

/* exports_libc.c */
void export_stack_chk_fail(void);
void export_chk_fail(void);
void export_abort(void);
void export_syscall(void);
void export_exit(int status);
int *export_errno_location(void);
char *export_strerror(int error);
int export_open(const char *path, int flags, ...);
int export_close(int file);
int64_t export_lseek(int file, int64_t offset, int whence);
int64_t export_read(int file, void *buffer, size_t size);
int64_t export_write(int file, const void *buffer, size_t size);

/* exports_stdio.c: streams are opaque to all */
extern void *export_stdin, *export_stdout, *export_stderr;
size_t export_fwrite(const void *data, size_t size, size_t count, void *stream);
int export_fputs(const char *text, void *stream);
int export_fputc(int c, void *stream);
int export_fprintf(void *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
int export_fprintf_chk(void *stream, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void *export_fopen(const char *path, const char *mode);
void *export_fdopen(int file, const char *mode);
size_t export_fread(void *data, size_t size, size_t count, void *stream);
int export_fgetc(void *stream);
int export_ungetc(int c, void *stream);
int export_stream_success(void *stream);
const uint16_t **export_ctype_b_loc(void);

#endif
