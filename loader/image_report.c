/* SPDX-License-Identifier: MIT */
/* The fixups of an image that limit where it may lie, one by one. Only for failures. */
#include "loader/image.h"

/* What a field of its own address holds: its distance from the block's start. */
static int64_t own_distance(const struct image *image, uint64_t place, uint32_t type)
{
    uint64_t low, span, value = 0;
    unsigned bits = 8 * elfin_arch_width(type);

    for (int i = 0; i < ELFIN_PART_COUNT; i++) {
        const struct image_part *p = &image->header.part[i];

        if (image_filled(image, i, place, bits / 8))
            __builtin_memcpy(&value, image->blob.data + p->content + (place - p->offset), bits / 8);
    }
    elfin_arch_field(type, &low, &span);
    if (low && value >> (bits - 1))
        value |= UINT64_MAX << bits;
    return (int64_t)value;
}

/* What a field of a run adds to its symbol's value; as in struct arch_demand. */
static int64_t k_of(const struct image *image, uint32_t symbol, const struct arch_run *run,
                    uint8_t term, uint64_t place)
{
    if (symbol == IMAGE_OWN_BLOCK)
        return own_distance(image, place, run->type);
    return term == ARCH_TERM_RELATIVE ? (int64_t)((uint64_t)run->addend - place) : run->addend;
}

/* The first field of a stream with that k; UINT64_MAX: there is none. */
static uint64_t find_in(const struct image *image, uint32_t symbol, const uint8_t *at,
                        const uint8_t *end, const struct arch_demand *demand)
{
    struct arch_demand other;
    struct arch_run run;

    while (elfin_image_next_run(&at, end, &run)) {
        const uint8_t *distances = run.distances;
        uint64_t place = run.first;

        if (!elfin_arch_run_demand(&run, &other) || other.term != demand->term)
            continue;
        for (uint64_t i = 0; i < run.count; i++) {
            if (i)
                place += arch_distance(&distances, run.wide);
            if (k_of(image, symbol, &run, demand->term, place) == demand->k)
                return place;
        }
    }
    return UINT64_MAX;
}

static uint64_t find_place(const struct image *image, const struct arch_demand *demand)
{
    uint32_t symbol = demand->symbol == IMAGE_ANCHOR ? IMAGE_OWN_BLOCK : demand->symbol;
    const uint8_t *at, *end;

    if (symbol != IMAGE_OWN_BLOCK && symbol >= image->header.first_global &&
        symbol - image->header.first_global < image->import_count) {
        elfin_image_stream(image, symbol - image->header.first_global, &at, &end);
        return find_in(image, symbol, at, end, demand);
    }
    for (uint64_t i = 0; i < image->header.table[IMAGE_OTHERS].count; i++) {
        struct image_other row;

        span_record(image->table[IMAGE_OTHERS], i, &row, sizeof(row));
        at = image->table[IMAGE_STREAM].data;
        if (row.symbol == symbol)
            return find_in(image, symbol, at + row.start, at + row.end, demand);
    }
    return UINT64_MAX;
}

/* Of many fields the two with the extremes of k stand for all; where they are is told by
 * elfin_image_diag_demand only. */
bool elfin_image_each_demand(struct load *load, const struct object *object, demand_fn *report,
                             void *ctx)
{
    bool any = false;

    for (const struct demand *d = object->demands; d; d = d->next) {
        struct arch_demand demand = {
            .type = d->type, .symbol = d->symbol, .use = d->use, .term = d->term, .k = d->least
        };

        elfin_arch_field(d->type, &demand.low, &demand.span);
        any |= report(load, object, 0, 0, &demand, ctx);
        demand.k = d->most;
        if (d->least != d->most)
            any |= report(load, object, 0, 0, &demand, ctx);
    }
    return any;
}

void elfin_image_diag_demand(struct load *load, elfin_diag *diag, const struct object *object,
                             const struct arch_demand *demand)
{
    uint64_t place = UINT64_MAX;

    if (load->searches < IMAGE_SEARCHES)
        place = find_place(object->image, demand);
    elfin_image_diag_field(load, diag, object, demand->symbol, place);
    diag->relocation_type = demand->type;
    diag->have |= ELFIN_DIAG_TYPE;
}

static uint64_t tally(const uint8_t *at, const uint8_t *end, uint64_t *types)
{
    struct arch_run run;
    uint64_t sum = 0;

    while (elfin_image_next_run(&at, end, &run)) {
        types[run.type] += run.count;
        sum += run.count;
    }
    return sum;
}

/* Of what is left: streams follow each other. */
uint64_t elfin_image_tally(const struct object *object, uint64_t *types)
{
    struct span stream = object->image->table[IMAGE_STREAM];

    return tally(stream.data, stream.data + stream.size, types);
}
