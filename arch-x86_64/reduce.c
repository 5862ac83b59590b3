/* SPDX-License-Identifier: MIT */
/*
 * Images: of each record as much is applied as will never change, and what is left is put in its
 * simplest terms, so that nobody has to look at the bytes around a field again.
 */
#include "arch-x86_64/relocations.h"

/* Applies the record, or the two, as elfin_arch_fixup does. */
static elfin_status apply(struct arch_fixup *f, uint64_t record, uint32_t count)
{
    struct span all = f->rela;
    elfin_status status;

    f->first = record;
    f->rela.size = (record + count) * sizeof(struct elf_rela);
    status = elfin_arch_fixup(f);
    f->rela = all;
    return status;
}

static elfin_status leave(struct arch_reduction *out, uint32_t type, uint64_t offset,
                          int64_t addend)
{
    out->rest = ARCH_REST_BIND;
    out->type = type;
    out->offset = offset;
    out->addend = addend;
    return ELFIN_OK;
}

/* S + A less the block's address: what the field counts from then on. */
static elfin_status reduce_absolute(struct arch_fixup *f, const struct elf_rela *rela,
                                    uint64_t base, struct arch_reduction *out)
{
    uint32_t type = elf_rela_type(rela->r_info);
    uint64_t value = f->value[elf_rela_symbol(rela->r_info)] + (uint64_t)rela->r_addend - base;

    __builtin_memcpy(f->edit + rela->r_offset, &value, elfin_relocations[type].width);
    leave(out, type, rela->r_offset, 0);
    out->rest = ARCH_REST_PLACE;
    return ELFIN_OK;
}

/* The distance to something that is not in the block. */
static elfin_status reduce_distance(const struct arch_fixup *f, const struct relocation *r,
                                    const struct elf_rela *rela, struct arch_reduction *out)
{
    uint32_t type = elf_rela_type(rela->r_info);
    bool branch = r->formula == FORMULA_BRANCH;

    if (r->width == 4 && !branch)
        branch = f->executable && is_branch_field(f->bytes.data, rela->r_offset, rela->r_addend);
    if (r->width == 4)
        type = branch && is_stub_field(f->executable, rela->r_addend) ? R_PLT32 : R_PC32;
    return leave(out, type, rela->r_offset, rela->r_addend);
}

/*
 * True if the instruction that ends with a record's field loads from or branches through its slot
 * in a way that can be rewritten, should the target be near.
 */
static bool is_relaxable(const uint8_t *section, bool executable, const struct relocation *r,
                         const struct elf_rela *rela)
{
    const uint8_t *field = section + rela->r_offset;

    if (!executable || rela->r_addend != -4 || rela->r_offset < 2)
        return false;
    if (r->formula == FORMULA_SLOT_REX2) {
        if (rela->r_offset < 4 || field[-4] != 0xd5 || field[-3] & 0x80 || field[-2] != 0x8b)
            return false;
    }
    if (field[-2] == 0x8b)
        return (field[-1] & 0xc7) == 0x05;
    return field[-2] == 0xff && (field[-1] == 0x15 || field[-1] == 0x25);
}

/* The form with a slot is written; its slot is not in use yet if there is another form. */
static elfin_status reduce_slot(struct arch_fixup *f, uint64_t record, const struct relocation *r,
                                const struct elf_rela *rela, struct arch_reduction *out)
{
    uint32_t *slot = &f->slot[elf_rela_symbol(rela->r_info)], before = *slot;
    bool executable = f->executable;
    elfin_status status;

    f->executable = false; /* nothing is relaxed */
    status = apply(f, record, 1);
    f->executable = executable;
    if (!is_relaxable(f->bytes.data, executable, r, rela))
        return status;
    *slot = before;
    leave(out, r->formula == FORMULA_SLOT_REX2 ? R_CODE_4_GOTPCRELX : R_GOTPCRELX, rela->r_offset,
          rela->r_addend);
    out->start -= elfin_arch_before(out->type);
    out->size += elfin_arch_before(out->type);
    return status;
}

/* Sequences are rewritten now; an offset from the thread pointer may be missing in them. */
static elfin_status reduce_tls(struct arch_fixup *f, uint64_t record, const struct relocation *r,
                               const struct elf_rela *rela, struct arch_reduction *out)
{
    struct tls_site site = f->tls->site(f->bytes, f->executable, r, rela);

    if (site.has_offset)
        leave(out, R_TPOFF32, site.offset, 0);
    out->start = site.start;
    out->size = site.size;
    out->used = r->formula == FORMULA_TLS_CALL ? 2 : 1;
    return apply(f, record, out->used);
}

