/* SPDX-License-Identifier: MIT */
/* From the inputs of a load to its objects, libraries and blocks. */
#include "loader/features.h"
#include "loader/image.h"

bool elfin_is_archive(const void *data, size_t size)
{
    return size >= 8 && memcmp(data, "!<arch>\n", 8) == 0;
}

/* A member with nothing to load and no definition that the index could mean is left out. */
static bool is_empty(const struct object *object)
{
    for (uint32_t i = 1; i < object->section_count; i++)
        if (object->sections[i].part != PART_NONE && object->sections[i].size)
            return false;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        struct elf_symbol symbol = elfin_read_symbol(object, i);

        uint32_t section = elfin_symbol_section(object, &symbol, i);

        if (section & SECTION_SPECIAL || (section && section < object->section_count &&
                                          object->sections[section].part != PART_NONE))
            return false;
    }
    return true;
}

elfin_status elfin_load_add(struct load *load, struct object *object)
{
    elfin_status status = elfin_object_open(load, object);

    if (status != ELFIN_OK || (object->archive && is_empty(object)))
        return status;
    if ((status = elfin_record_open(load, object)) != ELFIN_OK ||
        (status = elfin_symbols_collect(load, object)) != ELFIN_OK)
        return status;
    object->number = load->object_count++;
    *load->objects_end = object;
    load->objects_end = &object->next;
    return ELFIN_OK;
}

static elfin_status add_input(struct load *load, const elfin_input *input, uint32_t block)
{
    struct object *object;

    if (elfin_is_archive(input->data, input->size) && load->host->archives)
        return load->host->archives->open(load, input, block);
    object = elfin_arena_get(&load->work, 1, sizeof(*object));
    if (!object)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
    object->input = input;
    object->file_name = input->file;
    object->file = (struct span){ .data = input->data, .size = input->size };
    object->block = block;
    return elfin_load_add(load, object);
}

/* Enough to tell executables and shared objects apart: what is wrong with it is told later. */
static bool is_program(const elfin_input *input)
{
    struct span file = { .data = input->data, .size = input->size };
    struct elf_header header;

    if (file.size < sizeof(header))
        return false;
    span_record(file, 0, &header, sizeof(header));
    return memcmp(header.e_ident, "\177ELF", 4) == 0 &&
           (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

/* It has been laid out already. */
static bool is_alone(const elfin_input *input)
{
    struct span file = { .data = input->data, .size = input->size };

    return input->image || elfin_image_begins(file) || is_program(input);
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

    if (!has_at && !is_alone(input))
        return current;
    block->has_at = has_at;
    block->at = input->at;
    return load->block_count++;
}

elfin_status elfin_inputs_open(struct load *load, const elfin_input *inputs, size_t count)
{
    elfin_status status = ELFIN_OK;
    uint32_t current = 0;

    load->blocks = elfin_arena_get(&load->work, count + 1, sizeof(*load->blocks));
    if (!load->blocks)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
    load->is_single = count == 1;
    load->block_count = 1;
    for (size_t i = 0; i <= count; i++)
        load->blocks[i].end = &load->blocks[i].first;
    for (size_t i = 0; status == ELFIN_OK && i < count; i++) {
        uint32_t block = block_of(load, &inputs[i], current);

        if (!is_alone(&inputs[i]))
            current = block;
        status = add_input(load, &inputs[i], block);
    }
    return status;
}
