/* SPDX-License-Identifier: MIT */
/* Phase "place" of blocks that have no address: each in its reach. */
#include "loader/features.h"
#include "loader/image.h"
#include "libmini/sort.h"

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
        elfin_status status = elfin_place_in(load, block, r->low, r->high);

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
elfin_status elfin_place_floating(struct load *load)
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

/*
 * Where linked files and images lie narrows the choice of others, and no object can lie in one
 * block with them. So they come first, after those that have an address: linked files, whose choice
 * nothing narrows, then images.
 */
elfin_status elfin_place_first(struct load *load)
{
    const elfin_options *options = load->options;
    elfin_status status = elfin_place_all_at(load);

    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++) {
        struct block *block = &load->blocks[i];

        if (!block->is_program || block->has_at)
            continue;
        block->near = options->near;
        elfin_reach_begin(block, options);
        status = elfin_place_block(load, block);
        if (status == ELFIN_ERR_MEMORY)
            return elfin_place_refused(load, block, options->min, options->max,
                                       DEFECT_NO_PLACE_LINKED);
        block->has_at = status == ELFIN_OK;
        block->at = block->region.run;
    }
    return status == ELFIN_OK && load->host->images ? load->host->images->place(load) : status;
}
