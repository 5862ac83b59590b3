/* SPDX-License-Identifier: MIT */
/*
 * The fixups behind an empty reach, one by one. Only for failures, so the records are read again:
 * what scan kept is the extremes of many.
 */
#include "loader/features.h"
#include "loader/image.h"

/* Calls the function for every record of the group that demands something; true if it ever did. */
static bool each_record(struct load *load, demand_fn *report)
{
    bool any = false;

    for (const struct object *o = load->objects; o; o = o->next) {
        if (o->image)
            any |= load->host->images->each_demand(load, o, report, NULL);
        for (uint32_t i = 1; !o->image && o->demands && i < o->section_count; i++) {
            for (uint32_t t = o->sections[i].rela; t; t = o->sections[t].next_rela) {
                struct arch_scan scan = elfin_scan_table(load, o, t);
                struct arch_demand demand;

                for (uint64_t r = 0; r < scan.rela.size / sizeof(struct elf_rela); r++)
                    if (elfin_arch_demand(&scan, r, &demand))
                        any |= report(load, o, t, r, &demand, NULL);
            }
        }
    }
    return any;
}

static void blame(struct load *load, elfin_diag *diag, const struct object *object, uint32_t table,
                  uint64_t record, const struct arch_demand *demand)
{
    if (object->image)
        load->host->images->diag_demand(load, diag, object, demand);
    else
        elfin_diag_relocation(diag, object, table, record);
}

static struct measure measure(const struct load *load, const struct object *object, uint32_t table,
                              const struct arch_demand *demand)
{
    return elfin_measure(load, object, table, demand->symbol, demand->term);
}

static bool report_misfit(struct load *load, const struct object *object, uint32_t table,
                          uint64_t record, const struct arch_demand *demand, void *ctx)
{
    struct measure m = measure(load, object, table, demand);
    elfin_diag *diag;

    (void)ctx;
    if (m.plus || m.minus || elfin_fits(m.number, demand->k, demand->k, demand->low, demand->span))
        return false;
    diag = elfin_diag_begin(load, object, DEFECT_VALUE_RANGE);
    blame(load, diag, object, table, record, demand);
    elfin_diag_value(diag, m.number + (uint64_t)demand->k);
    elfin_diag_limits(diag, demand->low, demand->low + demand->span);
    if (demand->low)
        diag->have |= ELFIN_DIAG_SIGNED;
    diag->hint = elfin_arch_hint(demand->use, !elfin_definer(object, demand->symbol));
    elfin_diag_emit(load);
    return true;
}

static void reasons_misfits(struct load *load)
{
    each_record(load, report_misfit);
}

/* Where the block may begin as far as this one record is concerned: *first to *first + span. */
static bool arc_of(const struct load *load, const struct object *object, uint32_t table,
                   const struct arch_demand *demand, uint64_t *first)
{
    struct measure m = measure(load, object, table, demand);

    if (m.plus != load->stuck && m.minus != load->stuck)
        return false;
    *first = m.plus ? demand->low - m.number - (uint64_t)demand->k
                    : m.number + (uint64_t)demand->k - (demand->low + demand->span);
    return true;
}

/* True if the block has any place between min and max, relocations aside. */
static bool has_room(const struct load *load)
{
    const elfin_options *options = load->options;
    uint64_t last = load->stuck->size - 1, align = load->stuck->align, low;

    if (options->min > options->max || options->min > UINT64_MAX - (align - 1))
        return false;
    low = round_up(options->min, align);
    return low <= options->max && options->max - low >= last;
}

/* True if no address between min and max is in the arc. */
static bool is_excluded(const struct load *load, uint64_t first, uint64_t span)
{
    const elfin_options *options = load->options;
    uint64_t last = first + span, high = options->max - (load->stuck->size - 1);

    if (first <= last)
        return last < options->min || first > high;
    return last < options->min && first > high;
}

static bool report_limit(struct load *load, const struct object *object, uint32_t table,
                         uint64_t record, const struct arch_demand *demand, bool excluding)
{
    uint64_t first;
    elfin_diag *diag;

    if (!arc_of(load, object, table, demand, &first) ||
        (excluding && !is_excluded(load, first, demand->span)))
        return false;
    diag = elfin_diag_begin(load, object, DEFECT_REACH_LIMIT);
    blame(load, diag, object, table, record, demand);
    elfin_diag_limits(diag, first, first + demand->span);
    if (first > first + demand->span)
        diag->have |= ELFIN_DIAG_SIGNED; /* it goes on at 0 */
    diag->hint = elfin_arch_hint(demand->use, false);
    elfin_diag_emit(load);
    return true;
}

static bool report_excluding(struct load *load, const struct object *object, uint32_t table,
                             uint64_t record, const struct arch_demand *demand, void *ctx)
{
    (void)ctx;
    return report_limit(load, object, table, record, demand, true);
}

static bool report_narrowing(struct load *load, const struct object *object, uint32_t table,
                             uint64_t record, const struct arch_demand *demand, void *ctx)
{
    (void)ctx;
    return report_limit(load, object, table, record, demand, false);
}

/* Those that min and max alone contradict are to blame; if there are none, all that narrow. */
static void reasons_stuck(struct load *load)
{
    if (!has_room(load))
        elfin_fail(load, load->stuck->first, DEFECT_REACH_ROOM);
    else if (!each_record(load, report_excluding))
        each_record(load, report_narrowing);
}

const struct elfin_reasons elfin_reasons = { .misfits = reasons_misfits, .stuck = reasons_stuck };
