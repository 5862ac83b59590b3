/* SPDX-License-Identifier: MIT */
/*
 * Phase "resolve", its second half: from what the relocations demand to the run addresses at which
 * a block may begin, before any memory is taken. The result is exact: an address lies in the reach
 * if and only if every field holds its value there.
 *
 * All is computed modulo 2^64, as the CPU does. A demand leaves an arc of addresses; intersecting
 * arcs only moves bounds, and each bound remembers who moved it.
 */
#include "loader/features.h"

static void keep_range(struct reach *result, struct range range)
{
    if (range.low <= range.high && result->count < REACH_MAX)
        result->range[result->count++] = range;
}

void elfin_reach_cut(struct reach *result, const struct reach *reach, uint64_t low, uint64_t high,
                     struct bound by)
{
    for (uint32_t i = 0; i < reach->count; i++) {
        struct range r = reach->range[i];

        if (r.low < low) {
            r.low = low;
            r.low_by = by;
        }
        if (r.high > high) {
            r.high = high;
            r.high_by = by;
        }
        keep_range(result, r);
    }
}

/* Keeps the addresses from first to first + span, modulo 2^64. */
static void intersect_arc(struct reach *reach, uint64_t first, uint64_t span, struct bound by)
{
    uint64_t last = first + span;
    struct reach result = { 0 };

    if (first <= last) {
        elfin_reach_cut(&result, reach, first, last, by);
    } else {
        elfin_reach_cut(&result, reach, 0, last, by);
        elfin_reach_cut(&result, reach, first, UINT64_MAX, by);
    }
    *reach = result;
}

/* most - least as a number of 64 bits; it is at most 2^64 - 1. */
static uint64_t spread(int64_t least, int64_t most)
{
    return (uint64_t)most - (uint64_t)least;
}

bool elfin_fits(uint64_t number, int64_t least, int64_t most, uint64_t low, uint64_t span)
{
    uint64_t from = number + (uint64_t)least - low;

    return from <= span && spread(least, most) <= span - from;
}

/*
 * The block's address X is in the value: number + X + k, or number - X + k. It lies in the window
 * for the least and for the largest k, and so for those between.
 */
void elfin_reach_constrain(struct block *block, const struct measure *m, struct bound by)
{
    const struct demand *d = by.demand;
    uint64_t low, span, first;

    elfin_arch_field(d->type, &low, &span);
    if (spread(d->least, d->most) > span) {
        block->reach.count = 0;
        return;
    }
    if (m->plus)
        first = low - m->number - (uint64_t)d->least;
    else
        first = m->number + (uint64_t)d->most - (low + span);
    intersect_arc(&block->reach, first, span - spread(d->least, d->most), by);
}

/* Where an import lies, or its size; its slot is the module's own. */
static bool is_unknown(const struct load *load, const struct object *object, const struct demand *d)
{
    const struct symbol *symbol =
        d->symbol >= object->first_global ? object->global[d->symbol - object->first_global] : NULL;

    if (d->term == ARCH_TERM_SLOT || d->term == ARCH_TERM_SLOT_PC || d->term == ARCH_TERM_GOT_PC)
        return false;
    return load->unknown_imports && symbol && !is_made(object, d->symbol) &&
           symbol->state == SYMBOL_IMPORT;
}

/* Applies one demand; false if no address of any block can satisfy it. */
static bool apply(struct load *load, const struct object *object, const struct demand *d)
{
    struct bound by = { .object = object, .demand = d };
    struct measure m;
    uint64_t low, span;

    if (is_unknown(load, object, d))
        return true;
    m = elfin_measure(load, object, d->table, d->symbol, d->term);
    /* Objects that refer so to each other share a block (apart.c), so that there is one at most. */
    if (m.plus || m.minus) {
        elfin_reach_constrain(&load->blocks[(m.plus ? m.plus : m.minus) - load->blocks], &m, by);
        return true;
    }
    elfin_arch_field(d->type, &low, &span);
    return elfin_fits(m.number, d->least, d->most, low, span);
}

/* Between min and max, and not around the end of memory. */
void elfin_reach_begin(struct block *block, const elfin_options *options)
{
    uint64_t last = block->size - 1;

    block->reach = (struct reach){ 0 };
    if (options->min <= options->max && options->max - options->min >= last)
        keep_range(&block->reach,
                   (struct range){ .low = options->min, .high = options->max - last });
}

