/* SPDX-License-Identifier: MIT */
/*
 * From what the relocations demand to the run addresses that a block may have. Demands against
 * targets inside the block bind the block itself; PC-relative data references to targets with a
 * fixed address bind it to their neighbourhood. The result is a small set of ranges.
 */
#include "loader/internal.h"

#define GIB ((uint64_t)1 << 30)

/* Keeps what lies in one of the given ranges too; both lists are ascending and disjoint. */
static void intersect(struct reach *reach, const struct range *with, uint32_t count)
{
    struct reach result = { 0 };

    for (uint32_t i = 0; i < reach->count; i++) {
        for (uint32_t j = 0; j < count && result.count < REACH_MAX; j++) {
            struct range r = reach->range[i];

            if (r.low < with[j].low)
                r.low = with[j].low;
            if (r.high > with[j].high)
                r.high = with[j].high;
            if (r.low <= r.high)
                result.range[result.count++] = r;
        }
    }
    *reach = result;
}

/* Keeps the addresses [first, first + span], modulo 2^64. A block itself never wraps around. */
static void intersect_window(struct reach *reach, uint64_t first, uint64_t span)
{
    uint64_t last = first + span;
    struct range ranges[2] = { { first, last }, { 0, 0 } };

    if (first <= last) {
        intersect(reach, ranges, 1);
        return;
    }
    ranges[0] = (struct range){ 0, last };
    ranges[1] = (struct range){ first, UINT64_MAX };
    intersect(reach, ranges, 2);
}

/*
 * Keeps the addresses X for which X + A lies in [first, first + span] for every addend A between
 * the two, modulo 2^64.
 */
static void intersect_sum(struct reach *reach, uint64_t first, uint64_t span,
                          const struct arch_addends *addends)
{
    uint64_t spread = (uint64_t)addends->high - (uint64_t)addends->low;

    if (spread > span)
        reach->count = 0;
    else
        intersect_window(reach, first - (uint64_t)addends->low, span - spread);
}

/* Keeps the places P for which target + A - P fits 32 signed bits: A reaches from P to the target.
 */
static void intersect_near(struct reach *reach, uint64_t target, const struct arch_addends *addends)
{
    uint64_t spread = (uint64_t)addends->high - (uint64_t)addends->low;

    if (spread > 4 * GIB - 1)
        reach->count = 0;
    else
        intersect_window(reach, target + (uint64_t)addends->high - (2 * GIB - 1),
                         4 * GIB - 1 - spread);
}

/* True for what stubs and slots lead to: being near it saves them. */
static bool is_import(const struct object *object, uint32_t index)
{
    const struct symbol *symbol =
        index >= object->first_global ? object->global[index - object->first_global] : NULL;

    return symbol && (symbol->state == SYMBOL_IMPORT || symbol->object->block != object->block);
}

/* Narrows the block's reach by what one symbol is used for. */
static void constrain(struct block *block, const struct object *object, uint32_t index)
{
    unsigned use = object->use[index];
    uint64_t address = 0;
    bool fixed;

    if (!(use & (USE_CONSTRAINS | USE_BRANCH | USE_SLOT)))
        return;
    fixed = elfin_is_external(object, index, &address);
    if (!block->near && is_import(object, index))
        block->near = address;
    if (fixed && use & USE_NEAR)
        intersect_near(&block->reach, address, &object->near);
    if (!fixed && use & USE_ABS32)
        intersect_sum(&block->reach, 0, 4 * GIB - 1, &object->abs32);
    if (!fixed && use & USE_ABS32S)
        intersect_sum(&block->reach, 0 - 2 * GIB, 4 * GIB - 1, &object->abs32s);
}

/* Reports the first record of a table that constrains the block. */
static bool report_table(struct load *load, const struct object *object, uint32_t target,
                         uint32_t table)
{
    struct span records = elfin_section_bytes(object, table);
    struct span bytes = elfin_section_bytes(object, target);
    bool executable = object->sections[target].flags & SHF_EXECINSTR;

    for (uint64_t i = 0; i < records.size / sizeof(struct elf_rela); i++) {
        unsigned use = elfin_arch_record_use(records, i, bytes, executable);
        struct elf_rela rela;
        uint64_t address;
        elfin_diag *diag;

        if (!(use & USE_CONSTRAINS))
            continue;
        span_record(records, i, &rela, sizeof(rela));
        if (elfin_is_external(object, elf_rela_symbol(rela.r_info), &address) != !!(use & USE_NEAR))
            continue;
        diag = elfin_diag_begin(load, ELFIN_ERR_REACH, ELFIN_PHASE_RESOLVE, object,
                                "it limits where the module may lie");
        elfin_diag_relocation(diag, object, table, i);
        diag->hint = elfin_arch_hint(use);
        elfin_diag_emit(load);
        return true;
    }
    return false;
}

/* One reason per section is enough to find the code that has to change. */
void elfin_reach_report(struct load *load, const struct block *block)
{
    for (const struct object *o = block->first; o; o = o->next_in_block)
        for (uint32_t i = 1; i < o->section_count; i++)
            for (uint32_t table = o->sections[i].rela; table; table = o->sections[table].next_rela)
                if (report_table(load, o, i, table))
                    break;
}

/* Ranges that the block does not fit into are of no use. */
static void drop_small(struct reach *reach, uint64_t size)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < reach->count; i++)
        if (reach->range[i].high - reach->range[i].low >= size - 1)
            reach->range[kept++] = reach->range[i];
    reach->count = kept;
}

elfin_status elfin_reach(struct load *load, struct block *block)
{
    const elfin_options *options = load->options;

    block->reach = (struct reach){ .count = 1 };
    block->reach.range[0] = (struct range){ options->min, options->max };
    block->near = options->near;
    if (options->min > options->max)
        block->reach.count = 0;
    for (const struct object *o = block->first; o; o = o->next_in_block)
        for (uint32_t i = 1; i < o->symbol_count; i++)
            constrain(block, o, i);
    drop_small(&block->reach, block->size);
    if (block->reach.count)
        return ELFIN_OK;
    elfin_reach_report(load, block);
    if (load->status == ELFIN_OK)
        elfin_fail(load, ELFIN_ERR_REACH, ELFIN_PHASE_RESOLVE, block->first,
                   "there is no room between the limits min and max");
    return load->status;
}
