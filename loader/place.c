/* SPDX-License-Identifier: MIT */
/*
 * Phase "place": memory for every block, then the run address of everything in it. What the host
 * gives is checked against what was asked for: a host's mistake must not become a wild store.
 */
#include "loader/internal.h"
#include "libmini/str.h"

static elfin_status check_region(const struct block *block, const elfin_request *request)
{
    const elfin_region *region = &block->region;

    if (!region->edit || region->size < request->size || region->run % request->align ||
        region->run < request->low || region->run > request->high ||
        request->size - 1 > request->high - region->run)
        return ELFIN_ERR_HOST;
    return ELFIN_OK;
}

static elfin_status reserve(struct load *load, struct block *block, struct range range)
{
    elfin_request request = {
        .struct_size = (uint32_t)sizeof(request),
        .purpose = ELFIN_PURPOSE_IMAGE,
        .size = block->size,
        .align = block->align,
        .low = range.low,
        .high = range.high,
        .near = block->near,
        .code_size = block->part_offset[ELFIN_PART_RODATA],
        .name = block->first->name,
    };

    if (block->size - 1 > range.high - range.low ||
        load->host->reserve(load->host->ctx, &request, &block->region) != ELFIN_OK)
        return ELFIN_ERR_MEMORY;
    block->reserved = true;
    return check_region(block, &request);
}

static elfin_status refused(struct load *load, const struct block *block, elfin_status status,
                            const char *detail, uint64_t low, uint64_t high)
{
    elfin_diag *diag = elfin_diag_begin(load, status, ELFIN_PHASE_PLACE, block->first, detail);

    elfin_diag_value(diag, block->size);
    elfin_diag_limits(diag, low, high);
    return elfin_diag_emit(load);
}

static elfin_status place_at(struct load *load, struct block *block)
{
    uint64_t last = block->at + (block->size - 1);
    elfin_status status;

    block->region.run = block->at; /* for symbols of a block that needs no memory */
    if (!block->size)
        return ELFIN_OK;
    if (block->at % block->align || last < block->at) {
        elfin_diag *diag =
            elfin_diag_begin(load, ELFIN_ERR_ARGUMENT, ELFIN_PHASE_PLACE, block->first,
                             "the address asked for is not aligned as the sections "
                             "need, or too high");

        elfin_diag_value(diag, block->at);
        return elfin_diag_emit(load);
    }
    status = reserve(load, block, (struct range){ block->at, last });
    if (status == ELFIN_ERR_MEMORY)
        return refused(load, block, status, "the memory asked for is not free", block->at, last);
    return status == ELFIN_OK
               ? ELFIN_OK
               : refused(load, block, status, "the host gave other memory than asked for",
                         block->at, last);
}

static uint64_t distance(const struct range *range, uint64_t near)
{
    if (near < range->low)
        return range->low - near;
    return near > range->high ? near - range->high : 0;
}

/* The range nearest to where the block should be comes first; equals stay in ascending order. */
static void sort_by_distance(struct reach *reach, uint64_t near)
{
    for (uint32_t i = 1; i < reach->count; i++) {
        for (uint32_t j = i; j > 0; j--) {
            struct range *a = &reach->range[j - 1], *b = &reach->range[j], swap = *a;

            if (distance(a, near) <= distance(b, near))
                break;
            *a = *b;
            *b = swap;
        }
    }
}

static elfin_status place_floating(struct load *load, struct block *block)
{
    elfin_status status = elfin_reach(load, block);

    if (status != ELFIN_OK)
        return status;
    if (block->near)
        sort_by_distance(&block->reach, block->near);
    for (uint32_t i = 0; i < block->reach.count; i++) {
        status = reserve(load, block, block->reach.range[i]);
        if (status == ELFIN_OK)
            return ELFIN_OK;
        if (status != ELFIN_ERR_MEMORY)
            return refused(load, block, status, "the host gave other memory than asked for",
                           block->reach.range[i].low, block->reach.range[i].high);
    }
    refused(load, block, ELFIN_ERR_MEMORY, "no free memory where the module may lie",
            block->reach.range[0].low, block->reach.range[0].high);
    elfin_reach_report(load, block);
    return ELFIN_ERR_MEMORY;
}

/* Offsets in the block become run addresses. */
static void assign(struct object *object, uint64_t run)
{
    for (uint32_t i = 1; i < object->section_count; i++)
        if (object->sections[i].part != PART_NONE)
            object->sections[i].address += run;
    object->got += run;
    object->plt += run;
}

static void assign_symbol(struct load *load, struct symbol *symbol)
{
    if (symbol->state == SYMBOL_COMMON)
        symbol->value += load->blocks[symbol->object->block].region.run;
    else if (symbol->state == SYMBOL_STRONG || symbol->state == SYMBOL_WEAK)
        symbol->value = elfin_own_address(symbol->object, symbol->index);
}

/* Run addresses for everything in the blocks that have an address of their own, or in the other. */
static void assign_all(struct load *load, bool has_at)
{
    for (struct object *o = load->objects; o; o = o->next)
        if (load->blocks[o->block].has_at == has_at)
            assign(o, load->blocks[o->block].region.run);
    for (struct symbol *s = load->first_symbol; s; s = s->next)
        if (load->blocks[s->object->block].has_at == has_at)
            assign_symbol(load, s);
}

/* Blocks with an address first: their neighbours' reach depends on them. */
elfin_status elfin_place(struct load *load)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++)
        if (load->blocks[i].has_at)
            status = place_at(load, &load->blocks[i]);
    if (status != ELFIN_OK)
        return status;
    assign_all(load, true);
    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++)
        if (load->blocks[i].size && !load->blocks[i].has_at)
            status = place_floating(load, &load->blocks[i]);
    if (status == ELFIN_OK)
        assign_all(load, false);
    return status;
}
