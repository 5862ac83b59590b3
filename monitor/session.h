/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_SESSION_H
#define MONITOR_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include <elfin/elfin.h>

/* An archive that later loads may take members from; its bytes are kept. */
struct library {
    struct library *next;
    void *data;
    size_t size;
    char path[ELFIN_NAME_SIZE]; /* as it was named, with where it comes from */
    const char *file;           /* without that: a part of the names of its members */
    void *fresh;                /* during a reload: the bytes of a newer version, or NULL */
    size_t fresh_size;
};

struct origin;

/* Everything between the start of the monitor and its end. */
struct session {
    elfin_space space;
    struct library *libraries; /* in the order of the commands: the first definition counts */
    struct origin *origins;    /* what groups were loaded from, the last one first */
    bool quit;                 /* a quit command has run: end with `status` */
    bool quiet;                /* inside a repetition: successes are not reported */
    int status;
};

enum {
    STATUS_SUCCESS = 0,
    STATUS_FAILURE = 1,
    STATUS_MAX = 123, /* 124 and up are elfin-qemu's own */
};

#endif
