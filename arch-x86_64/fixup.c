/* SPDX-License-Identifier: MIT */
/*
 * Computes and stores relocated fields. Addresses are computed modulo 2^64, as the CPU does.
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

/*
 * The value of one field. *stored is set when nothing is left to store. What has to do with slots
 * and stubs scan refuses for hosts that have none.
 */
static uint64_t evaluate(struct arch_fixup *f, const struct elf_rela *rela,
                         const struct relocation *r, bool *stored)
{
    uint32_t symbol = elf_rela_symbol(rela->r_info);
    uint64_t s = f->value[symbol], value = s + (uint64_t)rela->r_addend;

    switch (r->formula) {
    case FORMULA_ABSOLUTE:
        return value;
    case FORMULA_RELATIVE:
    case FORMULA_BRANCH:
        value -= f->address + rela->r_offset;
        if (f->slots && r->width == 4 && (s == 0 || !fits_s32(value)))
            return f->slots->far(f, rela, r, value);
        return value;
    case FORMULA_SIZE:
        return f->size_of(f->size_ctx, symbol) + (uint64_t)rela->r_addend;
    case FORMULA_NONE:
        *stored = true;
        return 0;
    default:
        return f->slots->evaluate(f, rela, r, stored);
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
            } else if (FOR_SPEED && type - R_GOTPCRELX < 2 && executable && offset >= 2 &&
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
