/* SPDX-License-Identifier: MIT */
/*
 * Phase "protect": parts get their rights, exact to the page. Memory is writable and not executable
 * until here, executable and not writable from here on.
 */
#include "loader/internal.h"

static elfin_status set_pages(struct load *load, const struct elfin_block *block, uint64_t offset,
                              uint64_t size, elfin_rights rights)
{
    const elfin_host *host = load->host;
    elfin_status status;

    if (!size || host->flags & ELFIN_HOST_NO_RIGHTS)
        return ELFIN_OK;
    status = host->protect(host->ctx, &block->region, offset, size, rights);
    if (status == ELFIN_OK)
        return ELFIN_OK;
    elfin_diag_begin(load, load->objects, DEFECT_PROTECT);
    elfin_diag_value(&load->scratch, block->region.run + offset);
    return elfin_diag_emit(load);
}

/* Of a part, and of all segments of a program that belong to it. */
static elfin_status set_rights(struct load *load, const struct elfin_block *block, int part,
                               elfin_rights rights)
{
    elfin_status status =
        set_pages(load, block, block->part[part].offset, block->part[part].size, rights);

    for (uint32_t i = 0; status == ELFIN_OK && i < block->segment_count; i++) {
        const elfin_segment *segment = &block->segments[i];

        if ((int)segment->part == part)
            status = set_pages(load, block, segment->offset, segment->size, rights);
    }
    return status;
}

static elfin_status protect_block(struct load *load, const struct elfin_block *block)
{
    elfin_status status;

    if ((status = set_rights(load, block, ELFIN_PART_TEXT, ELFIN_RIGHTS_RX)) != ELFIN_OK ||
        (status = set_rights(load, block, ELFIN_PART_RODATA, ELFIN_RIGHTS_R)) != ELFIN_OK ||
        (status = set_rights(load, block, ELFIN_PART_INIT_TEXT, ELFIN_RIGHTS_RX)) != ELFIN_OK)
        return status;
    if (load->host->sync)
        load->host->sync(load->host->ctx, &block->region);
    return ELFIN_OK;
}

elfin_status elfin_protect(struct load *load)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < load->group->block_count; i++)
        status = protect_block(load, &load->group->blocks[i]);
    return status;
}

elfin_status elfin_protect_after_init(struct load *load)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < load->group->block_count; i++)
        status = set_rights(load, &load->group->blocks[i], ELFIN_PART_RELRO, ELFIN_RIGHTS_R);
    return status;
}
