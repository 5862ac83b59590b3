/* SPDX-License-Identifier: MIT */
/* From the inputs of a load to its objects, libraries and blocks. */
#include "loader/features.h"
#include "loader/image.h"
#include "loader/program.h"

bool elfin_is_archive(const void *data, size_t size)
{
    return size >= 8 && memcmp(data, "!<arch>\n", 8) == 0;
}

elfin_status elfin_input_open(struct load *load, struct object *object)
{
    elfin_status status = elfin_object_open(load, object);

    if (status != ELFIN_OK || (object->archive && load->host->archives->is_empty(object)))
        return status;
    if ((status = elfin_record_open(load, object)) != ELFIN_OK ||
        (status = elfin_symbols_check(load, object)) != ELFIN_OK)
        return status;
    object->opened = true;
    return ELFIN_OK;
}

void elfin_input_append(struct load *load, struct object *object)
{
    object->number = load->object_count++;
    *load->objects_end = object;
    load->objects_end = &object->next;
}

static elfin_status make_object(struct load *load, const elfin_input *input, uint32_t block)
{
    struct object *object = elfin_arena_get(&load->work, 1, sizeof(*object));

    if (!object)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
    object->input = input;
    object->file_name = input->file;
    object->file = (struct span){ .data = input->data, .size = input->size };
    object->block = block;
    elfin_input_append(load, object);
    return ELFIN_OK;
}

/* It has been laid out already. What the host does not load is refused later. */
static bool is_alone(const struct load *load, const elfin_input *input)
{
    const elfin_host *host = load->host;

    return (host->images && host->images->is_one(input)) ||
           (host->programs && host->programs->is_one(input));
}

/*
 * A new block begins at every input that has an address; inputs before the first share block 0. An
 * executable, shared object or image is a block of its own: the next input continues the block
 * before it.
 */
static uint32_t block_of(struct load *load, const elfin_input *input, uint32_t current)
{
    bool has_at = input->flags & ELFIN_INPUT_AT;
    struct block *block = &load->blocks[load->block_count];

    if (!has_at && !is_alone(load, input))
        return current;
    block->has_at = has_at;
    block->at = input->at;
    return load->block_count++;
}

static bool is_library(const struct load *load, const elfin_input *input)
{
    return load->host->archives && elfin_is_archive(input->data, input->size);
}

/* The objects and all blocks, before anything is looked at closely. */
static elfin_status make_all(struct load *load, const elfin_input *inputs, size_t count,
                             uint32_t *blocks)
{
    elfin_status status = ELFIN_OK;
    uint32_t current = 0;

    for (size_t i = 0; status == ELFIN_OK && i < count; i++) {
        blocks[i] = block_of(load, &inputs[i], current);
        if (!is_alone(load, &inputs[i]))
            current = blocks[i];
        if (!is_library(load, &inputs[i]))
            status = make_object(load, &inputs[i], blocks[i]);
    }
    return status;
}

/* In the order of the inputs. */
static elfin_status open_all(struct load *load, const elfin_input *inputs, size_t count,
                             const uint32_t *blocks)
{
    struct object *object = load->objects;
    elfin_status status = ELFIN_OK;

    if (load->crew)
        load->host->sharing->open(load);
    for (size_t i = 0; status == ELFIN_OK && i < count; i++) {
        if (is_library(load, &inputs[i])) {
            status = load->host->archives->open(load, &inputs[i], blocks[i]);
            continue;
        }
        if (!object->opened)
            status = elfin_input_open(load, object);
        object = object->next;
    }
    return status;
}

static elfin_status enter_all(struct load *load)
{
    elfin_status status = ELFIN_OK;

    /* Members of libraries follow one by one. */
    if (load->crew && !load->libraries && load->host->sharing->enter(load))
        return ELFIN_OK;
    for (struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        status = elfin_symbols_enter(load, o);
    return status;
}

elfin_status elfin_inputs_open(struct load *load, const elfin_input *inputs, size_t count)
{
    uint32_t *blocks = elfin_arena_get(&load->work, count, sizeof(*blocks));
    elfin_status status;

    load->blocks = elfin_arena_get(&load->work, count + 1, sizeof(*load->blocks));
    if (!blocks || !load->blocks)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
    load->is_single = count == 1;
    load->block_count = 1;
    for (size_t i = 0; i <= count; i++)
        load->blocks[i].end = &load->blocks[i].first;
    if ((status = make_all(load, inputs, count, blocks)) != ELFIN_OK ||
        (status = open_all(load, inputs, count, blocks)) != ELFIN_OK)
        return status;
    status = enter_all(load);
    load->by_number = NULL; /* libraries will add to the objects */
    return status;
}
