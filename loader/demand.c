/* SPDX-License-Identifier: MIT */
/*
 * What relocations demand of addresses, from scan on: most hold wherever a module lies and are not
 * kept. The others are gathered by table, symbol and type, which is all that placement has to know:
 * within one table and for one symbol only k differs, and of its values the extremes count.
 */
#include "loader/internal.h"

/* Beyond this, k may come around to the other end: then each record is kept by itself. */
#define K_LIMIT (INT64_C(1) << 61)

static bool is_mergeable(const struct arch_demand *demand)
{
    return demand->k > -K_LIMIT && demand->k < K_LIMIT;
}

static struct demand *find(const struct object *object, uint32_t table,
                           const struct arch_demand *demand)
{
    struct demand *d = object->last_demand[demand->symbol];

    for (; d && d->table == table; d = d->same_symbol)
        if (d->type == demand->type && d->use == demand->use)
            return d;
    return NULL;
}

/*
 * Bounded work: those that find walks through are of different types or uses, and the ones that
 * cannot be merged are not among them.
 */
elfin_status elfin_demand_add(void *ctx, const struct arch_demand *demand)
{
    const struct demand_taker *taker = ctx;
    struct object *object = taker->object;
    struct arena *work = &taker->load->work;
    struct demand *d = NULL;

    if (!object->last_demand)
        object->last_demand = elfin_arena_get(work, object->symbol_count, sizeof(d));
    if (!object->last_demand)
        return work->status;
    if (is_mergeable(demand))
        d = find(object, taker->table, demand);
    if (d) {
        if (d->least > demand->k)
            d->least = demand->k;
        if (d->most < demand->k)
            d->most = demand->k;
        return ELFIN_OK;
    }
    d = elfin_arena_get(work, 1, sizeof(*d));
    if (!d)
        return work->status;
    *d = (struct demand){ .least = demand->k,
                          .most = demand->k,
                          .table = taker->table,
                          .symbol = demand->symbol,
                          .type = demand->type,
                          .use = demand->use,
                          .term = demand->term };
    *object->demands_end = d;
    object->demands_end = &d->next;
    if (is_mergeable(demand)) {
        d->same_symbol = object->last_demand[demand->symbol];
        object->last_demand[demand->symbol] = d;
    }
    return ELFIN_OK;
}

struct target elfin_locate(const struct load *load, const struct object *object, uint32_t index)
{
    const struct object *definer = elfin_definer(object, index);
    struct target target = { .block = definer ? &load->blocks[definer->block] : NULL };
    const struct symbol *symbol = NULL;

    if (index == 0)
        return target;
    if (index >= object->first_global)
        symbol = object->global[index - object->first_global];
    if (is_made(object, index))
        target.value = made_address(object, index);
    else if (!symbol)
        target.value = elfin_own_address(object, index);
    else if (symbol->state == SYMBOL_STRONG || symbol->state == SYMBOL_WEAK)
        target.value = elfin_own_address(symbol->object, symbol->index);
    else if (is_section_end(symbol))
        target.value = section_end(symbol);
    else
        target.value = symbol->value;
    return target;
}

static uint64_t slot_offset(const struct object *object, uint32_t symbol)
{
    return ARCH_SLOT_SIZE * (uint64_t)(object->slot[symbol] - 1);
}

static uint64_t size_of(const struct object *object, uint32_t index)
{
    struct elf_symbol elf;

    if (index >= object->first_global && object->global[index - object->first_global])
        return object->global[index - object->first_global]->size;
    elf = elfin_read_symbol(object, index);
    return elf.st_size;
}

/* It has an address; one that needs no memory has address 0, as place leaves it. */
static bool is_placed(const struct block *block)
{
    return block->has_at || !block->size;
}

/* A block that has an address, and one that both sides share, are nothing that is yet to be found.
 */
static void settle(struct measure *m)
{
    if (m->plus == m->minus)
        m->plus = m->minus = NULL;
    if (m->plus && is_placed(m->plus)) {
        m->number += m->plus->at;
        m->plus = NULL;
    }
    if (m->minus && is_placed(m->minus)) {
        m->number -= m->minus->at;
        m->minus = NULL;
    }
}

struct measure elfin_measure(const struct load *load, const struct object *object, uint32_t table,
                             uint32_t symbol, uint8_t term)
{
    uint64_t place = object->sections[object->sections[table].info].address;
    struct measure m = { 0 };
    struct target target;

    switch (term) {
    case ARCH_TERM_ABSOLUTE:
    case ARCH_TERM_RELATIVE:
        target = elfin_locate(load, object, symbol);
        m = (struct measure){ .plus = target.block, .number = target.value };
        if (term == ARCH_TERM_RELATIVE) {
            m.minus = &load->blocks[object->block];
            m.number -= place;
        }
        break;
    case ARCH_TERM_SLOT_PC:
        m.number = object->got + slot_offset(object, symbol) - place;
        break;
    case ARCH_TERM_SLOT:
        m.number = slot_offset(object, symbol);
        break;
    case ARCH_TERM_GOT_PC:
        m.number = object->got - place;
        break;
    default:
        m.number = size_of(object, symbol);
        break;
    }
    settle(&m);
    return m;
}
