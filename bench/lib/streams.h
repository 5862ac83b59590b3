/* SPDX-License-Identifier: MIT */
/* What images keep of the fixups that are left to be done: by how many bytes, and for how many. */
#ifndef BENCH_STREAMS_H
#define BENCH_STREAMS_H

#include <elfin/elfin.h>

struct streams {
    uint64_t import_fixups, import_bytes; /* of values of imports */
    uint64_t place_fixups, place_bytes;   /* of addresses inside */
    uint64_t blob;                        /* whole images */
};

void streams_add(const elfin_image *image, struct streams *sums);

#endif
