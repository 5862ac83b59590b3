/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_MEM_H
#define LIBMINI_MEM_H

#include <stddef.h>

/*
 * The four functions that a freestanding compiler may call on its own. Standard semantics. They are
 * kept in an archive of their own (libmini.a), one member each, so that a host with its own
 * versions links none of these.
 */
void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
