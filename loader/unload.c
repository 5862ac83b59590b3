/* SPDX-License-Identifier: MIT */
/* Taking a group away again: refused while others use it. */
#include "loader/features.h"

void elfin_detach(const elfin_host *host, elfin_group *group)
{
    if (host->starting)
        host->starting->end(host, group);
    if (host->debugging)
        host->debugging->detach(host, group);
    if (host->unwinding)
        host->unwinding->remove(host, group);
    if (host->threads)
        host->threads->detach(host, group);
}

static void release_group(elfin_space *space, elfin_group *group)
{
    elfin_region records = group->records;

    for (uint32_t i = 0; i < group->block_count; i++)
        if (group->blocks[i].region.size) /* 0: given back after init */
            space->host.release(space->host.ctx, &group->blocks[i].region);
    space->host.release(space->host.ctx, &records);
}

elfin_status elfin_unload(elfin_space *space, elfin_group *group, elfin_diag *diag,
                          void (*report)(void *ctx, const elfin_diag *diag), void *report_ctx)
{
    elfin_status status = ELFIN_OK;

    if (!space || !group)
        status = ELFIN_ERR_ARGUMENT;
    else if (space->busy)
        status = ELFIN_ERR_BUSY;
    if (diag)
        elfin_diag_clear(diag, defect_of(status, ELFIN_PHASE_UNLOAD));
    if (status != ELFIN_OK)
        return status;
    if (group->users)
        return space->host.users->report(space, group, diag, report, report_ctx);
    space->busy = true;
    elfin_detach(&space->host, group);
    space->busy = false;
    elfin_withdraw(space, group);
    release_group(space, group);
    return ELFIN_OK;
}

/*
 * Users are younger than what they use, so one pass from the newest to the oldest is enough, unless
 * imports have been bound anew. No circle is ever made, so every pass unloads some.
 */
static void unload_all(elfin_space *space)
{
    while (space->last)
        for (elfin_group *group = space->last, *next; group; group = next) {
            next = group->previous;
            if (!group->users)
                elfin_unload(space, group, NULL, NULL, NULL);
        }
}

elfin_status elfin_space_destroy(elfin_space *space)
{
    if (space->busy)
        return ELFIN_ERR_BUSY;
    unload_all(space);
    while (space->first_table) {
        elfin_region region = space->first_table->region;

        space->first_table = space->first_table->next;
        space->host.release(space->host.ctx, &region);
    }
    if (space->index.capacity)
        space->host.release(space->host.ctx, &space->index_region);
    *space = (elfin_space){ .host = space->host };
    return ELFIN_OK;
}
