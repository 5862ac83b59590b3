/* SPDX-License-Identifier: MIT */
/* What records demand of addresses: all but the few types whose fields hold every value. */
#include "arch-x86_64/relocations.h"

void elfin_arch_field(uint32_t type, uint64_t *low, uint64_t *span)
{
    const struct relocation *r = &elfin_relocations[type];
    unsigned bits = 8u * r->width;
    uint64_t half = bits ? (uint64_t)1 << (bits - 1) : 0;

    *low = r->range == RANGE_UNSIGNED ? 0 : 0 - half;
    *span = (half << 1) - 1;
    if (r->range == RANGE_EITHER)
        *span += half;
}

/* True if no address can make the value too large: see elfin_arch_demand. */
static bool is_free(const struct relocation *r, unsigned use, bool inner, bool symbol,
                    int64_t addend)
{
    if (r->width == 8 || r->formula == FORMULA_NONE)
        return true;
    if (use & USE_TLS) /* no address is in the value; the slots are near; elfin_arch_tls_fits */
        return !(use & USE_TLS_SLOT) || is_small(addend);
    if (r->width < 4 || r->formula == FORMULA_ABSOLUTE || r->formula == FORMULA_SIZE)
        return false;
    if (use & USE_NEAR)
        return inner && is_small(addend);
    if (use & USE_BRANCH && !symbol)
        return false; /* to address 0: symbol 0 has no stub */
    return is_small(addend);
}

static enum arch_term term_of(const struct relocation *r)
{
    switch (r->formula) {
    case FORMULA_ABSOLUTE:
        return ARCH_TERM_ABSOLUTE;
    case FORMULA_SLOT:
        return ARCH_TERM_SLOT;
    case FORMULA_SLOT_PC:
    case FORMULA_SLOT_RELAX:
    case FORMULA_SLOT_REX2:
    case FORMULA_TLS_SLOT:
    case FORMULA_TLS_SLOT_REX2:
    case FORMULA_TLS_SLOT_EVEX:
        return ARCH_TERM_SLOT_PC;
    case FORMULA_GOT_PC:
        return ARCH_TERM_GOT_PC;
    case FORMULA_SIZE:
        return ARCH_TERM_SIZE;
    default:
        return ARCH_TERM_RELATIVE;
    }
}

static bool demand_of(const struct arch_scan *scan, const struct elf_rela *rela, unsigned use,
                      struct arch_demand *out)
{
    uint32_t type = elf_rela_type(rela->r_info), symbol = elf_rela_symbol(rela->r_info);
    const struct relocation *r = &elfin_relocations[type];
    enum arch_term term;

    if (is_free(r, use, scan->use[symbol] & USE_INNER, symbol, rela->r_addend))
        return false;
    term = term_of(r);
    *out = (struct arch_demand){ .type = type,
                                 .symbol = symbol,
                                 .use = (uint16_t)use,
                                 .term = (uint8_t)term,
                                 .k = rela->r_addend };
    if (term == ARCH_TERM_RELATIVE || term == ARCH_TERM_SLOT_PC || term == ARCH_TERM_GOT_PC)
        out->k = (int64_t)((uint64_t)rela->r_addend - rela->r_offset);
    elfin_arch_field(type, &out->low, &out->span);
    return true;
}

bool elfin_arch_demand(const struct arch_scan *scan, uint64_t record, struct arch_demand *out)
{
    struct elf_rela rela = read_rela(scan->rela, record);
    const struct relocation *r = &elfin_relocations[elf_rela_type(rela.r_info)];

    if (scan->use[elf_rela_symbol(rela.r_info)] & USE_DEAD && r->use)
        return false;
    return demand_of(scan, &rela, elfin_arch_record_use(scan, record), out);
}

/* A record with a small addend makes such a demand; what others demand is given as it is. */
static bool is_row(const struct arch_demand *demand)
{
    if (demand->k != (int32_t)demand->k)
        return false;
    return (demand->type == 2 && demand->use == USE_NEAR) ||
           (demand->type == 11 && demand->use == USE_ABS32S);
}

/* What fields hold follows from the type: the loader asks when it needs to know. */
static elfin_status add_one(struct arch_scan *scan, const struct row *row, int64_t k)
{
    struct arch_demand demand = {
        .type = row->type,
        .symbol = row->symbol,
        .use = row->type == 2 ? USE_NEAR : USE_ABS32S,
        .term = (uint8_t)term_of(&elfin_relocations[row->type]),
        .k = k,
    };

    return elfin_demand_add(scan->ctx, &demand);
}

static elfin_status flush(struct arch_scan *scan, struct pending *pending, unsigned index)
{
    const struct row *row = &pending->row[index];
    elfin_status status;

    if (!(pending->wider & 1u << index))
        return ELFIN_OK;
    pending->wider &= ~(1u << index);
    status = add_one(scan, row, row->least);
    return status == ELFIN_OK ? add_one(scan, row, row->most) : status;
}

/* The first demand of a row: whose entry is taken is given to the loader. */
static elfin_status begin_row(struct arch_scan *scan, struct pending *pending, uint32_t symbol,
                              uint32_t type, int64_t k)
{
    struct row *row = &pending->row[symbol % ROW_COUNT];
    elfin_status status = flush(scan, pending, symbol % ROW_COUNT);

    *row = (struct row){ .symbol = symbol, .type = type, .least = k, .most = k };
    return status == ELFIN_OK ? add_one(scan, row, k) : status;
}

static elfin_status add(struct arch_scan *scan, struct pending *pending,
                        const struct elf_rela *rela, unsigned use)
{
    struct arch_demand demand;

    if (!demand_of(scan, rela, use, &demand))
        return ELFIN_OK;
    if (!is_row(&demand))
        return elfin_demand_add(scan->ctx, &demand);
    if (widen(pending, demand.symbol, demand.type, demand.k))
        return ELFIN_OK;
    return begin_row(scan, pending, demand.symbol, demand.type, demand.k);
}

static elfin_status flush_all(struct arch_scan *scan, struct pending *pending)
{
    elfin_status status = ELFIN_OK;

    for (unsigned i = 0; status == ELFIN_OK && i < ROW_COUNT; i++)
        status = flush(scan, pending, i);
    return status;
}

const struct arch_demands elfin_arch_demands = {
    .begin_row = begin_row,
    .add = add,
    .flush = flush_all,
};

unsigned elfin_arch_record_use(const struct arch_scan *scan, uint64_t record)
{
    struct elf_rela rela = read_rela(scan->rela, record);

    return elfin_use_of(scan, &elfin_relocations[elf_rela_type(rela.r_info)], &rela);
}
