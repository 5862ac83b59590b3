/* SPDX-License-Identifier: MIT */
/*
 * A host that only links: modules get memory of this process to be written in, at run addresses
 * that are invented. Nothing is ever executed, so every address in 64 bits can be had, two blocks
 * excepted that would overlap.
 *
 * Policy: the free place nearest to what the library wishes; without a wish, nearest to 4 MiB,
 * where programs are traditionally linked. The same inputs always get the same addresses.
 */
#ifndef ELFIN_TOOL_HOST_H
#define ELFIN_TOOL_HOST_H

#include <elfin/elfin.h>

struct host_range {
    uint64_t run, size;
};

/* The last image request for which there was no place. */
struct host_refusal {
    bool happened;
    elfin_request request;
    struct host_range in_the_way; /* the lowest range in use between its limits; size 0 = none */
};

struct threads;

struct host {
    elfin_host callbacks; /* for elfin_space_init and elfin_inspect; points back at this struct */
    struct host_range *ranges; /* run addresses in use, in ascending order */
    size_t count, capacity;
    struct host_refusal refusal;
    struct threads *threads; /* once a load was large enough for more than one CPU */
};

void host_init(struct host *host);
/* So many share the work of large loads, instead of all that there are. */
void host_limit_cpus(struct host *host, unsigned cpus);
void host_free(struct host *host);

#endif
