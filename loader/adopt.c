/* SPDX-License-Identifier: MIT */
/*
 * elfin_space_adopt: the steps in their order, and the only place that gives back what they have
 * acquired. All groups have records and memory before any of them is started.
 */
#include "loader/adopt.h"

/* A mistake of the host must not become a wild store. */
static bool is_as_asked(const elfin_region *region, const elfin_taking *taking)
{
    return region->edit && region->run == taking->run && region->size >= taking->size;
}

static elfin_status refused(struct adopt *a, uint64_t run, uint32_t defect)
{
    elfin_diag_value(elfin_diag_begin(&a->load, a->load.objects, defect), run);
    return elfin_diag_emit(&a->load);
}

static elfin_status take_block(struct adopt *a, const struct handover_block *b,
                               struct elfin_block *block)
{
    elfin_taking taking = { .struct_size = (uint32_t)sizeof(taking),
                            .run = b->run,
                            .physical = b->physical,
                            .size = b->size,
                            .name = a->subject.name };
    elfin_region region = { 0 };

    if (a->adoption->take(a->adoption->ctx, &taking, &region) != ELFIN_OK)
        return refused(a, b->run, DEFECT_ADOPT_TAKE);
    a->taken++;
    block->region = region;
    if (!is_as_asked(&region, &taking))
        return refused(a, b->run, DEFECT_HOST_MEMORY);
    return elfin_adopt_is_unwind(block) ? ELFIN_OK : refused(a, b->run, DEFECT_HANDOVER_UNWIND);
}

static elfin_status take_blocks(struct adopt *a)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t g = 0; g < a->group_count; g++) {
        elfin_group *group = a->groups[g];

        elfin_adopt_subject(a, group, group->modules);
        for (uint32_t i = 0; status == ELFIN_OK && i < group->block_count; i++) {
            struct handover_block b;

            handover_read(&a->view, HANDOVER_BLOCKS, a->taken, &b, sizeof(b));
            status = take_block(a, &b, &group->blocks[i]);
        }
    }
    return status;
}

static elfin_status make_records(struct adopt *a)
{
    const struct handover_extent *table = a->view.header.table;
    struct adopt_at at = { 0 };
    elfin_status status = ELFIN_OK;

    a->groups =
        elfin_arena_take(&a->load.work, table[HANDOVER_GROUP_TABLE].count, sizeof(elfin_group *));
    a->modules =
        elfin_arena_take(&a->load.work, table[HANDOVER_MODULES].count, sizeof(elfin_module *));
    if (!a->groups || !a->modules)
        return elfin_fail_memory(&a->load, ELFIN_PHASE_PLACE, NULL);
    while (status == ELFIN_OK && adopt_group(a, &at))
        status = elfin_adopt_records(a, &at);
    return status;
}

static elfin_status prove(struct adopt *a, struct span bytes)
{
    uint32_t defect = elfin_adopt_check(a, bytes);

    if (!defect)
        return ELFIN_OK;
    if (a->load.scratch.defect != defect_number(defect)) /* nothing more is known of it */
        elfin_diag_begin(&a->load, NULL, defect);
    elfin_diag_offset(&a->load.scratch, a->where);
    return elfin_diag_emit(&a->load);
}

static elfin_status reserve_names(struct adopt *a)
{
    const struct handover_extent *table = a->view.header.table;
    elfin_status status = elfin_index_reserve(
        a->load.space, table[HANDOVER_MODULES].count + table[HANDOVER_SYMBOLS].count,
        &a->load.index);

    return status == ELFIN_OK ? ELFIN_OK
                              : elfin_fail(&a->load, NULL, defect_as(DEFECT_INDEX_MEMORY, status));
}

static elfin_status adopt(struct adopt *a, struct span bytes)
{
    struct adopt_at at = { 0 };
    elfin_status status = prove(a, bytes);

    if (status != ELFIN_OK || (status = make_records(a)) != ELFIN_OK ||
        (status = take_blocks(a)) != ELFIN_OK || (status = reserve_names(a)) != ELFIN_OK)
        return status;
    for (uint32_t i = 0; status == ELFIN_OK && adopt_group(a, &at); i++) {
        status = elfin_adopt_start(a, &at, a->groups[i]);
        adopt_pass(&at);
    }
    return status;
}

/* What only init needed goes when nothing can fail any more. */
static void keep(struct adopt *a)
{
    const struct elfin_starting *starting = a->load.host->starting;

    for (uint32_t i = 0; starting && i < a->group_count; i++) {
        elfin_adopt_subject(a, a->groups[i], a->groups[i]->modules);
        starting->finish(&a->load);
    }
    elfin_index_keep(a->load.space, &a->load.index);
}

static void give_back(struct adopt *a)
{
    const elfin_host *host = a->load.host;

    for (uint32_t i = a->group_count; i-- > 0;) {
        elfin_detach(host, a->groups[i]);
        if (i < a->published)
            elfin_withdraw(a->load.space, a->groups[i]);
    }
    elfin_index_restore(a->load.space, &a->load.index);
    for (uint32_t i = 0; i < a->group_count; i++) {
        elfin_group *group = a->groups[i];
        elfin_region records = group->records;

        for (uint32_t b = 0; a->taken && b < group->block_count; b++, a->taken--)
            host->release(host->ctx, &group->blocks[b].region);
        host->release(host->ctx, &records);
    }
}

static void begin(struct adopt *a, elfin_space *space, const elfin_adoption *adoption,
                  elfin_diag *diag)
{
    a->adoption = adoption;
    a->options = (elfin_options)ELFIN_OPTIONS_INIT;
    a->options.argc = adoption->argc;
    a->options.argv = adoption->argv;
    a->options.report = adoption->report;
    a->options.report_ctx = adoption->report_ctx;
    a->load.space = space;
    a->load.host = &space->host;
    a->load.options = &a->options;
    a->load.diag = diag;
    elfin_arena_init(&a->load.work, a->load.host);
}

elfin_status elfin_space_adopt(elfin_space *space, const void *data, size_t size,
                               const elfin_adoption *adoption, elfin_diag *diag)
{
    struct adopt a = { 0 };
    elfin_status status;

    if (!space || !space->host.reserve || !data || !adoption ||
        adoption->struct_size != sizeof(*adoption) || !adoption->take)
        return elfin_refuse_call(diag, ELFIN_ERR_ARGUMENT);
    if (space->busy)
        return elfin_refuse_call(diag, ELFIN_ERR_BUSY);
    space->busy = true;
    begin(&a, space, adoption, diag);
    status = adopt(&a, (struct span){ data, size });
    if (status == ELFIN_OK)
        keep(&a);
    else
        give_back(&a);
    elfin_arena_release(&a.load.work);
    space->busy = false;
    if (status == ELFIN_OK && diag)
        elfin_diag_clear(diag, DEFECT_NONE);
    return status;
}
