/* SPDX-License-Identifier: MIT */
#include "tools/elfin/memory.h"

#include "tools/elfin/command.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(void)
{
    fputs("elfin: out of memory\n", stderr);
    exit(STATUS_PROBLEM);
}

void *array_grow(void *array, size_t count, size_t *capacity, size_t element_size)
{
    size_t wanted;

    if (count < *capacity)
        return array;
    wanted = *capacity ? *capacity * 2 : 16;
    if (wanted > SIZE_MAX / 2 / element_size)
        out_of_memory();
    array = realloc(array, wanted * element_size);
    if (!array)
        out_of_memory();
    *capacity = wanted;
    return array;
}

char *string_room(size_t size)
{
    char *room = malloc(size);

    if (!room)
        out_of_memory();
    return room;
}

char *string_copy(const char *string)
{
    size_t size = strlen(string) + 1;

    return memcpy(string_room(size), string, size);
}
