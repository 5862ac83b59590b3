/* SPDX-License-Identifier: MIT */
/*
 * Making an image: demands on addresses. What is a number by now has been checked; the others count
 * from the block's start instead of from their sections, and so few are left: one for each way in
 * which the image uses addresses of its own, one for each import that has to be near.
 */
#include "loader/image_prepare.h"
#include "libmini/sort.h"

/* As in demand.c: beyond this the distance from the least to the most may not fit. */
#define K_LIMIT (INT64_C(1) << 61)

static int64_t plus(int64_t k, uint64_t number)
{
    return (int64_t)((uint64_t)k + number);
}

static void add(struct prepare *p, const struct demand *d, uint32_t symbol, uint64_t number)
{
    p->demands[p->demand_count++] = (struct image_demand){ .least = plus(d->least, number),
                                                           .most = plus(d->most, number),
                                                           .symbol = symbol,
                                                           .type = d->type,
                                                           .use = d->use,
                                                           .term = d->term };
}

static void translate(struct prepare *p, const struct demand *d)
{
    const struct section *sections = p->object->sections;
    uint64_t place = sections[sections[d->table].info].address - PREPARE_BASE;
    enum prepare_known known = p->known[d->symbol];

    if (d->term == ARCH_TERM_RELATIVE && known != PREPARE_INSIDE)
        add(p, d, p->symbol[d->symbol], 0 - place);
    else if (d->term == ARCH_TERM_ABSOLUTE && known == PREPARE_INSIDE)
        add(p, d, IMAGE_ANCHOR, p->value[d->symbol] - PREPARE_BASE);
    else if ((d->term == ARCH_TERM_ABSOLUTE || d->term == ARCH_TERM_SIZE) &&
             known == PREPARE_IMPORT)
        add(p, d, p->symbol[d->symbol], 0);
}

static int by_kind(const void *a, const void *b, void *ctx)
{
    const struct image_demand *x = a, *y = b;

    (void)ctx;
    if (x->symbol != y->symbol)
        return x->symbol < y->symbol ? -1 : 1;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    if (x->use != y->use)
        return x->use < y->use ? -1 : 1;
    if (x->term != y->term)
        return x->term < y->term ? -1 : 1;
    return x->least < y->least ? -1 : x->least > y->least;
}

static bool is_mergeable(const struct image_demand *d)
{
    return d->least > -K_LIMIT && d->most < K_LIMIT;
}

static void merge(struct prepare *p)
{
    struct image_demand *last = NULL;
    uint64_t count = p->demand_count;

    p->demand_count = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct image_demand d = p->demands[i];

        if (last && last->symbol == d.symbol && last->type == d.type && last->use == d.use &&
            last->term == d.term && is_mergeable(last) && is_mergeable(&d)) {
            if (last->most < d.most)
                last->most = d.most;
            continue;
        }
        last = &p->demands[p->demand_count++];
        *last = d;
    }
}

elfin_status elfin_prepare_demands(struct prepare *p)
{
    uint64_t count = 0;

    for (const struct demand *d = p->object->demands; d; d = d->next)
        count++;
    p->demands = elfin_arena_get(&p->load->work, count, sizeof(*p->demands));
    if (!p->demands)
        return elfin_fail_memory(p->load, ELFIN_PHASE_LAYOUT, p->object);
    for (const struct demand *d = p->object->demands; d; d = d->next)
        translate(p, d);
    mini_sort(p->demands, p->demand_count, sizeof(*p->demands), by_kind, NULL);
    merge(p);
    return ELFIN_OK;
}
