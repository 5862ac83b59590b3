/* SPDX-License-Identifier: MIT */
#include "tools/elfin/inputs.h"

#include "tools/elfin/memory.h"
#include "tools/elfin/text.h"

#include <stdlib.h>

/* Rights are set by the page, so a block cannot begin inside one. */
static const uint64_t page_size = 4096;

int inputs_at(struct inputs *inputs, const struct command *command, const char *address)
{
    if (!text_number(address, &inputs->at))
        return usage_error(command, "--at: '%s' is no address (0x100000, or decimal)", address);
    if (inputs->at % page_size != 0)
        return usage_error(command, "--at: %s is no multiple of 4096", address);
    inputs->at_is_new = true;
    return STATUS_GOOD;
}

int inputs_complete(const struct inputs *inputs, const struct command *command)
{
    if (inputs->count == 0)
        return usage_error(command, "no file to %s", command->name);
    if (inputs->at_is_new)
        return usage_error(command, "--at holds for the files after it, and there is none");
    return STATUS_GOOD;
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
