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

static bool each_field(struct load *load, const struct object *object, uint32_t symbol,
                       const struct arch_run *run, demand_fn *report, void *ctx)
{
    bool own = symbol == IMAGE_OWN_BLOCK, any = false;
    const uint8_t *distances = run->distances;
    uint64_t place = run->first;
    struct arch_demand demand;

    if (symbol == IMAGE_OWN_TLS || !elfin_arch_run_demand(run, &demand))
        return false;
    demand.symbol = own ? IMAGE_ANCHOR : symbol;
    for (uint64_t i = 0; i < run->count; i++) {
        if (i)
            place += arch_distance(&distances, run->wide);
        if (own)
            demand.k = own_distance(object->image, place, run->type);
        else if (demand.term == ARCH_TERM_RELATIVE)
            demand.k = (int64_t)((uint64_t)run->addend - place);
        any |= report(load, object, 0, place, &demand, ctx);
    }
    return any;
}

static bool each_run(struct load *load, const struct object *object, uint32_t symbol,
                     const uint8_t *at, const uint8_t *end, demand_fn *report, void *ctx)
{
    struct arch_run run;
    bool any = false;

    while (elfin_image_next_run(&at, end, &run))
        any |= each_field(load, object, symbol, &run, report, ctx);
    return any;
}

bool elfin_image_each_demand(struct load *load, const struct object *object, demand_fn *report,
                             void *ctx)
{
    const struct image *image = object->image;
    const uint8_t *at, *end;
    bool any = false;

    for (uint64_t i = 0; i < image->header.table[IMAGE_OTHERS].count; i++) {
        struct image_other row;

        span_record(image->table[IMAGE_OTHERS], i, &row, sizeof(row));
        at = image->table[IMAGE_STREAM].data;
        any |= each_run(load, object, row.symbol, at + row.start, at + row.end, report, ctx);
    }
    for (uint32_t k = 0; k < image->import_count; k++) {
        elfin_image_stream(image, k, &at, &end);
        any |= each_run(load, object, object->first_global + k, at, end, report, ctx);
    }
    return any;
}

void elfin_image_diag_demand(elfin_diag *diag, const struct object *object, uint64_t place,
                             const struct arch_demand *demand)
{
    elfin_image_diag_field(diag, object, demand->symbol, place);
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
