/* SPDX-License-Identifier: MIT */
/* A host of the library whose callbacks cost next to nothing, and keep account of memory. */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include <elfin/elfin.h>

#include "bench/lib/arena.h"

struct host {
    elfin_host callbacks;
    struct arena image, work, records;
    bool real;         /* memory and rights come from the operating system, not from `image` */
    uint64_t rights;   /* calls of protect */
    uint64_t reserved; /* images */
};

enum {
    HOST_IMAGE = 0x10000000, /* run address; the names that it exports are less than 2 GiB away */
    HOST_NAMES = 0x70000000,
};

/* image: all bytes that will be needed; work: as far as is known. */
void host_init(struct host *host, uint64_t image, uint64_t work);

#endif
