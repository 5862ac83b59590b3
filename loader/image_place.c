/* SPDX-License-Identifier: MIT */
/*
 * Phase "place" of images: one after the other, in the order of the inputs. Each lies where all
 * demands allow it that speak of it and of nothing else that has no address yet.
 */
#include "loader/image.h"

/* A demand that speaks of a block. */
struct waiting {
    struct waiting *next;
    const struct object *object;
    const struct demand *demand;
};

static bool is_open(const struct block *block)
{
    return block && block->is_image && block->size && !block->has_at;
}

static struct measure measure(const struct load *load, const struct waiting *w)
{
    const struct demand *d = w->demand;

    return elfin_measure(load, w->object, d->table, d->symbol, d->term);
}

/* Under the blocks that it speaks of, one or two. */
static bool note(struct load *load, struct waiting **lists, const struct object *object,
                 const struct demand *demand)
{
    struct waiting w = { .object = object, .demand = demand };
    struct measure m = measure(load, &w);
    const struct block *blocks[] = { m.plus, m.minus };

    for (int i = 0; i < 2; i++) {
        struct waiting *entry, **list;

        if (!is_open(blocks[i]))
            continue;
        entry = elfin_arena_get(&load->work, 1, sizeof(*entry));
        if (!entry)
            return false;
        list = &lists[blocks[i] - load->blocks];
        *entry = w;
        entry->next = *list;
        *list = entry;
    }
    return true;
}

static elfin_status place(struct load *load, struct block *block, const struct waiting *list)
{
    elfin_status status;

    elfin_reach_begin(block, load->options);
    for (const struct waiting *w = list; w; w = w->next) {
        struct bound by = { .object = w->object, .demand = w->demand };
        struct measure m = measure(load, w);

        if (!m.plus != !m.minus)
            elfin_reach_constrain(block, &m, by);
    }
    elfin_reach_vote(load, block->first);
    status = elfin_reach_end(load, block);
    if (status == ELFIN_OK)
        status = elfin_place_block(load, block);
    block->has_at = status == ELFIN_OK;
    block->at = block->region.run;
    return status;
}

elfin_status elfin_image_place(struct load *load)
{
    struct waiting **lists = elfin_arena_get(&load->work, load->block_count, sizeof(*lists));
    elfin_status status = ELFIN_OK;
    bool noted = lists != NULL;

    for (const struct object *o = load->objects; noted && o; o = o->next)
        for (const struct demand *d = o->demands; noted && d; d = d->next)
            noted = note(load, lists, o, d);
    if (!noted)
        return elfin_fail_memory(load, ELFIN_PHASE_PLACE, load->objects);
    for (uint32_t i = 0; status == ELFIN_OK && i < load->block_count; i++)
        if (is_open(&load->blocks[i]))
            status = place(load, &load->blocks[i], lists[i]);
    return status;
}
