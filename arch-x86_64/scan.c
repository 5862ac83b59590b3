/* SPDX-License-Identifier: MIT */
/* Proves what can be known of relocation records before anything is placed. */
#include "arch-x86_64/relocations.h"

static elfin_status refuse(struct arch_scan *scan, uint64_t record, elfin_status status,
                           const char *detail, const char *hint)
{
    scan->failure =
        (struct arch_failure){ .status = status, .record = record, .detail = detail, .hint = hint };
    return status;
}

static elfin_status refuse_type(struct arch_scan *scan, uint64_t record, uint32_t type)
{
    if (type >= RELOCATION_COUNT)
        return refuse(scan, record, ELFIN_ERR_RELOCATION_TYPE,
                      "the relocation's number is not in the psABI", "");
    return refuse(scan, record, ELFIN_ERR_RELOCATION_TYPE,
                  "this type does not occur in relocatable objects of the compilers supported", "");
}

/* The use that a record makes of its symbol; its field is known to lie inside bytes. */
static unsigned use_of(const struct relocation *r, const struct elf_rela *rela,
                       const uint8_t *bytes, bool executable)
{
    if (r->use == USE_TLS)
        return elfin_tls_use(r, rela, bytes, executable);
    if (r->use == USE_BRANCH && !is_stub_field(executable, rela->r_addend))
        return USE_NEAR;
    if (r->use == USE_NEAR && executable && is_branch_field(bytes, rela->r_offset, rela->r_addend))
        return USE_BRANCH;
    return r->use;
}

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
    return demand_of(scan, &rela, use_of(r, &rela, scan->bytes.data, scan->executable), out);
}

elfin_status elfin_arch_scan(struct arch_scan *scan)
{
    uint64_t count = scan->rela.size / sizeof(struct elf_rela);

    for (uint64_t i = 0; i < count; i++) {
        struct elf_rela rela = read_rela(scan->rela, i);
        uint32_t type = elf_rela_type(rela.r_info), symbol = elf_rela_symbol(rela.r_info);
        struct arch_demand demand;
        const struct relocation *r;
        elfin_status status;
        const char *wrong;
        unsigned use;

        if (type >= RELOCATION_COUNT || elfin_relocations[type].formula == FORMULA_REFUSED)
            return refuse_type(scan, i, type);
        r = &elfin_relocations[type];
        if (symbol >= scan->symbol_count)
            return refuse(scan, i, ELFIN_ERR_RELOCATION, "its symbol index is out of range", "");
        if (rela.r_offset > scan->bytes.size || r->width > scan->bytes.size - rela.r_offset)
            return refuse(scan, i, ELFIN_ERR_RELOCATION, "its field lies outside the section", "");
        if (symbol == 0 && r->use & USE_SLOT)
            return refuse(scan, i, ELFIN_ERR_RELOCATION, "it needs a slot but names no symbol", "");
        if (symbol == 0 && r->use & USE_TLS)
            return refuse(scan, i, ELFIN_ERR_RELOCATION, "it is thread-local but names no symbol",
                          "");
        if (scan->use[symbol] & USE_DEAD && r->use) {
            if (!scan->unwind)
                return refuse(scan, i, ELFIN_ERR_DISCARDED,
                              "its symbol lies in a section that is not loaded", "");
            scan->has_dead = true;
            continue;
        }
        if (r->use & USE_TLS && (wrong = elfin_tls_prove(scan, i, r, &rela)))
            return refuse(scan, i, ELFIN_ERR_TLS, wrong, "");
        use = use_of(r, &rela, scan->bytes.data, scan->executable);
        scan->use[symbol] |= (uint16_t)use;
        if (demand_of(scan, &rela, use, &demand)) {
            status = elfin_demand_add(scan->ctx, &demand);
            if (status != ELFIN_OK)
                return refuse(scan, i, status, "for working memory", "");
        }
        scan->needs_got |= r->needs_got;
        scan->has_tls |= (use & USE_TLS) != 0;
        if (r->formula == FORMULA_TLS_CALL)
            i++; /* the call's record has been proven to belong to it, and is not applied */
    }
    return ELFIN_OK;
}

unsigned elfin_arch_record_use(struct span rela, uint64_t index, struct span bytes, bool executable)
{
    struct elf_rela record = read_rela(rela, index);

    return use_of(&elfin_relocations[elf_rela_type(record.r_info)], &record, bytes.data,
                  executable);
}
