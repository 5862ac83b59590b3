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

/* TLS types by number: the dynamic-linking model's, and the APX forms of the same. */
static bool is_tls(uint32_t type)
{
    return (type >= 16 && type <= 23) || (type >= 34 && type <= 36) || type == 44 || type == 45 ||
           type == 47 || type == 48 || type == 50 || type == 51;
}

static elfin_status refuse_type(struct arch_scan *scan, uint64_t record, uint32_t type)
{
    if (type >= RELOCATION_COUNT)
        return refuse(scan, record, ELFIN_ERR_RELOCATION_TYPE,
                      "the relocation's number is not in the psABI", "");
    if (is_tls(type))
        return refuse(scan, record, ELFIN_ERR_TLS, "it uses thread-local storage",
                      "do without _Thread_local, or compile with -femulated-tls");
    return refuse(scan, record, ELFIN_ERR_RELOCATION_TYPE,
                  "this type does not occur in relocatable objects of the compilers supported", "");
}

/* The use that a record makes of its symbol; its field is known to lie inside bytes. */
static unsigned use_of(const struct relocation *r, const struct elf_rela *rela,
                       const uint8_t *bytes, bool executable)
{
    if (r->use == USE_BRANCH && !is_stub_field(executable, rela->r_addend))
        return USE_NEAR;
    if (r->use == USE_NEAR && executable && is_branch_field(bytes, rela->r_offset, rela->r_addend))
        return USE_BRANCH;
    return r->use;
}

static void widen(struct arch_addends *addends, int64_t addend)
{
    if (addends->low > addend)
        addends->low = addend;
    if (addends->high < addend)
        addends->high = addend;
}

static void note_addend(struct arch_scan *scan, unsigned use, int64_t addend)
{
    if (use & USE_NEAR)
        widen(&scan->near, addend);
    if (use & USE_ABS32)
        widen(&scan->abs32, addend);
    if (use & USE_ABS32S)
        widen(&scan->abs32s, addend);
}

elfin_status elfin_arch_scan(struct arch_scan *scan)
{
    uint64_t count = scan->rela.size / sizeof(struct elf_rela);

    for (uint64_t i = 0; i < count; i++) {
        struct elf_rela rela = read_rela(scan->rela, i);
        uint32_t type = elf_rela_type(rela.r_info), symbol = elf_rela_symbol(rela.r_info);
        const struct relocation *r;
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
        if (scan->use[symbol] & USE_DEAD && r->use) {
            if (!scan->unwind)
                return refuse(scan, i, ELFIN_ERR_DISCARDED,
                              "its symbol lies in a section that is not loaded", "");
            scan->has_dead = true;
            continue;
        }
        use = use_of(r, &rela, scan->bytes.data, scan->executable);
        scan->use[symbol] |= (uint16_t)use;
        if (use & USE_CONSTRAINS)
            note_addend(scan, use, rela.r_addend);
        scan->needs_got |= r->needs_got;
    }
    return ELFIN_OK;
}

unsigned elfin_arch_record_use(struct span rela, uint64_t index, struct span bytes, bool executable)
{
    struct elf_rela record = read_rela(rela, index);
    const struct relocation *r = &elfin_relocations[elf_rela_type(record.r_info)];
    unsigned use = use_of(r, &record, bytes.data, executable);

    return use;
}
