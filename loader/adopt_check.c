/* SPDX-License-Identifier: MIT */
/*
 * Proving what is handed over, in time and memory that its size bounds, but for sorting: head,
 * groups and calls here, the rest in the files beside.
 */
#include "loader/adopt.h"

static bool is_sound_page(const struct adopt *a)
{
    uint64_t page = a->view.header.page_size;

    return is_power_of_two(page) && page >= 16 && page <= (uint64_t)2 << 30;
}

static uint32_t check_head(struct adopt *a, struct span bytes)
{
    uint32_t defect = elfin_handover_view(&a->view, bytes);
    struct span names;

    if (defect)
        return defect;
    names = a->view.table[HANDOVER_NAMES];
    if (!is_sound_page(a))
        return DEFECT_HANDOVER_HEADER;
    if (a->view.header.page_size < a->load.host->page_size)
        return DEFECT_HANDOVER_PAGES;
    if (!names.size || names.data[0] || !span_is_strings(names))
        return DEFECT_HANDOVER_NAME;
    if (a->view.header.table[HANDOVER_GROUP_TABLE].count > HANDOVER_GROUPS)
        return DEFECT_HANDOVER_LIMIT;
    a->names_left = names.size - 1;
    return DEFECT_NONE;
}

static bool is_group_sound(const struct adopt *a, const struct adopt_at *at)
{
    const struct handover_group *g = &at->group;

    return !(g->flags & ~(uint32_t)HANDOVER_STARTS) && g->module_count &&
           adopt_has(a, at, HANDOVER_BLOCKS, g->block_count) &&
           adopt_has(a, at, HANDOVER_MODULES, g->module_count) &&
           adopt_has(a, at, HANDOVER_CALLS, g->call_count) && g->tls_start <= g->tls_end &&
           g->tls_end <= TLS_SIZE_LIMIT && (g->flags & HANDOVER_STARTS || !g->call_count);
}

static bool is_entry(uint16_t entry)
{
    return entry == ELFIN_ENTRY_CTOR || entry == ELFIN_ENTRY_INIT || entry == ELFIN_ENTRY_EXIT ||
           entry == ELFIN_ENTRY_DTOR || entry == ELFIN_ENTRY_FINALIZE;
}

static bool is_call_sound(const struct adopt *a, const struct adopt_at *at,
                          const struct handover_call *c)
{
    const uint32_t code = 1u << ELFIN_PART_TEXT | 1u << ELFIN_PART_INIT_TEXT;

    if (c->module >= at->group.module_count || !is_entry(c->entry) ||
        c->flags & ~(unsigned)HANDOVER_ELSEWHERE || !c->address)
        return false;
    if (!(c->flags & HANDOVER_ELSEWHERE) && !elfin_adopt_in_part(a, at, code, c->address, 1))
        return false;
    return (!c->from && c->entry != ELFIN_ENTRY_FINALIZE) || elfin_adopt_inside(a, at, c->from, 8);
}

static uint32_t check_calls(struct adopt *a, struct adopt_at *at)
{
    for (uint32_t i = 0; i < at->group.call_count; i++) {
        struct handover_call c;

        adopt_next(a, at, HANDOVER_CALLS, &c);
        if (!is_call_sound(a, at, &c))
            return DEFECT_HANDOVER_CALL;
        a->starts = true;
    }
    return DEFECT_NONE;
}

static uint32_t check_group(struct adopt *a, struct adopt_at *at)
{
    uint64_t tls = at->group.tls_start;
    uint32_t defect = DEFECT_NONE;

    if (!is_group_sound(a, at))
        return DEFECT_HANDOVER_GROUP;
    at->place.at[HANDOVER_BLOCKS] += at->group.block_count;
    for (uint32_t i = 0; !defect && i < at->group.module_count; i++)
        defect = elfin_adopt_module(a, at, &tls);
    if (!defect)
        defect = check_calls(a, at);
    if (!defect && tls != at->group.tls_end)
        defect = DEFECT_HANDOVER_TLS;
    a->has_tls |= at->group.tls_start != at->group.tls_end;
    return defect;
}

/* Nothing is nobody's. */
static bool is_all_used(const struct adopt *a, const struct adopt_at *at)
{
    for (int t = 0; t < HANDOVER_NAMES; t++)
        if (adopt_has(a, at, (enum handover_table)t, 1))
            return false;
    return true;
}

uint32_t elfin_adopt_check(struct adopt *a, struct span bytes)
{
    struct adopt_at at = { 0 };
    uint32_t defect = check_head(a, bytes);

    if (!defect)
        defect = elfin_adopt_blocks(a);
    while (!defect && adopt_group(a, &at))
        defect = check_group(a, &at);
    if (!defect && !is_all_used(a, &at))
        defect = DEFECT_HANDOVER_TABLE;
    return defect ? defect : elfin_adopt_fits(a);
}
