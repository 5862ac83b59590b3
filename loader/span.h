/* SPDX-License-Identifier: MIT */
/*
 * The one door to input bytes. A span is a bounded view; asking for more than it holds fails. No
 * other code does arithmetic on pointers into a file.
 */
#ifndef LOADER_SPAN_H
#define LOADER_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "libmini/mem.h"

/*
 * What holds by the rules of another function, which clang-tidy does not see across calls. Nothing
 * is compiled for it.
 */
#ifdef __clang_analyzer__
#define KNOWN(condition) ((condition) ? (void)0 : __builtin_unreachable())
#else
#define KNOWN(condition) ((void)0)
#endif

/*
 * 0 in code that is compiled for size: then what only saves time is left out, and the general
 * way, which comes to the same, is the only one.
 */
#ifdef __OPTIMIZE_SIZE__
#define FOR_SPEED 0
#else
#define FOR_SPEED 1
#endif

struct span {
    const uint8_t *data;
    uint64_t size;
};

/* False, and *out untouched, unless [offset, offset + size) lies inside. */
static inline bool span_cut(struct span s, uint64_t offset, uint64_t size, struct span *out)
{
    if (offset > s.size || size > s.size - offset)
        return false;
    out->data = s.data + offset;
    out->size = size;
    return true;
}

/* The same for count records of record_size bytes, without overflow. */
static inline bool span_table(struct span s, uint64_t offset, uint64_t count, uint64_t record_size,
                              struct span *out)
{
    uint64_t size;

    return !__builtin_mul_overflow(count, record_size, &size) && span_cut(s, offset, size, out);
}

/* Copies out the index-th record. The caller has proven index < size / record_size. */
static inline void span_record(struct span s, uint64_t index, void *record, uint64_t record_size)
{
    __builtin_memcpy(record, s.data + index * record_size, record_size);
}

static inline uint32_t span_u32(struct span s, uint64_t index)
{
    uint32_t value;

    span_record(s, index, &value, sizeof(value));
    return value;
}

/* A string table: not empty means NUL at the end, so that every name inside it ends inside it. */
static inline bool span_is_strings(struct span s)
{
    return s.size == 0 || s.data[s.size - 1] == 0;
}

/* The NUL-terminated name at offset, or NULL. s has passed span_is_strings. */
static inline const char *span_string(struct span s, uint64_t offset)
{
    return offset < s.size ? (const char *)(s.data + offset) : 0;
}

#endif
