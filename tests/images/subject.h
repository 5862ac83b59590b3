/* SPDX-License-Identifier: MIT */
/* An object, what it imports, and the addresses that were made up for its imports. */
#ifndef TESTS_IMAGES_SUBJECT_H
#define TESTS_IMAGES_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What imports are bound to: at first, then, and where the object has been moved to. */
enum {
    SET_FIRST,
    SET_THEN,
    SET_MOVED,
    SET_COUNT
};

struct import {
    const char *name;
    bool is_weak, is_tls;
    uint64_t address[SET_COUNT]; /* 0: nobody defines it; of a thread-local variable its offset */
};

struct subject {
    const char *file;
    uint8_t *data; /* a copy */
    size_t size;
    struct import *imports; /* in ascending order of their names, which lie in data */
    size_t import_count;
};

/*
 * False if the bytes are no x86-64 object. Undefined hidden symbols, which a
 * sibling would define, are made default ones in the copy.
 */
bool subject_open(struct subject *subject, const char *file, const void *data, size_t size);
void subject_close(struct subject *subject);

/* NULL if there is none of that name. */
const struct import *subject_import(const struct subject *subject, const char *name);

uint32_t subject_hash(const char *name);

#endif
