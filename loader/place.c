/* SPDX-License-Identifier: MIT */
/*
 * Phase "place": memory for every block, then the run address of everything in it. What the host
 * gives is checked against what was asked for: a host's mistake must not become a wild store.
 */
#include "loader/features.h"
#include "loader/image.h"

static elfin_status check_region(const struct block *block, const elfin_request *request)
{
    const elfin_region *region = &block->region;

    if (!region->edit || region->size < request->size || region->run % request->align ||
        region->run < request->low || region->run > request->high ||
        request->size - 1 > request->high - region->run)
        return ELFIN_ERR_HOST;
    return ELFIN_OK;
}

elfin_status elfin_place_refused(struct load *load, const struct block *block, uint64_t low,
                                 uint64_t high, uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, block->first, defect);

    elfin_diag_value(diag, block->size);
    elfin_diag_limits(diag, low, high);
    return elfin_diag_emit(load);
}

elfin_status elfin_place_in(struct load *load, struct block *block, uint64_t first, uint64_t last)
{
    elfin_request request = {
        .struct_size = (uint32_t)sizeof(request),
        .purpose = ELFIN_PURPOSE_IMAGE,
        .size = block->size,
        .align = block->align,
        .low = first,
        .high = last + (block->size - 1),
        .near = block->near,
        .code_size = block->part_offset[ELFIN_PART_RODATA],
        .name = block->first->name,
    };

    if (load->host->reserve(load->host->ctx, &request, &block->region) != ELFIN_OK)
        return ELFIN_ERR_MEMORY;
    block->reserved = true;
    if (check_region(block, &request) == ELFIN_OK)
        return ELFIN_OK;
    return elfin_place_refused(load, block, request.low, request.high, DEFECT_HOST_MEMORY);
}

static elfin_status place_at(struct load *load, struct block *block)
{
    uint64_t last = block->at + (block->size - 1);
    elfin_status status;

    block->region.run = block->at; /* for symbols of a block that needs no memory */
    if (!block->size || block->reserved)
        return ELFIN_OK;
    if (block->at % block->align || last < block->at) {
        elfin_diag *diag = elfin_diag_begin(load, block->first, DEFECT_PLACE_ADDRESS);

        elfin_diag_value(diag, block->at);
        return elfin_diag_emit(load);
    }
    status = elfin_place_in(load, block, block->at, block->at);
    if (status == ELFIN_ERR_MEMORY)
        return elfin_place_refused(load, block, block->at, last, DEFECT_PLACE_TAKEN);
    return status;
}

elfin_status elfin_place_all_at(struct load *load)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++)
        if (load->blocks[i].has_at)
            status = place_at(load, &load->blocks[i]);
    return status;
}

void elfin_report_no_memory(struct load *load)
{
    const struct range *range = &load->stuck->reach.range[0];

    elfin_place_refused(load, load->stuck, range->low, range->high + (load->stuck->size - 1),
                        DEFECT_NO_PLACE);
}

/* Of a symbol that the object defines: it is the group's. */
static void assign_own(const struct load *load, const struct object *object, uint32_t index)
{
    struct symbol *symbol = object->global[index - object->first_global];

    if (!symbol || symbol->object != object || symbol->index != index)
        return;
    if (symbol->state == SYMBOL_STRONG || symbol->state == SYMBOL_WEAK)
        symbol->value = elfin_own_address(object, index);
    else if (symbol->state == SYMBOL_COMMON && !symbol->tls) /* which has its offset already */
        symbol->value += load->blocks[object->block].region.run;
}

static void assign_sections(struct object *object, uint64_t run)
{
    uint64_t lowest = UINT64_MAX, bytes = 0;

    for (uint32_t i = object->loaded; i; i = object->sections[i].loaded) {
        struct section *section = &object->sections[i];

        section->address += run;
        if (!is_tls_zero(section))
            bytes += section->size;
        if (section->address < lowest && section->size && is_lasting(section) && !is_tls(section))
            lowest = section->address;
    }
    object->lowest = lowest == UINT64_MAX ? 0 : lowest;
    object->bytes = bytes;
}

/* Offsets in the block become run addresses. */
static elfin_status assign(struct load *load, struct object *object)
{
    uint64_t run = load->blocks[object->block].region.run;

    assign_sections(object, run);
    object->tls_image += run;
    object->got += run;
    object->plt += run;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++)
        assign_own(load, object, i);
    return ELFIN_OK;
}

/* Between min and max: nobody has found out where all fields fit, so fix-up will. */
static elfin_status place_anywhere(struct load *load)
{
    const elfin_options *options = load->options;
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++) {
        struct block *block = &load->blocks[i];
        struct range *range = &block->reach.range[0];

        if (!block->size || block->has_at)
            continue;
        load->stuck = block;
        range->low = options->min;
        range->high = options->max - (block->size - 1);
        block->near = options->near;
        if (options->min > options->max || options->max - options->min < block->size - 1)
            return ELFIN_ERR_REACH;
        status = elfin_place_in(load, block, range->low, range->high);
    }
    return status;
}

elfin_status elfin_place(struct load *load)
{
    const struct elfin_reaching *reaching = load->host->reaching;
    elfin_status status = elfin_place_all_at(load);

    if (status == ELFIN_OK)
        status = reaching ? reaching->place(load) : place_anywhere(load);
    if (status != ELFIN_OK)
        return status;
    status = elfin_each_object(load, assign, NULL);
    for (const struct object *o = load->gathered ? load->objects : NULL; o; o = o->next)
        for (uint32_t i = 0; i < o->symbol_count - o->first_global; i++)
            if (is_section_end(o->global[i]))
                o->global[i]->value = section_end(o->global[i]);
    return status;
}
