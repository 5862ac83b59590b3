/* SPDX-License-Identifier: MIT */
/*
 * elfin_space_hand_over: what a space holds, as bytes. One walk writes all tables; without a buffer
 * it only counts their records, and so tells where they lie.
 */
#include "loader/handover_write.h"

void elfin_handover_put(struct handover_writer *w, enum handover_table table, const void *record)
{
    uint64_t size = elfin_handover_record_size[table];

    if (w->to)
        memcpy(w->to + w->offset[table] + w->count[table] * size, record, size);
    w->count[table]++;
}

static bool is_code(const elfin_group *group, uint64_t address)
{
    for (uint32_t i = 0; i < group->block_count; i++) {
        const struct elfin_block *b = &group->blocks[i];
        uint64_t offset = address - b->region.run;

        if (offset - b->part[ELFIN_PART_TEXT].offset < b->part[ELFIN_PART_TEXT].size ||
            offset - b->part[ELFIN_PART_INIT_TEXT].offset < b->part[ELFIN_PART_INIT_TEXT].size)
            return true;
    }
    return false;
}

static uint32_t write_block(struct handover_writer *w, const struct elfin_block *block)
{
    const elfin_region *region = &block->region;
    struct handover_block out = {
        .run = region->run,
        .physical = w->options->physical ? w->options->physical(w->options->ctx, region)
                                         : (uintptr_t)region->edit,
        .size = region->size & ~(w->space->host.page_size - 1),
        .unwind_index = block->unwind.index,
        .unwind_index_size = block->unwind.index_size,
        .frames = block->unwind.frames,
        .frames_size = block->unwind.frames_size,
    };

    for (int i = 0; i < ELFIN_PART_COUNT; i++)
        out.part[i] = (struct handover_part){ block->part[i].offset, block->part[i].size,
                                              block->part[i].file_size };
    elfin_handover_put(w, HANDOVER_BLOCKS, &out);
    return out.physical & (w->space->host.page_size - 1) ? DEFECT_HANDOVER_PHYSICAL : DEFECT_NONE;
}

/* Of words that are 0 there is nothing to call, unless they are bound anew: which is over now. */
static uint32_t write_calls(struct handover_writer *w, const elfin_group *group)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < group->final_count; i++) {
        const struct final_call *call = &group->finals[i];
        struct handover_call out = { .module = (uint32_t)(call->module - group->modules),
                                     .entry = (uint16_t)call->entry,
                                     .address = call->address,
                                     .from = call->from };

        if (!call->address)
            continue;
        if (!is_code(group, call->address))
            out.flags = HANDOVER_ELSEWHERE;
        elfin_handover_put(w, HANDOVER_CALLS, &out);
        count++;
    }
    return count;
}

static uint32_t write_group(struct handover_writer *w, const elfin_group *group)
{
    struct handover_group out = { .block_count = group->block_count,
                                  .module_count = group->module_count,
                                  .flags = group->ran ? HANDOVER_STARTS : 0,
                                  .tls_start = group->tls_start,
                                  .tls_end = group->tls_end };
    uint32_t defect = DEFECT_NONE;

    w->wrong = group->modules;
    if (group->retired)
        return DEFECT_HANDOVER_RETIRED;
    if (group->ran && w->space->host.starting != &elfin_deferring)
        return DEFECT_HANDOVER_STARTED;
    for (uint32_t i = 0; !defect && i < group->block_count; i++)
        defect = group->blocks[i].segment_count ? (uint32_t)DEFECT_HANDOVER_PROGRAM
                                                : write_block(w, &group->blocks[i]);
    for (uint32_t i = 0; !defect && i < group->module_count; i++)
        defect = elfin_handover_module(w, &group->modules[i]);
    out.call_count = write_calls(w, group);
    elfin_handover_put(w, HANDOVER_GROUP_TABLE, &out);
    return defect;
}

/* Modules get numbers, in the order of the groups; a working field of groups holds the first. */
static uint32_t write_groups(struct handover_writer *w)
{
    uint32_t defect = DEFECT_NONE;
    uint64_t modules = 0;

    memset(w->count, 0, sizeof(w->count));
    elfin_handover_put(w, HANDOVER_NAMES, "");
    for (elfin_group *g = w->space->first; g; modules += g->module_count, g = g->next)
        g->waits = modules;
    for (const elfin_group *g = w->space->first; !defect && g; g = g->next)
        defect = write_group(w, g);
    if (!defect)
        w->wrong = NULL;
    if (!defect && (modules > UINT32_MAX || w->count[HANDOVER_NAMES] > UINT32_MAX ||
                    w->count[HANDOVER_GROUP_TABLE] > HANDOVER_GROUPS))
        defect = DEFECT_HANDOVER_LIMIT;
    return defect;
}

/* Where the tables lie; their records have been counted. The size of the whole. */
static uint64_t lay_tables(struct handover_writer *w, struct handover_header *h)
{
    uint64_t size = sizeof(*h);

    for (int t = 0; t < HANDOVER_TABLE_COUNT; t++) {
        size = round_up(size, HANDOVER_ALIGN);
        w->offset[t] = size;
        h->table[t] = (struct handover_extent){ .offset = size, .count = w->count[t] };
        size += w->count[t] * elfin_handover_record_size[t];
    }
    return size;
}

static void write_all(struct handover_writer *w, struct handover_header *h, void *buffer)
{
    memcpy(h->magic, HANDOVER_MAGIC, HANDOVER_MAGIC_SIZE);
    h->version = HANDOVER_VERSION;
    h->machine = HANDOVER_MACHINE;
    h->page_size = w->space->host.page_size;
    w->to = memset(buffer, 0, h->size);
    write_groups(w);
    memcpy(buffer, h, sizeof(*h));
    h->checksum = elfin_handover_checksum((struct span){ buffer, h->size });
    memcpy(buffer, h, sizeof(*h));
}

elfin_status elfin_space_hand_over(const elfin_space *space, const elfin_hand_over *options,
                                   void *buffer, uint64_t capacity, uint64_t *size,
                                   elfin_diag *diag)
{
    static const elfin_hand_over defaults = ELFIN_HAND_OVER_INIT;
    struct handover_writer w = { .space = space, .options = options ? options : &defaults };
    struct handover_header header = { 0 };
    uint32_t defect = DEFECT_NONE;

    if (!space || !size || !space->host.reserve ||
        (options && options->struct_size != sizeof(*options)))
        return elfin_refuse_call(diag, ELFIN_ERR_ARGUMENT);
    if (space->busy)
        return elfin_refuse_call(diag, ELFIN_ERR_BUSY);
    defect = write_groups(&w);
    if (!defect) {
        *size = header.size = lay_tables(&w, &header);
        if (buffer && header.size > capacity)
            defect = DEFECT_HANDOVER_BUFFER;
        else if (buffer)
            write_all(&w, &header, buffer);
    }
    if (diag)
        elfin_diag_clear(diag, defect);
    if (diag && w.wrong)
        elfin_copy_name(diag->file, w.wrong->file);
    return defect_status(defect);
}
