/* SPDX-License-Identifier: MIT */
/*
 * What is left of an operating system when there is none. Ways to end a program end the call into
 * module code; there are no files, and the functions for them say so; writes to the standard output
 * and error (1 and 2) reach the console.
 */
#include "monitor/exports.h"

#include "monitor/call.h"
#include "monitor/console.h"
#include "monitor/platform.h"

enum {
    ERROR_NO_FILE = 9 /* EBADF */,
    ERROR_NO_SYSTEM = 38 /* ENOSYS */
};

static int error_number;

/* Does not return to a module; there is no other caller. */
static void end_call(const char *reason)
{
    uint64_t mask = platform_enter();

    console_fresh_line();
    console_print("error: %s\n", reason);
    platform_leave(mask);
    call_abandon();
}

void export_stack_chk_fail(void)
{
    end_call("a module has overwritten its stack canary");
}

void export_chk_fail(void)
{
    end_call("a module writes beyond the end of an object");
}

void export_abort(void)
{
    end_call("a module calls abort");
}

/* libsupc++ waits by it for another thread to initialise a static object: there is none. */
void export_syscall(void)
{
    end_call("a module makes a system call, or enters the initialisation of a static object twice");
}

void export_exit(int status)
{
    (void)status;
    end_call("a module calls exit");
}

int *export_errno_location(void)
{
    return &error_number;
}

char *export_strerror(int error)
{
    static char text[] = "error";

    (void)error;
    return text;
}

static int fail(int error)
{
    error_number = error;
    return -1;
}

int export_open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    return fail(ERROR_NO_SYSTEM);
}

int export_close(int file)
{
    (void)file;
    return fail(ERROR_NO_FILE);
}

int64_t export_lseek(int file, int64_t offset, int whence)
{
    (void)file;
    (void)offset;
    (void)whence;
    return fail(ERROR_NO_FILE);
}

int64_t export_read(int file, void *buffer, size_t size)
{
    (void)file;
    (void)buffer;
    (void)size;
    return fail(ERROR_NO_FILE);
}

int64_t export_write(int file, const void *buffer, size_t size)
{
    uint64_t mask;

    if (file != 1 && file != 2)
        return fail(ERROR_NO_FILE);
    mask = platform_enter();
    console_write(buffer, size);
    platform_leave(mask);
    return (int64_t)size;
}
