/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROGRAMS_TRACE_H
#define TESTS_PROGRAMS_TRACE_H

/* The console's puts in firmware, and libc's on the build machine; nothing if neither is there. */
extern int puts(const char *text) __attribute__((weak));

static inline void trace(const char *text)
{
    if (puts)
        puts(text);
}

#endif
