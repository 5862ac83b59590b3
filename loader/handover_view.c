/* SPDX-License-Identifier: MIT */
/* What is handed over as bytes: its head, and the tables in it. */
#include <stddef.h>

#include "loader/checksum.h"
#include "loader/handover.h"

const uint8_t elfin_handover_record_size[HANDOVER_TABLE_COUNT] = {
    [HANDOVER_GROUP_TABLE] = sizeof(struct handover_group),
    [HANDOVER_BLOCKS] = sizeof(struct handover_block),
    [HANDOVER_MODULES] = sizeof(struct handover_module),
    [HANDOVER_CALLS] = sizeof(struct handover_call),
    [HANDOVER_SYMBOLS] = sizeof(struct handover_symbol),
    [HANDOVER_SECTIONS] = sizeof(struct handover_section),
    [HANDOVER_SLOTS] = sizeof(struct handover_slot),
    [HANDOVER_INDIRECT] = sizeof(struct handover_indirect),
    [HANDOVER_USES] = sizeof(uint32_t),
    [HANDOVER_NAMES] = 1,
};

uint64_t elfin_handover_checksum(struct span bytes)
{
    return elfin_checksum(bytes.data, bytes.size, sizeof(struct handover_header),
                          offsetof(struct handover_header, checksum));
}

static bool has_magic(struct span bytes)
{
    return memcmp(bytes.data, HANDOVER_MAGIC, HANDOVER_MAGIC_SIZE) == 0;
}

static bool cut_tables(struct handover *view)
{
    for (int t = 0; t < HANDOVER_TABLE_COUNT; t++) {
        const struct handover_extent *extent = &view->header.table[t];

        if (extent->count > UINT32_MAX ||
            !span_table(view->bytes, extent->offset, extent->count, elfin_handover_record_size[t],
                        &view->table[t]))
            return false;
    }
    return true;
}

uint32_t elfin_handover_view(struct handover *view, struct span bytes)
{
    const struct handover_header *h = &view->header;

    *view = (struct handover){ .bytes = bytes };
    if (bytes.size >= HANDOVER_MAGIC_SIZE && !has_magic(bytes))
        return DEFECT_HANDOVER_MAGIC;
    if (bytes.size < sizeof(*h))
        return DEFECT_HANDOVER_CUT;
    span_record(bytes, 0, &view->header, sizeof(*h));
    if (h->version != HANDOVER_VERSION || h->machine != HANDOVER_MACHINE)
        return DEFECT_HANDOVER_VERSION;
    if (h->size != bytes.size)
        return h->size > bytes.size ? DEFECT_HANDOVER_CUT : DEFECT_HANDOVER_HEADER;
    if (h->checksum != elfin_handover_checksum(bytes))
        return DEFECT_HANDOVER_CHECKSUM;
    return cut_tables(view) ? DEFECT_NONE : DEFECT_HANDOVER_TABLE;
}
