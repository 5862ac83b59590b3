/* SPDX-License-Identifier: MIT */
/*
 * elfin_load: the phases in their order, and the only place that unwinds. Phases note in struct
 * load what they have acquired; nobody else gives it back.
 */
#include "loader/internal.h"
#include "libmini/str.h"

const char *elfin_base_name(const char *path)
{
    const char *slash = mini_strrchr(path, '/'), *backslash = mini_strrchr(path, '\\');

    if (slash)
        path = slash + 1;
    return backslash && backslash >= path ? backslash + 1 : path;
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

static elfin_status add_library(struct load *load, const elfin_input *input, uint32_t block)
{
    struct library *library = elfin_arena_get(&load->work, 1, sizeof(*library));

    if (!library)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
    library->input = input;
    library->name = elfin_base_name(input->file);
    library->file = (struct span){ .data = input->data, .size = input->size };
    library->block = block;
    *load->libraries_end = library;
    load->libraries_end = &library->next;
    return elfin_library_open(load, library);
}

static elfin_status add_input(struct load *load, const elfin_input *input, uint32_t block)
{
    struct object *object;

    if (elfin_is_archive(input->data, input->size) ||
        elfin_is_thin_archive(input->data, input->size))
        return add_library(load, input, block);
    object = elfin_arena_get(&load->work, 1, sizeof(*object));
    if (!object)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
    object->input = input;
    object->file_name = input->file;
    object->file = (struct span){ .data = input->data, .size = input->size };
    object->block = block;
    return elfin_load_add(load, object);
}

/* A new block begins at every input that has an address; inputs before the first share block 0. */
static elfin_status make_blocks(struct load *load, const elfin_input *inputs, size_t count)
{
    uint64_t blocks = 1;

    for (size_t i = 0; i < count; i++)
        blocks += (inputs[i].flags & ELFIN_INPUT_AT) != 0;
    load->blocks = elfin_arena_get(&load->work, blocks, sizeof(*load->blocks));
    if (!load->blocks)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, NULL);
    for (uint64_t i = 0; i < blocks; i++)
        load->blocks[i].end = &load->blocks[i].first;
    load->block_count = 1;
    for (size_t i = 0; i < count; i++) {
        if (!(inputs[i].flags & ELFIN_INPUT_AT))
            continue;
        load->blocks[load->block_count].has_at = true;
        load->blocks[load->block_count++].at = inputs[i].at;
    }
    return ELFIN_OK;
}

static elfin_status add_inputs(struct load *load, const elfin_input *inputs, size_t count)
{
    elfin_status status = make_blocks(load, inputs, count);
    uint32_t block = 0;

    for (size_t i = 0; status == ELFIN_OK && i < count; i++) {
        block += (inputs[i].flags & ELFIN_INPUT_AT) != 0;
        status = add_input(load, &inputs[i], block);
    }
    if (status == ELFIN_OK)
        status = elfin_library_pull(load);
    if (status == ELFIN_OK && load->status == ELFIN_OK && !load->objects)
        status = elfin_fail(load, ELFIN_ERR_ARGUMENT, ELFIN_PHASE_OBJECT, NULL,
                            "the load has no object");
    /* Duplicate definitions have been reported, all of them, without stopping. */
    return status == ELFIN_OK ? load->status : status;
}

static elfin_status link(struct load *load)
{
    elfin_status status = ELFIN_OK;

    for (struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        status = elfin_scan(load, o);
    if (status != ELFIN_OK || (status = elfin_resolve(load)) != ELFIN_OK ||
        (status = elfin_init_order(load)) != ELFIN_OK ||
        (status = elfin_layout(load)) != ELFIN_OK || (status = elfin_place(load)) != ELFIN_OK ||
        (status = elfin_group_create(load)) != ELFIN_OK || (status = elfin_fixup(load)) != ELFIN_OK)
        return status;
    return elfin_protect(load);
}

static elfin_status commit(struct load *load)
{
    elfin_status status = elfin_publish(load);

    if (status != ELFIN_OK || (status = elfin_init_run(load)) != ELFIN_OK)
        return status;
    return elfin_protect_after_init(load);
}

static void unwind(struct load *load)
{
    if (load->published) {
        elfin_final_run(load->host, load->group);
        elfin_withdraw(load->space, load->group);
    }
    elfin_index_restore(load->space, &load->index);
    for (uint32_t i = 0; i < load->block_count; i++)
        if (load->blocks[i].reserved)
            load->host->release(load->host->ctx, &load->blocks[i].region);
    if (load->group) {
        elfin_region records = load->group->records;

        load->host->release(load->host->ctx, &records);
    }
}

static bool are_valid(const elfin_space *space, const elfin_input *inputs, size_t count,
                      const elfin_options *options, elfin_group *const *out)
{
    if (!space || !space->host.reserve || !inputs || !count || count > UINT32_MAX / 2 || !out)
        return false;
    if (options && options->struct_size != sizeof(*options))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!inputs[i].file || !*inputs[i].file || (!inputs[i].data && inputs[i].size) ||
            (inputs[i].name && !*inputs[i].name))
            return false;
    return true;
}

static elfin_status refuse_call(elfin_diag *diag, elfin_status status)
{
    if (diag)
        elfin_diag_clear(diag, status, ELFIN_PHASE_NONE);
    return status;
}

elfin_status elfin_load(elfin_space *space, const elfin_input *inputs, size_t count,
                        const elfin_options *options, elfin_group **out, elfin_diag *diag)
{
    static const elfin_options defaults = ELFIN_OPTIONS_INIT;
    struct load load = { .space = space, .options = options ? options : &defaults, .diag = diag };
    elfin_status status;

    if (!are_valid(space, inputs, count, options, out))
        return refuse_call(diag, ELFIN_ERR_ARGUMENT);
    if (space->busy)
        return refuse_call(diag, ELFIN_ERR_BUSY);
    space->busy = true;
    load.host = &space->host;
    load.objects_end = &load.objects;
    load.libraries_end = &load.libraries;
    elfin_arena_init(&load.work, load.host);

    if ((status = add_inputs(&load, inputs, count)) == ELFIN_OK &&
        (status = link(&load)) == ELFIN_OK)
        status = commit(&load);
    if (status == ELFIN_OK)
        elfin_index_keep(space, &load.index);
    else
        unwind(&load);
    elfin_arena_release(&load.work);
    space->busy = false;
    if (status != ELFIN_OK) /* the first problem, which *diag is about */
        return load.status != ELFIN_OK ? load.status : refuse_call(diag, ELFIN_ERR_INTERNAL);
    *out = load.group;
    if (diag)
        elfin_diag_clear(diag, ELFIN_OK, ELFIN_PHASE_NONE);
    return ELFIN_OK;
}
