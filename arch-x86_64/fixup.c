/* SPDX-License-Identifier: MIT */
/*
 * Computes and stores relocated fields.
 *
 * Code reaches 2 GiB either way with 32-bit displacements, and modules may lie anywhere. So a
 * direct branch whose target turns out to be far goes through a stub, which jumps through the
 * symbol's slot; and a load from a slot becomes the direct form when the target turns out to be
 * near. Both are decided here, by the final displacement. Addresses are computed modulo 2^64, as
 * the CPU does.
 */
#include "arch-x86_64/relocations.h"

static bool fits_signed(uint64_t value, unsigned bits)
{
    uint64_t half = (uint64_t)1 << (bits - 1);

    return value + half < half << 1;
}

bool elfin_field_holds(uint64_t value, const struct relocation *r)
{
    unsigned bits = 8u * r->width;

    switch (r->range) {
    case RANGE_ANY:
        return true;
    case RANGE_SIGNED:
        return bits == 32 ? fits_s32(value) : fits_signed(value, bits);
    case RANGE_UNSIGNED:
        return value >> bits == 0;
    default:
        return value >> bits == 0 || fits_signed(value, bits);
    }
}

static void store(uint8_t *field, uint64_t value, unsigned width)
{
    switch (width) {
    case 8:
        __builtin_memcpy(field, &value, 8);
        break;
    case 4:
        __builtin_memcpy(field, &value, 4);
        break;
    case 2:
        __builtin_memcpy(field, &value, 2);
        break;
    case 1:
        *field = (uint8_t)value;
        break;
    default:
        break;
    }
}

static void store32(uint8_t *field, uint64_t value)
{
    store(field, value, 4);
}

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
    store(edit, UINT64_C(0x0b0f0b0f0b0f0b0f), ARCH_STUB_SIZE); /* ud2, four times */
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

static uint64_t branch(struct arch_fixup *f, const struct elf_rela *rela, uint32_t symbol,
                       uint64_t p)
{
    uint64_t a = (uint64_t)rela->r_addend, value = f->value[symbol] + a - p;

    if (fits_s32(value) && (f->value[symbol] != 0 || !f->trap))
        return value;
    if (!is_stub_field(f->executable, rela->r_addend))
        return value;
    return branch_target(f, symbol) + a - p;
}

static uint64_t relative(struct arch_fixup *f, const struct elf_rela *rela,
                         const struct relocation *r, uint32_t symbol, uint64_t p)
{
    uint64_t a = (uint64_t)rela->r_addend, value = f->value[symbol] + a - p;

    if (r->width != 4 || (fits_s32(value) && f->value[symbol] != 0))
        return value;
    if (f->executable && is_branch_field(f->bytes.data, rela->r_offset, rela->r_addend))
        return branch(f, rela, symbol, p);
    return value;
}

/*
 * Rewrites an instruction that loads from or branches through a slot so that it names the target
 * itself (psABI B.2, "Optimize GOTPCRELX Relocations"). The opcode decides, not the relocation type
 * alone: REX2 instructions carry REX_GOTPCRELX too. True when the field has been dealt with.
 *
 *     mov slot(%rip), %reg   8b /r      ->  lea target(%rip), %reg   8d /r
 *     call *slot(%rip)       ff 15      ->  addr32 call target       67 e8
 *     jmp *slot(%rip)        ff 25      ->  jmp target; nop          e9 rel32 90
 *
 * The three bytes of a relaxed jmp before its nop begin one byte earlier, hence the other distance.
 */
