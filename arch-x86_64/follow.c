/* SPDX-License-Identifier: MIT */
/*
 * Which field of a record follows its symbol, and how. Decided from the file's bytes, like fix-up
 * does, so that binding a symbol anew gives the bytes that a load with that binding would give.
 */
#include "arch-x86_64/relocations.h"

/* By the opcode before the field; see relax() in fixup.c. */
static uint8_t slot_instruction(const struct arch_scan *scan, const struct relocation *r,
                                const struct elf_rela *rela)
{
    const uint8_t *field = scan->bytes.data + rela->r_offset;

    if (!scan->executable || rela->r_addend != -4 || rela->r_offset < 2)
        return FOLLOW_NONE;
    if (r->formula == FORMULA_SLOT_REX2 &&
        !(rela->r_offset >= 4 && field[-4] == 0xd5 && !(field[-3] & 0x80) && field[-2] == 0x8b))
        return FOLLOW_NONE;
    if (field[-2] == 0x8b && (field[-1] & 0xc7) == 0x05)
        return FOLLOW_MOV;
    if (field[-2] == 0xff && field[-1] == 0x15)
        return FOLLOW_CALL;
    if (field[-2] == 0xff && field[-1] == 0x25)
        return FOLLOW_JUMP;
    return FOLLOW_NONE;
}

static uint8_t absolute(const struct relocation *r)
{
    switch (r->width) {
    case 8:
        return FOLLOW_ABS64;
    case 4:
        return r->range == RANGE_SIGNED ? FOLLOW_ABS32S : FOLLOW_ABS32;
    case 2:
        return FOLLOW_ABS16;
    default:
        return FOLLOW_ABS8;
    }
}

static uint8_t relative(const struct arch_scan *scan, const struct relocation *r,
                        const struct elf_rela *rela)
{
    switch (r->width) {
    case 8:
        return FOLLOW_REL64;
    case 4:
        return scan->executable && is_branch_field(scan->bytes.data, rela->r_offset, rela->r_addend)
                   ? FOLLOW_BRANCH
                   : FOLLOW_REL32;
    case 2:
        return FOLLOW_REL16;
    default:
        return FOLLOW_REL8;
    }
}

static void follow_tls(const struct arch_scan *scan, const struct relocation *r,
                       const struct elf_rela *rela, struct arch_field *out)
{
    struct tls_site site;

    if (r->formula == FORMULA_TLS) {
        out->kind = r->width == 8 ? FOLLOW_ABS64 : FOLLOW_ABS32S;
        return;
    }
    if (r->formula == FORMULA_TLS_CALL)
        out->records = 2;
    out->addend = 0;
    site = scan->tls->site(scan->bytes, scan->executable, r, rela);
    if (site.has_offset) {
        out->kind = FOLLOW_ABS32S;
        out->offset = site.offset;
    } else {
        out->reads_slot =
            scan->tls->use(r, rela, scan->bytes.data, scan->executable) & USE_TLS_SLOT;
    }
}

void elfin_arch_follow(const struct arch_scan *scan, uint64_t record, struct arch_field *out)
{
    struct elf_rela rela = read_rela(scan->rela, record);
    const struct relocation *r = &elfin_relocations[elf_rela_type(rela.r_info)];

    *out = (struct arch_field){ .offset = rela.r_offset, .addend = rela.r_addend, .records = 1 };
    switch (r->formula) {
    case FORMULA_ABSOLUTE:
        out->kind = absolute(r);
        break;
    case FORMULA_RELATIVE:
        out->kind = relative(scan, r, &rela);
        break;
    case FORMULA_BRANCH:
        out->kind = is_stub_field(scan->executable, rela.r_addend) ? FOLLOW_BRANCH : FOLLOW_REL32;
        break;
    case FORMULA_SLOT_RELAX:
    case FORMULA_SLOT_REX2:
        out->kind = slot_instruction(scan, r, &rela);
        out->reads_slot = out->kind == FOLLOW_NONE;
        break;
    case FORMULA_SLOT_PC:
    case FORMULA_SLOT:
        out->reads_slot = true;
        break;
    case FORMULA_GOT_OFFSET:
        out->kind = FOLLOW_REL64;
        out->from_got = true;
        break;
    case FORMULA_STUB_OFFSET:
        out->kind = FOLLOW_CALL64;
        out->from_got = true;
        break;
    case FORMULA_SIZE:
        out->kind = r->width == 8 ? FOLLOW_SIZE64 : FOLLOW_SIZE32;
        break;
    default:
        if (r->use & USE_TLS)
            follow_tls(scan, r, &rela, out);
        break;
    }
}
