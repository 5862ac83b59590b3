/* SPDX-License-Identifier: MIT */
/*
 * Phase "publish": the group becomes visible. What can fail comes first; after the last fallible
 * step the space has the group, before it the space is untouched.
 */
#include "loader/features.h"
#include "loader/image.h"

/* Instances keep their images from being released. */
static void count_images(const elfin_group *group, bool add)
{
    for (uint32_t m = 0; m < group->module_count; m++)
        if (group->modules[m].image)
            group->modules[m].image->users += add ? 1 : UINT64_MAX;
}

static void append(elfin_space *space, elfin_group *group)
{
    group->previous = space->last;
    if (space->last)
        space->last->next = group;
    else
        space->first = group;
    space->last = group;
}

elfin_status elfin_publish(struct load *load)
{
    elfin_space *space = load->space;
    const struct elfin_publishing *publishing = load->host->publishing;
    elfin_status status = publishing ? publishing->publish(load) : ELFIN_OK;

    if (status != ELFIN_OK)
        return status;
    if (load->host->users)
        load->host->users->count(load->group, true);
    count_images(load->group, true);
    append(space, load->group);
    if (load->host->threads)
        load->host->threads->publish(space, load->group);
    load->published = true;
    return ELFIN_OK;
}

void elfin_withdraw(elfin_space *space, elfin_group *group)
{
    if (space->host.threads)
        space->host.threads->withdraw(space, group);
    if (space->host.users)
        space->host.users->count(group, false);
    count_images(group, false);
    if (space->host.publishing)
        space->host.publishing->unpublish(space, group);
    if (group->previous)
        group->previous->next = group->next;
    else
        space->first = group->next;
    if (group->next)
        group->next->previous = group->previous;
    else
        space->last = group->previous;
}