/* Only aligned addresses count. */
static void align(struct block *block)
{
    struct reach result = { 0 };

    for (uint32_t i = 0; i < block->reach.count; i++) {
        struct range r = block->reach.range[i];

        if (r.low > UINT64_MAX - (block->align - 1))
            continue;
        r.low = round_up(r.low, block->align);
        r.high &= ~(block->align - 1);
        keep_range(&result, r);
    }
    block->reach = result;
}

/* Nothing to wish for. */
static bool is_defined_in(const struct symbol *symbol, uint32_t block)
{
    return (symbol->state == SYMBOL_STRONG || symbol->state == SYMBOL_WEAK) &&
           symbol->object->block == block;
}

/*
 * Where most of what the object calls, or reads through slots, lies: near it those need no stubs
 * and no slots. A vote between neighbourhoods of 2 GiB, in which a majority wins for certain.
 */
void elfin_reach_vote(const struct load *load, struct object *object)
{
    uint64_t near = 0;
    uint32_t votes = 0;

    for (uint32_t i = object->global_use & (USE_BRANCH | USE_SLOT | USE_NEAR)
                          ? object->first_global
                          : object->symbol_count;
         i < object->symbol_count; i++) {
        const struct symbol *symbol = object->global[i - object->first_global];
        struct target target;

        if (!(object->use[i] & (USE_BRANCH | USE_SLOT | USE_NEAR)) || !symbol ||
            is_defined_in(symbol, object->block))
            continue;
        if (symbol->state == SYMBOL_IMPORT)
            target = (struct target){ .value = symbol->value };
        else
            target = elfin_locate(load, object, i);
        if (target.block ? !target.block->has_at : symbol->state != SYMBOL_IMPORT)
            continue;
        if (target.block)
            target.value += target.block->at;
        if (!votes)
            near = target.value;
        if (near >> 31 == target.value >> 31)
            votes++;
        else
            votes--;
    }
    object->near = near;
    object->votes = votes;
}

/* The same vote between the objects of a block, each with the majority that it is left with. */
static uint64_t wish(const struct block *block)
{
    uint64_t near = 0;
    uint32_t votes = 0;

    for (const struct object *o = block->first; o; o = o->next_in_block) {
        if (!votes)
            near = o->near;
        if (near >> 31 == o->near >> 31) {
            votes += o->votes;
        } else if (votes < o->votes) {
            near = o->near;
            votes = o->votes - votes;
        } else {
            votes -= o->votes;
        }
    }
    return near;
}

/* ELFIN_ERR_RANGE, not reported: some demand cannot be satisfied. */
static elfin_status apply_all(struct load *load, struct object *object)
{
    bool misfit = false;

    if (!load->options->near && !load->blocks[object->block].has_at)
        elfin_reach_vote(load, object);
    for (const struct demand *d = object->demands; d; d = d->next)
        misfit |= !apply(load, object, d);
    return misfit ? ELFIN_ERR_RANGE : ELFIN_OK;
}

static bool apply_to_all(struct load *load)
{
    bool misfit = false;

    if (load->crew && load->host->sharing->reach(load, apply_all))
        return true;
    for (struct object *o = load->objects; o; o = o->next)
        misfit |= apply_all(load, o) != ELFIN_OK;
    return !misfit;
}

elfin_status elfin_reach_end(struct load *load, struct block *block)
{
    align(block);
    block->near = load->options->near ? load->options->near : wish(block);
    if (block->reach.count)
        return ELFIN_OK;
    load->stuck = block;
    return ELFIN_ERR_REACH;
}

elfin_status elfin_reach(struct load *load)
{
    elfin_status status = ELFIN_OK;
    bool misfit;

    for (uint32_t i = 0; i < load->block_count; i++)
        if (load->blocks[i].size && !load->blocks[i].has_at)
            elfin_reach_begin(&load->blocks[i], load->options);
    misfit = !apply_to_all(load);
    if (misfit && load->apart)
        return ELFIN_ERR_RANGE;
    if (misfit) {
        if (!load->host->reasons)
            return elfin_fail(load, load->objects, DEFECT_VALUE_RANGE);
        load->host->reasons->misfits(load);
        return load->status == ELFIN_OK ? ELFIN_ERR_INTERNAL : load->status;
    }
    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++)
        if (load->blocks[i].size && !load->blocks[i].has_at)
            status = elfin_reach_end(load, &load->blocks[i]);
    return status;
}

const struct elfin_reaching elfin_reaching = {
    .arch = &elfin_arch_demands,
    .first = elfin_place_first,
    .narrow = elfin_reach,
    .place = elfin_place_floating,
};
