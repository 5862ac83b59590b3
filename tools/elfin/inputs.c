/* SPDX-License-Identifier: MIT */
#include "tools/elfin/inputs.h"

#include "tools/elfin/memory.h"

#include <stdlib.h>

void inputs_at(struct inputs *inputs, uint64_t address)
{
    inputs->at = address;
    inputs->at_is_new = true;
}

void inputs_add(struct inputs *inputs, const char *path)
{
    elfin_input *item;

    inputs->items =
        array_grow(inputs->items, inputs->count, &inputs->capacity, sizeof(inputs->items[0]));
    inputs->files =
        array_grow(inputs->files, inputs->count, &inputs->file_capacity, sizeof(inputs->files[0]));
    inputs->files[inputs->count] = (struct file){ 0 };
    item = &inputs->items[inputs->count++];
    *item = (elfin_input){ .file = path };
    if (inputs->at_is_new) {
        item->flags = ELFIN_INPUT_AT;
        item->at = inputs->at;
        inputs->at_is_new = false;
    }
}

bool inputs_read(struct inputs *inputs)
{
    bool all = true;

    for (size_t i = 0; i < inputs->count; i++) {
        if (!file_read(inputs->items[i].file, &inputs->files[i])) {
            all = false;
            continue;
        }
        inputs->items[i].data = inputs->files[i].data;
        inputs->items[i].size = inputs->files[i].size;
    }
    return all;
}

void inputs_free(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        file_free(&inputs->files[i]);
    free(inputs->files);
    free(inputs->items);
    *inputs = (struct inputs){ 0 };
}
