/* SPDX-License-Identifier: MIT */
/*
 * Blocks that are handed over: proven one by one, then against each other. Sorted by address, so
 * that whatever else has an address can be looked up among them.
 */
#include "libmini/sort.h"
#include "loader/adopt.h"

#define SIZE_LIMIT ((uint64_t)1 << 32)

static bool is_page(const struct adopt *a, uint64_t value)
{
    return (value & (a->view.header.page_size - 1)) == 0;
}

static bool ends(uint64_t first, uint64_t size)
{
    return size - 1 <= UINT64_MAX - first;
}

/* Parts follow each other on pages of their own. */
static bool are_parts_sound(const struct adopt *a, const struct handover_block *b)
{
    uint64_t offset = 0;

    for (int i = 0; i < ELFIN_PART_COUNT; i++) {
        const struct handover_part *p = &b->part[i];

        if (p->offset != offset || !is_page(a, p->size) || p->size > b->size - offset ||
            p->file_size > p->size)
            return false;
        offset += p->size;
    }
    return offset > 0;
}

static bool in_constants(const struct handover_block *b, uint64_t address, uint64_t size)
{
    const struct handover_part *p = &b->part[ELFIN_PART_RODATA];
    uint64_t offset = address - b->run - p->offset;

    return size && offset < p->size && size <= p->size - offset;
}

static bool is_unwind_sound(const struct handover_block *b)
{
    if (!(b->frames | b->frames_size | b->unwind_index | b->unwind_index_size))
        return true;
    return b->frames && in_constants(b, b->frames, b->frames_size) &&
           in_constants(b, b->unwind_index, b->unwind_index_size);
}

static bool is_block_sound(const struct adopt *a, const struct handover_block *b)
{
    return is_page(a, b->run) && is_page(a, b->physical) && is_page(a, b->size) && b->size &&
           b->size <= SIZE_LIMIT && ends(b->run, b->size) && ends(b->physical, b->size) &&
           are_parts_sound(a, b) && is_unwind_sound(b);
}

static int by_address(const void *one, const void *other, void *ctx)
{
    const struct adopt_range *x = one, *y = other;

    (void)ctx;
    return x->first < y->first ? -1 : x->first > y->first;
}

uint32_t elfin_adopt_sort(struct adopt_range *ranges, uint64_t count, uint32_t overlap)
{
    mini_sort(ranges, count, sizeof(*ranges), by_address, NULL);
    for (uint64_t i = 1; i < count; i++)
        if (ranges[i].first - ranges[i - 1].first < ranges[i - 1].size)
            return overlap;
    return DEFECT_NONE;
}

uint32_t elfin_adopt_blocks(struct adopt *a)
{
    uint64_t count = a->view.header.table[HANDOVER_BLOCKS].count;
    struct adopt_range *physical =
        elfin_arena_take(&a->load.work, count, sizeof(struct adopt_range));
    struct adopt_at at = { 0 };
    uint32_t defect;

    a->ranges = elfin_arena_take(&a->load.work, count, sizeof(*a->ranges));
    if (!physical || !a->ranges)
        return adopt_no_memory(a);
    for (uint32_t i = 0; i < count; i++) {
        struct handover_block b;

        adopt_next(a, &at, HANDOVER_BLOCKS, &b);
        if (!is_block_sound(a, &b))
            return DEFECT_HANDOVER_BLOCK;
        a->ranges[i] = (struct adopt_range){ .first = b.run, .size = b.size, .owner = i };
        physical[i] = (struct adopt_range){ .first = b.physical, .size = b.size };
    }
    a->where = a->view.header.table[HANDOVER_BLOCKS].offset;
    defect = elfin_adopt_sort(physical, count, DEFECT_HANDOVER_OVERLAP);
    return defect ? defect : elfin_adopt_sort(a->ranges, count, DEFECT_HANDOVER_OVERLAP);
}

const struct adopt_range *elfin_adopt_find(const struct adopt *a, const struct adopt_at *at,
                                           uint64_t address)
{
    uint64_t low = 0, high = a->view.header.table[HANDOVER_BLOCKS].count;
    const struct adopt_range *range;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (a->ranges[middle].first <= address)
            low = middle + 1;
        else
            high = middle;
    }
    range = low ? &a->ranges[low - 1] : NULL;
    return range && address - range->first < range->size && range->owner >= at->first_block &&
                   range->owner - at->first_block < at->group.block_count
               ? range
               : NULL;
}

bool elfin_adopt_inside(const struct adopt *a, const struct adopt_at *at, uint64_t address,
                        uint64_t size)
{
    const struct adopt_range *range = elfin_adopt_find(a, at, address);

    if (!range)
        return !size && elfin_adopt_find(a, at, address - 1);
    return size <= range->size - (address - range->first);
}

bool elfin_adopt_in_part(const struct adopt *a, const struct adopt_at *at, uint32_t parts,
                         uint64_t address, uint64_t size)
{
    const struct adopt_range *range = elfin_adopt_find(a, at, address);
    struct handover_block b;

    if (!range)
        return false;
    handover_read(&a->view, HANDOVER_BLOCKS, range->owner, &b, sizeof(b));
    for (int i = 0; i < ELFIN_PART_COUNT; i++) {
        uint64_t offset = address - b.run - b.part[i].offset;

        if (parts & 1u << i && offset < b.part[i].size && size <= b.part[i].size - offset)
            return true;
    }
    return false;
}
