/* SPDX-License-Identifier: MIT */
/*
 * elfin_prepare: the phases of a load up to layout, with one object whose imports nobody knows;
 * then all that does not depend on them, nor on where it will lie, is done in memory of its own.
 */
#include "loader/carver.h"
#include "loader/image_prepare.h"

/* What is undefined is an import, which may be far. Thread-local records are held against what the
 * object itself defines. */
static elfin_status settle_names(struct load *load)
{
    elfin_status status = ELFIN_OK;

    elfin_symbols_change(load->objects, SYMBOL_UNDEFINED, SYMBOL_ZERO);
    if (load->host->threads)
        status = elfin_tls_check(load);
    elfin_symbols_change(load->objects, SYMBOL_ZERO, SYMBOL_IMPORT);
    return status;
}

static elfin_status check_kind(struct load *load, const struct object *object)
{
    if (!object->program && !object->image)
        return ELFIN_OK;
    return elfin_fail(load, object, DEFECT_PREPARE_KIND);
}

/* Up to the object's offsets in its block, and the proof that it can lie somewhere. */
static elfin_status link_alone(struct load *load, struct object *object)
{
    const elfin_host *host = load->host;
    elfin_status status;

    if ((status = elfin_load_add(load, object)) != ELFIN_OK ||
        (status = check_kind(load, object)) != ELFIN_OK ||
        (status = elfin_scan(load, object)) != ELFIN_OK ||
        (host->unwinding && (status = host->unwinding->scan(load, object)) != ELFIN_OK) ||
        (host->gathering && (status = host->gathering->gather(load)) != ELFIN_OK) ||
        (status = load->status) != ELFIN_OK)
        return status;
    elfin_starting.handles(load);
    if ((host->threads && (status = host->threads->measure(load, object)) != ELFIN_OK) ||
        (status = settle_names(load)) != ELFIN_OK || (status = elfin_layout(load)) != ELFIN_OK)
        return status;
    load->unknown_imports = true;
    status = elfin_reach(load);
    if (status != ELFIN_ERR_REACH || load->status != ELFIN_OK)
        return status;
    return elfin_report_stuck(load);
}

/* In memory that takes the place of what the host gives a module. */
static elfin_status reduce(struct prepare *p)
{
    struct load *load = p->load;
    struct block *block = p->block;
    elfin_status status;

    block->region = p->memory;
    block->region.run = block->at = PREPARE_BASE;
    block->has_at = block->reserved = true;
    if ((status = elfin_place(load)) != ELFIN_OK ||
        (status = elfin_collect_own(load, p->object)) != ELFIN_OK ||
        (status = elfin_prepare_number(p)) != ELFIN_OK ||
        (status = elfin_prepare_demands(p)) != ELFIN_OK)
        return status;
    return elfin_prepare_reduce(p);
}

static elfin_status prepare(struct load *load, struct object *object, elfin_image **out)
{
    struct prepare p = { .load = load, .object = object };
    elfin_status status = link_alone(load, object);

    if (status != ELFIN_OK)
        return status;
    p.block = &load->blocks[object->block];
    status = elfin_reserve_plain(load->host, ELFIN_PURPOSE_WORK, p.block->size ? p.block->size : 1,
                                 &p.memory);
    if (status != ELFIN_OK)
        return elfin_fail(load, object, defect_as(DEFECT_PREPARE_MEMORY, status));
    status = reduce(&p);
    if (status == ELFIN_OK)
        status = elfin_prepare_write(&p, out);
    load->host->release(load->host->ctx, &p.memory);
    return status;
}

elfin_status elfin_prepare(const elfin_host *host, const elfin_input *input,
                           const elfin_options *options, elfin_image **out, elfin_diag *diag)
{
    static const elfin_options defaults = ELFIN_OPTIONS_INIT;
    struct object object = { .input = input };
    struct block block = { 0 };
    struct load load = {
        .options = options ? options : &defaults, .diag = diag, .blocks = &block, .block_count = 1
    };
    elfin_space space;
    elfin_status status;

    if (diag)
        elfin_diag_clear(diag, defect_of(ELFIN_ERR_ARGUMENT, ELFIN_PHASE_NONE));
    if (!input || !out || !input->file || (!input->data && input->size) || input->image ||
        (options && options->struct_size != sizeof(*options)) ||
        elfin_space_init(&space, host) != ELFIN_OK)
        return ELFIN_ERR_ARGUMENT;
    load.space = &space;
    take_objects(&space.host);
    load.host = &space.host;
    load.objects_end = &load.objects;
    object.file_name = input->file;
    object.file = (struct span){ .data = input->data, .size = input->size };
    elfin_arena_init(&load.work, load.host);
    status = prepare(&load, &object, out);
    elfin_arena_release(&load.work);
    if (status != ELFIN_OK)
        return load.status != ELFIN_OK ? load.status : ELFIN_ERR_INTERNAL;
    if (diag)
        elfin_diag_clear(diag, defect_of(ELFIN_OK, ELFIN_PHASE_NONE));
    return ELFIN_OK;
}
