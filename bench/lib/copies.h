/* SPDX-License-Identifier: MIT */
/* What everything is compared with: copying the bytes that a load copies, and reading its records.
 */
#ifndef BENCH_COPIES_H
#define BENCH_COPIES_H

#include "bench/lib/objects.h"

typedef void *copy_fn(void *to, const void *from, size_t size);

copy_fn bench_copy_mini;        /* libmini's memcpy */
copy_fn *bench_copy_libc(void); /* the C library's, whichever the program is linked with */

/* M: the object's allocated bytes, section by section, one behind the other. Returns the end. */
uint8_t *copy_object(const struct object *o, uint8_t *to, copy_fn *copy);
/* What T adds to M: every byte of the records is read once. The sum only keeps compilers honest. */
uint64_t read_records(const struct object *o);

#endif