static inline bool relax_field(uint8_t *field, uint64_t near)
{
    uint8_t *opcode = field - 2;

    if (opcode[0] == 0x8b && (opcode[1] & 0xc7) == 0x05 && fits_s32(near)) {
        opcode[0] = 0x8d;
        store32(field, near);
        return true;
    }
    if (opcode[0] == 0xff && opcode[1] == 0x15 && fits_s32(near)) {
        opcode[0] = 0x67;
        opcode[1] = 0xe8;
        store32(field, near);
        return true;
    }
    if (opcode[0] == 0xff && opcode[1] == 0x25 && fits_s32(near + 1)) {
        opcode[0] = 0xe9;
        store32(opcode + 1, near + 1);
        opcode[5] = 0x90;
        return true;
    }
    return false;
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

/* The value of one field. *stored is set when nothing is left to store. */
static uint64_t evaluate(struct arch_fixup *f, const struct elf_rela *rela,
                         const struct relocation *r, bool *stored)
{
    uint32_t symbol = elf_rela_symbol(rela->r_info);
    uint64_t s = f->value[symbol], a = (uint64_t)rela->r_addend, p = f->address + rela->r_offset;

    switch (r->formula) {
    case FORMULA_ABSOLUTE:
        return s + a;
    case FORMULA_RELATIVE:
        return relative(f, rela, r, symbol, p);
    case FORMULA_BRANCH:
        return branch(f, rela, symbol, p);
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
    case FORMULA_SIZE:
        return f->size_of(f->size_ctx, symbol) + a;
    default:
        *stored = true;
        return 0;
    }
}

struct arch_failure elfin_out_of_range(uint64_t record, const struct relocation *r, uint64_t value)
{
    unsigned bits = 8u * r->width;
    uint64_t half = (uint64_t)1 << (bits - 1);

    return (struct arch_failure){
        .record = record,
        .defect = DEFECT_FIELD_RANGE,
        .hint = elfin_arch_hint(r->use, false),
        .value = value,
        .low = r->range == RANGE_UNSIGNED ? 0 : 0 - half,
        .high = r->range == RANGE_SIGNED ? half - 1 : (half << 1) - 1,
        .is_signed = r->range != RANGE_UNSIGNED,
    };
}

/* Any record. *skip is set when the next one belongs to it. */
static __attribute__((noinline)) elfin_status fix_record(struct arch_fixup *f, uint64_t i,
                                                         bool *skip)
{
    const struct elf_rela *rela = rela_at(f->rela, i);
    const struct relocation *r = &elfin_relocations[elf_rela_type(rela->r_info)];
    bool stored = false;
    uint64_t value;

    if (f->has_dead && r->use && f->use[elf_rela_symbol(rela->r_info)] & USE_DEAD) {
        store(f->edit + rela->r_offset, 0, r->width);
        return ELFIN_OK;
    }
    value = evaluate(f, rela, r, &stored);
    *skip = r->formula == FORMULA_TLS_CALL;
    if (stored)
        return ELFIN_OK;
    if (!elfin_field_holds(value, r)) {
        f->failure = elfin_out_of_range(i, r, value);
        return ELFIN_ERR_RANGE;
    }
    store(f->edit + rela->r_offset, value, r->width);
    return ELFIN_OK;
}

enum {
    COPY_AHEAD = 32 << 10,
    SEQUENCE_MAX = 32, /* longer than what rewriting changes behind the start of a field */
};

/* Copies the section's contents up to `end` and some more, before its fields come. */
static void copy_to(struct arch_fixup *f, uint64_t end)
{
    uint64_t copied = f->bytes.size - f->left, size = COPY_AHEAD;

    if (end <= copied)
        return;
    if (size < end - copied)
        size = end - copied;
    if (size > f->left)
        size = f->left;
    memcpy(f->edit + copied, f->bytes.data + copied, size);
    f->left -= size;
}

/* More than a section's size and what a displacement spans. */
#define NEAR_ZERO (UINT64_C(8) << 30)

/* Fields that begin below this lie wholly in what is copied. */
static uint64_t copied_fields(const struct arch_fixup *f)
{
    uint64_t copied = f->bytes.size - f->left;

    if (!f->left)
        return UINT64_MAX;
    return copied < 8 ? 0 : copied - 7;
}

/* The last record that belongs to it: itself, or the one after it; NULL: it has failed. */
static __attribute__((noinline)) const uint8_t *fix_next(struct arch_fixup *f, const uint8_t *at)
{
    bool skip = false;

    copy_to(f, read_word(at) + SEQUENCE_MAX);
    if (fix_record(f, (uint64_t)(at - f->rela.data) / sizeof(struct elf_rela), &skip) != ELFIN_OK)
        return NULL;
    return skip ? at + sizeof(struct elf_rela) : at;
}

/*
 * Fields that begin below this may be stored without a look at anything else. An undefined weak
 * symbol, 0, is in reach of the lowest and the highest addresses only; if the module has a trap for
 * calls of it, all records are looked at there.
 */
static uint64_t plain_limit(const struct arch_fixup *f)
{
    if (f->has_dead || (f->trap && f->address + NEAR_ZERO < 2 * NEAR_ZERO))
        return 0;
    return copied_fields(f);
}

/*
 * Displacements to one symbol; base: its value, less the section's address. The first record that
 * is not one, or does not fit, or that is not copied yet.
 */
static inline const uint8_t *fix_run(const uint8_t *at, const uint8_t *end, uint64_t base,
                                     uint8_t *edit, uint64_t limit)
{
    const uint64_t info = read_word(at + 8);

    do {
        uint64_t offset = read_word(at), value = base + read_word(at + 16) - offset;

        if (offset >= limit || !fits_s32(value))
            break;
        store32(edit + offset, value);
        at += sizeof(struct elf_rela);
    } while (at != end && read_word(at + 8) == info);
    return at;
}

/*
 * The few types that objects are made of, without calls. What scan has proven is not proven again:
 * that the field lies in the section, and the symbol in the table. Tables about code name one
 * symbol many times.
 */
elfin_status elfin_arch_fixup(struct arch_fixup *f)
{
    const uint8_t *at = f->rela.data + f->first * sizeof(struct elf_rela);
    const uint8_t *const end = f->rela.data + f->rela.size;
    const uint64_t *const values = f->value;
    const uint64_t address = f->address;
    uint8_t *const edit = f->edit;
    const bool executable = f->executable;
    uint64_t limit;

    copy_to(f, 1);
    limit = plain_limit(f);
    for (; at != end; at += sizeof(struct elf_rela)) {
        uint64_t offset = read_word(at), info = read_word(at + 8);
        uint64_t value = values[elf_rela_symbol(info)] + read_word(at + 16);
        uint32_t type = elf_rela_type(info);

        if (offset < limit) {
            if (is_pc32(type)) {
                value -= address + offset;
                if (fits_s32(value)) {
                    store32(edit + offset, value);
                    if (executable)
                        continue;
                    at = fix_run(at, end, values[elf_rela_symbol(info)] - address, edit, limit);
                    at -= sizeof(struct elf_rela);
                    continue;
                }
            } else if (type == R_64) {
                __builtin_memcpy(edit + offset, &value, 8);
                continue;
            } else if (type == R_32S && fits_s32(value)) {
                store32(edit + offset, value);
                continue;
            } else if (type - R_GOTPCRELX < 2 && executable && offset >= 2 &&
                       read_word(at + 16) == (uint64_t)-4 && value != (uint64_t)-4 &&
                       relax_field(edit + offset, value - (address + offset))) {
                continue;
            } else if (type == R_PC64) {
                value -= address + offset;
                __builtin_memcpy(edit + offset, &value, 8);
                continue;
            }
        }
        at = fix_next(f, at);
        if (!at)
            return defect_status(f->failure.defect);
        limit = plain_limit(f);
    }
    copy_to(f, f->bytes.size);
    return ELFIN_OK;
}
