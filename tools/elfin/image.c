/* SPDX-License-Identifier: MIT */
#include "tools/elfin/image.h"

#include "tools/elfin/memory.h"

#include <stdlib.h>

static const uint64_t block_align = 4096;

/* To the end of the last bytes that are not zero-filled. */
static uint64_t block_extent(const elfin_block *block)
{
    uint64_t extent = 0;
    elfin_segment segment;

    for (uint32_t i = 0; elfin_block_segment(block, i, &segment); i++)
        if (segment.file_size > 0)
            extent = segment.offset + segment.file_size;
    return extent;
}

void image_plan(struct image *image, const elfin_group *group)
{
    elfin_block block;
    uint64_t end = 0;

    *image = (struct image){ 0 };
    for (uint32_t i = 0; elfin_group_block(group, i, &block); i++) {
        struct image_block *planned;

        image->blocks =
            array_grow(image->blocks, image->count, &image->capacity, sizeof(image->blocks[0]));
        planned = &image->blocks[image->count++];
        planned->region = block.region;
        planned->start = (end + (block_align - 1)) & ~(block_align - 1);
        planned->extent = block_extent(&block);
        if (planned->extent > 0)
            end = planned->start + planned->extent;
    }
}

/*
 * The block that the section lies in. An empty section may lie just behind its block, where another
 * block may begin: so a block that has the address within is preferred.
 */
static const struct image_block *find_block(const struct image *image, const elfin_section *section)
{
    const struct image_block *behind = NULL;

    for (size_t i = 0; i < image->count; i++) {
        const struct image_block *block = &image->blocks[i];
        /* Of an address before the region this wraps to something larger than any region. */
        uint64_t offset = section->address - block->region.run;

        if (offset < block->region.size)
            return block;
        if (offset == block->region.size)
            behind = block;
    }
    return behind;
}

bool image_offset(const struct image *image, const elfin_section *section, uint64_t *out)
{
    const struct image_block *block = find_block(image, section);
    uint64_t offset;

    if (!block || (section->tls && section->zero_filled)) /* that takes no memory */
        return false;
    offset = section->address - block->region.run;
    if (section->zero_filled && (offset >= block->extent || section->size > block->extent - offset))
        return false;
    *out = block->start + offset;
    return true;
}

void image_write(const void *what, FILE *out)
{
    const struct image *image = what;
    uint64_t written = 0;

    for (size_t i = 0; i < image->count; i++) {
        const struct image_block *block = &image->blocks[i];

        if (block->extent == 0)
            continue;
        for (; written < block->start; written++)
            fputc(0, out);
        fwrite(block->region.edit, 1, block->extent, out);
        written += block->extent;
    }
}

void image_free(struct image *image)
{
    free(image->blocks);
    *image = (struct image){ 0 };
}
