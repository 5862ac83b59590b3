/* SPDX-License-Identifier: MIT */
/* The memory behind fake_host.c: where it lies, and what the processor lets one do with it. */
#ifndef TESTS_FAKE_MEMORY_H
#define TESTS_FAKE_MEMORY_H

#include "tests/lib/fake_host.h"

/* Takes size bytes for the request, as near to its wish as can be; fills in run, edit and the
 * mapping. */
bool fake_memory_find(struct fake_host *fake, struct fake_region *r, const elfin_request *q,
                      uint64_t size);

/* Gives [offset, offset + size) the rights in earnest. */
void fake_memory_protect(const struct fake_host *fake, const struct fake_region *r, uint64_t offset,
                         uint64_t size, elfin_rights rights);

/* Whoever touches the bytes from offset on faults. */
void fake_memory_close(const struct fake_host *fake, const struct fake_region *r, uint64_t offset);

/* Gives back memory of any purpose. */
void fake_memory_unmap(const struct fake_host *fake, struct fake_region *r);

#endif
