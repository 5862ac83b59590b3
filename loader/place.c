/* SPDX-License-Identifier: MIT */
/*
 * Phase "place": memory for every block, then the run address of everything in it. What the host
 * gives is checked against what was asked for: a host's mistake must not become a wild store.
 */
#include "loader/image.h"
#include "libmini/sort.h"

static elfin_status check_region(const struct block *block, const elfin_request *request)
{
    const elfin_region *region = &block->region;

    if (!region->edit || region->size < request->size || region->run % request->align ||
        region->run < request->low || region->run > request->high ||
        request->size - 1 > request->high - region->run)
        return ELFIN_ERR_HOST;
    return ELFIN_OK;
}

static elfin_status refused(struct load *load, const struct block *block, uint64_t low,
                            uint64_t high, uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, block->first, defect);

    elfin_diag_value(diag, block->size);
    elfin_diag_limits(diag, low, high);
    return elfin_diag_emit(load);
}

/* The block will begin somewhere from first to last. ELFIN_ERR_MEMORY is not reported here. */
static elfin_status reserve(struct load *load, struct block *block, uint64_t first, uint64_t last)
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
    return refused(load, block, request.low, request.high, DEFECT_HOST_MEMORY);
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
    status = reserve(load, block, block->at, block->at);
    if (status == ELFIN_ERR_MEMORY)
        return refused(load, block, block->at, last, DEFECT_PLACE_TAKEN);
    return status;
}

static elfin_status place_all_at(struct load *load)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++)
        if (load->blocks[i].has_at)
            status = place_at(load, &load->blocks[i]);
    return status;
}

static uint64_t distance(const struct range *range, uint64_t near)
{
    if (near < range->low)
        return range->low - near;
    return near > range->high ? near - range->high : 0;
}

/* The range nearest to where the block should be is tried first. */
elfin_status elfin_place_block(struct load *load, struct block *block)
{
    const struct range *range = block->reach.range;
    bool second_first = block->reach.count > 1 && block->near &&
                        distance(&range[1], block->near) < distance(&range[0], block->near);

    for (uint32_t i = 0; i < block->reach.count; i++) {
        const struct range *r = &range[second_first ? block->reach.count - 1 - i : i];
        elfin_status status = reserve(load, block, r->low, r->high);

        if (status != ELFIN_ERR_MEMORY)
            return status;
    }
    load->stuck = block;
    return ELFIN_ERR_MEMORY;
}

/* Addresses at which the block may begin, less one. */
static uint64_t freedom(const struct block *block)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < block->reach.count; i++)
        sum += block->reach.range[i].high - block->reach.range[i].low;
    return sum;
}

static int by_freedom(const void *a, const void *b, void *ctx)
{
    uint64_t x = freedom(*(struct block *const *)a), y = freedom(*(struct block *const *)b);

    (void)ctx;
    return x < y ? -1 : x > y;
}

/*
 * Those with the least choice first. Blocks without a wish of their own lie near the first of the
 * group: that saves stubs between them.
 */
static elfin_status place_all_floating(struct load *load)
{
    struct block **blocks = elfin_arena_get(&load->work, load->block_count, sizeof(*blocks));
    elfin_status status = ELFIN_OK;
    uint32_t count = 0;

    if (!blocks)
        return elfin_fail_memory(load, ELFIN_PHASE_PLACE, load->objects);
    for (uint32_t i = 0; i < load->block_count; i++)
        if (load->blocks[i].size && !load->blocks[i].has_at)
            blocks[count++] = &load->blocks[i];
    mini_sort(blocks, count, sizeof(*blocks), by_freedom, NULL);
    for (uint32_t i = 0; status == ELFIN_OK && i < count; i++) {
        if (!blocks[i]->near && i)
            blocks[i]->near = blocks[0]->region.run;
        status = elfin_place_block(load, blocks[i]);
    }
    return status;
}

void elfin_report_no_memory(struct load *load)
{
    const struct range *range = &load->stuck->reach.range[0];

    refused(load, load->stuck, range->low, range->high + (load->stuck->size - 1), DEFECT_NO_PLACE);
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

/* Offsets in the block become run addresses. */
static elfin_status assign(struct load *load, struct object *object)
{
    uint64_t run = load->blocks[object->block].region.run;

    for (uint32_t i = 1; i < object->section_count; i++)
        if (object->sections[i].part != PART_NONE)
            object->sections[i].address += run;
    object->tls_image += run;
    object->got += run;
    object->plt += run;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++)
        assign_own(load, object, i);
    return ELFIN_OK;
}

/*
 * Where linked files and images lie narrows the choice of others, and no object can lie in one
 * block with them. So they come first, after those that have an address: linked files, whose choice
 * nothing narrows, then images.
 */
elfin_status elfin_place_first(struct load *load)
{
    const elfin_options *options = load->options;
    elfin_status status = place_all_at(load);

    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++) {
        struct block *block = &load->blocks[i];

        if (!block->is_program || block->has_at)
            continue;
        block->near = options->near;
        elfin_reach_begin(block, options);
        status = elfin_place_block(load, block);
        if (status == ELFIN_ERR_MEMORY)
            return refused(load, block, options->min, options->max, DEFECT_NO_PLACE_LINKED);
        block->has_at = status == ELFIN_OK;
        block->at = block->region.run;
    }
    return status == ELFIN_OK && load->host->images ? load->host->images->place(load) : status;
}

elfin_status elfin_place(struct load *load)
{
    elfin_status status = place_all_at(load);

    if (status == ELFIN_OK)
        status = place_all_floating(load);
    if (status != ELFIN_OK)
        return status;
    status = elfin_each_object(load, assign, NULL);
    for (struct symbol *s = load->gathered ? load->first_symbol : NULL; s; s = s->next)
        if (is_section_end(s))
            s->value = section_end(s);
    return status;
}
