/* SPDX-License-Identifier: MIT */
/*
 * Slots and stubs. Code reaches 2 GiB either way with 32-bit displacements, and modules may lie
 * anywhere. So a direct branch whose target turns out to be far goes through a stub, which jumps
 * through the symbol's slot; and a load from a slot becomes the direct form when the target turns
 * out to be near. Both are decided here, by the final displacement.
 */
#include "arch-x86_64/relocations.h"

static uint64_t slot_address(struct arch_fixup *f, uint32_t symbol)
{
    f->slot[symbol] |= ARCH_IN_USE;
    return f->got + ARCH_SLOT_SIZE * (uint64_t)((f->slot[symbol] & ~ARCH_IN_USE) - 1);
}

/* jmp *slot(%rip); ud2. Slots and stubs of one module are at most a block apart. */
void elfin_arch_write_stub(uint8_t *edit, uint64_t run, uint64_t slot)
{
    edit[0] = 0xff;
    edit[1] = 0x25;
    store32(edit + 2, slot - (run + 6));
    edit[6] = 0x0f;
    edit[7] = 0x0b;
}

void elfin_arch_write_trap(uint8_t *edit)
{
    uint64_t traps = UINT64_C(0x0b0f0b0f0b0f0b0f); /* ud2, four times */

    __builtin_memcpy(edit, &traps, ARCH_STUB_SIZE);
}

/* The address of the symbol's stub (any: a block may begin at 0), written on first use. */
static uint64_t stub_address(struct arch_fixup *f, uint32_t symbol)
{
    uint64_t offset = ARCH_STUB_SIZE * (uint64_t)((f->stub[symbol] & ~ARCH_IN_USE) - 1);

    if (!(f->stub[symbol] & ARCH_IN_USE)) {
        elfin_arch_write_stub(f->plt_edit + offset, f->plt + offset, slot_address(f, symbol));
        f->stub[symbol] |= ARCH_IN_USE;
    }
    return f->plt + offset;
}

/* L for a target that is far, or weak and undefined; S itself when nothing can stand in for it. */
static uint64_t branch_target(struct arch_fixup *f, uint32_t symbol)
{
    if (f->value[symbol] == 0 && f->trap)
        return f->plt + ARCH_STUB_SIZE * (uint64_t)(f->trap - 1);
    return f->stub && f->stub[symbol] ? stub_address(f, symbol) : f->value[symbol];
}

/* A branch ends with its field, or the bytes prove it. */
static uint64_t slots_far(struct arch_fixup *f, const struct elf_rela *rela,
                          const struct relocation *r, uint64_t value)
{
    uint32_t symbol = elf_rela_symbol(rela->r_info);

    if (r->formula == FORMULA_RELATIVE &&
        !(f->executable && is_branch_field(f->bytes.data, rela->r_offset, rela->r_addend)))
        return value;
    if ((fits_s32(value) && !f->trap) || !is_stub_field(f->executable, rela->r_addend))
        return value;
    return value - f->value[symbol] + branch_target(f, symbol);
}

static bool relax(struct arch_fixup *f, const struct elf_rela *rela, uint32_t symbol, uint64_t p)
{
    if (!f->executable || rela->r_addend != -4 || rela->r_offset < 2 || f->value[symbol] == 0)
        return false;
    return relax_field(f->edit + rela->r_offset, f->value[symbol] - (p + 4));
}

/*
 * mov with a REX2 prefix of map 0: d5, payload, 8b. Only this may be relaxed; a branch would become
 * one with a legacy prefix after REX2, which is no instruction.
 */
static bool is_rex2_mov(const struct arch_fixup *f, const struct elf_rela *rela)
{
    const uint8_t *field = f->edit + rela->r_offset;

    return rela->r_offset >= 4 && field[-4] == 0xd5 && !(field[-3] & 0x80) && field[-2] == 0x8b;
}

static uint64_t slots_evaluate(struct arch_fixup *f, const struct elf_rela *rela,
                               const struct relocation *r, bool *stored)
{
    uint32_t symbol = elf_rela_symbol(rela->r_info);
    uint64_t s = f->value[symbol], a = (uint64_t)rela->r_addend, p = f->address + rela->r_offset;

    switch (r->formula) {
    case FORMULA_SLOT_RELAX:
        *stored = relax(f, rela, symbol, p);
        return *stored ? 0 : slot_address(f, symbol) + a - p;
    case FORMULA_SLOT_REX2:
        *stored = is_rex2_mov(f, rela) && relax(f, rela, symbol, p);
        return *stored ? 0 : slot_address(f, symbol) + a - p;
    case FORMULA_TLS:
        return s + a;
    case FORMULA_TLS_CALL:
    case FORMULA_TLS_SLOT:
    case FORMULA_TLS_SLOT_REX2:
    case FORMULA_TLS_SLOT_EVEX:
    case FORMULA_TLS_DESC:
    case FORMULA_TLS_DESC_REX2:
    case FORMULA_TLS_DESC_CALL:
        *stored = f->tls->rewrite(f, r, rela, s);
        return *stored ? 0 : slot_address(f, symbol) + a - p;
    case FORMULA_SLOT_PC:
        return slot_address(f, symbol) + a - p;
    case FORMULA_SLOT:
        return slot_address(f, symbol) - f->got + a;
    case FORMULA_GOT_OFFSET:
        return s + a - f->got;
    case FORMULA_GOT_PC:
        return f->got + a - p;
    case FORMULA_STUB_OFFSET:
        return (s ? s : branch_target(f, symbol)) + a - f->got;
    default:
        *stored = true;
        return 0;
    }
}

const struct arch_slots elfin_arch_slots = {
    .far = slots_far,
    .evaluate = slots_evaluate,
};
