/* SPDX-License-Identifier: MIT */
/*
 * Whether the space can have what has been proven sound: names of modules that are new, places in
 * the area of thread-local storage, and a host that has the parts of the library for it.
 */
#include "loader/adopt.h"

static uint32_t check_features(const struct adopt *a)
{
    const elfin_host *host = a->load.host;

    if (a->starts && !host->starting)
        return DEFECT_NO_STARTING;
    if (a->starts && host->starting != &elfin_starting)
        return DEFECT_ADOPT_DEFERS;
    if (a->uses_groups && !host->users)
        return DEFECT_ADOPT_NO_USERS;
    return a->has_tls && !host->threads ? (uint32_t)DEFECT_NO_THREADS : (uint32_t)DEFECT_NONE;
}

static uint32_t check_name(struct adopt *a, struct names *names, struct named *named,
                           uint32_t offset)
{
    struct name name = elfin_name(handover_name(&a->view, offset));
    const struct named *found;

    named->text = name.text;
    found = elfin_names_enter(names, name, named);
    if (!found)
        return DEFECT_SYMBOL_HASH;
    return found != named || elfin_index_find(a->load.space, name, ITEM_MODULE, NULL)
               ? (uint32_t)DEFECT_MODULE_NAME
               : (uint32_t)DEFECT_NONE;
}

static uint32_t check_names(struct adopt *a)
{
    uint64_t count = a->view.header.table[HANDOVER_MODULES].count;
    struct named *named = elfin_arena_take(&a->load.work, count, sizeof(*named));
    struct adopt_at at = { 0 };
    struct names names = { 0 };
    uint32_t defect = DEFECT_NONE;
    elfin_status status;

    if (!named)
        return adopt_no_memory(a);
    status = elfin_names_reserve(&names, &a->load.work, count);
    if (status != ELFIN_OK)
        return defect_as(DEFECT_WORKING_MEMORY, status);
    for (uint64_t i = 0; !defect && i < count; i++) {
        struct handover_module m;

        adopt_next(a, &at, HANDOVER_MODULES, &m);
        defect = check_name(a, &names, &named[i], m.name);
        if (defect) {
            elfin_diag_begin(&a->load, NULL, defect);
            elfin_copy_name(a->load.scratch.file, handover_name(&a->view, m.name));
        }
        if (!defect && m.tls_align > a->load.host->tls_align)
            defect = DEFECT_ADOPT_TLS_AREA;
    }
    return defect;
}

/* Those of the space are in the order of their places as well. */
static uint32_t check_taken(const struct adopt *a, const struct adopt_range *areas, uint64_t count)
{
    const elfin_group *group = a->load.space->first_tls;
    uint64_t i = 0;

    while (i < count && group) {
        if (areas[i].first + areas[i].size <= group->tls_start)
            i++;
        else if (group->tls_end <= areas[i].first)
            group = group->next_tls;
        else
            return DEFECT_ADOPT_TLS_TAKEN;
    }
    return DEFECT_NONE;
}

static uint32_t check_tls(struct adopt *a)
{
    struct adopt_range *areas = elfin_arena_take(
        &a->load.work, a->view.header.table[HANDOVER_GROUP_TABLE].count, sizeof(*areas));
    struct adopt_at at = { 0 };
    struct handover_group *g = &at.group;
    uint64_t count = 0;
    uint32_t defect;

    if (!areas)
        return adopt_no_memory(a);
    for (; adopt_group(a, &at); adopt_pass(&at)) {
        if (g->tls_end > a->load.host->tls_size)
            return DEFECT_ADOPT_TLS_AREA;
        if (g->tls_start != g->tls_end)
            areas[count++] =
                (struct adopt_range){ .first = g->tls_start, .size = g->tls_end - g->tls_start };
    }
    defect = elfin_adopt_sort(areas, count, DEFECT_HANDOVER_TLS);
    return defect ? defect : check_taken(a, areas, count);
}

uint32_t elfin_adopt_fits(struct adopt *a)
{
    uint32_t defect = check_features(a);

    if (!defect)
        defect = check_tls(a);
    return defect ? defect : check_names(a);
}
