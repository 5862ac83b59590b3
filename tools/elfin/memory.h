/* SPDX-License-Identifier: MIT */
/* Growing arrays, and strings. A host tool that runs out of memory can only say so. */
#ifndef ELFIN_TOOL_MEMORY_H
#define ELFIN_TOOL_MEMORY_H

#include <stddef.h>

/*
 * The array with room for at least one more element than `count`; its address may change. *capacity
 * is 0 and array NULL at first. Ends the program when there is no memory.
 */
void *array_grow(void *array, size_t count, size_t *capacity, size_t element_size);

/* Room for a string of so many bytes, its NUL included, to be freed. Ends the program likewise. */
char *string_room(size_t size);

/* A copy of the string, to be freed. Ends the program likewise. */
char *string_copy(const char *string);

#endif