static bool is_dead(const struct arch_fixup *f, const struct relocation *r, uint32_t symbol)
{
    return f->has_dead && r->use && f->use[symbol] & USE_DEAD;
}

elfin_status elfin_arch_reduce(struct arch_fixup *f, uint64_t record, enum arch_known known,
                               uint64_t base, struct arch_reduction *out)
{
    struct elf_rela rela = read_rela(f->rela, record);
    const struct relocation *r = &elfin_relocations[elf_rela_type(rela.r_info)];
    bool inside = known == ARCH_KNOWN_INSIDE;

    *out = (struct arch_reduction){ .start = rela.r_offset, .size = r->width, .used = 1 };
    switch (is_dead(f, r, elf_rela_symbol(rela.r_info)) ? FORMULA_NONE : r->formula) {
    case FORMULA_ABSOLUTE:
        if (inside)
            return reduce_absolute(f, &rela, base, out);
        if (known == ARCH_UNKNOWN)
            return leave(out, elf_rela_type(rela.r_info), rela.r_offset, rela.r_addend);
        break;
    case FORMULA_SIZE:
    case FORMULA_TLS:
        if (known == ARCH_UNKNOWN)
            return leave(out, elf_rela_type(rela.r_info), rela.r_offset, rela.r_addend);
        break;
    case FORMULA_GOT_OFFSET:
    case FORMULA_STUB_OFFSET:
        if (!inside)
            return leave(out, elf_rela_type(rela.r_info), rela.r_offset, rela.r_addend);
        break;
    case FORMULA_RELATIVE:
    case FORMULA_BRANCH:
        if (!inside)
            return reduce_distance(f, r, &rela, out);
        break;
    case FORMULA_SLOT_RELAX:
    case FORMULA_SLOT_REX2:
        if (!inside)
            return reduce_slot(f, record, r, &rela, out);
        break;
    case FORMULA_TLS_CALL:
    case FORMULA_TLS_SLOT:
    case FORMULA_TLS_SLOT_REX2:
    case FORMULA_TLS_SLOT_EVEX:
    case FORMULA_TLS_DESC:
    case FORMULA_TLS_DESC_REX2:
    case FORMULA_TLS_DESC_CALL:
        return reduce_tls(f, record, r, &rela, out);
    default:
        break;
    }
    return apply(f, record, 1);
}

uint32_t elfin_arch_word(bool tls)
{
    return tls ? R_TPOFF64 : R_64;
}

int64_t elfin_arch_usual_addend(uint32_t type)
{
    switch (elfin_relocations[type].formula) {
    case FORMULA_RELATIVE:
    case FORMULA_BRANCH:
    case FORMULA_SLOT_RELAX:
    case FORMULA_SLOT_REX2:
        return -4;
    default:
        return 0;
    }
}

unsigned elfin_arch_before(uint32_t type)
{
    if (type == R_CODE_4_GOTPCRELX)
        return 4;
    return type == R_GOTPCRELX ? 2 : 0;
}

unsigned elfin_arch_width(uint32_t type)
{
    return elfin_relocations[type].width;
}

bool elfin_arch_is_place(uint32_t type)
{
    return type < RELOCATION_COUNT && elfin_relocations[type].formula == FORMULA_ABSOLUTE;
}

bool elfin_arch_is_bindable(uint32_t type)
{
    if (type >= RELOCATION_COUNT)
        return false;
    switch (elfin_relocations[type].formula) {
    case FORMULA_ABSOLUTE:
    case FORMULA_SIZE:
    case FORMULA_TLS:
    case FORMULA_GOT_OFFSET:
    case FORMULA_STUB_OFFSET:
    case FORMULA_RELATIVE:
    case FORMULA_BRANCH:
        return true;
    default:
        return type == R_GOTPCRELX || type == R_CODE_4_GOTPCRELX;
    }
}

bool elfin_arch_run_demand(const struct arch_run *run, struct arch_demand *out)
{
    const struct relocation *r = &elfin_relocations[run->type];

    *out = (struct arch_demand){ .type = run->type, .use = r->use, .k = run->addend };
    elfin_arch_field(run->type, &out->low, &out->span);
    switch (r->width == 8 ? FORMULA_NONE : r->formula) {
    case FORMULA_ABSOLUTE:
        out->term = ARCH_TERM_ABSOLUTE;
        return true;
    case FORMULA_SIZE:
        out->term = ARCH_TERM_SIZE;
        return true;
    case FORMULA_RELATIVE:
        out->term = ARCH_TERM_RELATIVE;
        return true;
    default:
        return false;
    }
}
