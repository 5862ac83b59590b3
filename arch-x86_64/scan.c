/* SPDX-License-Identifier: MIT */
/* Proves what can be known of relocation records before anything is placed. */
#include "arch-x86_64/relocations.h"

static elfin_status refuse(struct arch_scan *scan, uint64_t record, uint32_t defect)
{
    scan->failure = (struct arch_failure){ .record = record, .defect = defect };
    return defect_status(defect);
}

static elfin_status refuse_type(struct arch_scan *scan, uint64_t record, uint32_t type)
{
    if (type >= RELOCATION_COUNT)
        return refuse(scan, record, DEFECT_RELOCATION_NUMBER);
    return refuse(scan, record, DEFECT_RELOCATION_TYPE);
}

unsigned elfin_use_of(const struct arch_scan *scan, const struct relocation *r,
                      const struct elf_rela *rela)
{
    if (r->use == USE_TLS && scan->tls)
        return scan->tls->use(r, rela, scan->bytes.data, scan->executable);
    if (r->use == USE_BRANCH && !is_stub_field(scan->executable, rela->r_addend))
        return USE_NEAR;
    if (r->use == USE_NEAR && scan->executable &&
        is_branch_field(scan->bytes.data, rela->r_offset, rela->r_addend))
        return USE_BRANCH;
    return r->use;
}

static inline elfin_status add_to_row(struct arch_scan *scan, struct pending *pending,
                                      uint32_t symbol, uint32_t type, int64_t k)
{
    if (widen(pending, symbol, type, k) || !scan->demands)
        return ELFIN_OK;
    return scan->demands->begin_row(scan, pending, symbol, type, k);
}

static uint32_t prove(const struct arch_scan *scan, uint64_t record, const struct relocation *r,
                      const struct elf_rela *rela)
{
    return scan->tls ? scan->tls->prove(scan, record, r, rela) : (uint32_t)DEFECT_NO_THREADS_USE;
}

/* Any record. *skip is set when the next one belongs to it. */
static elfin_status scan_any(struct arch_scan *scan, struct pending *pending, uint64_t i,
                             bool *skip)
{
    const struct elf_rela *rela = rela_at(scan->rela, i);
    uint32_t type = elf_rela_type(rela->r_info), symbol = elf_rela_symbol(rela->r_info);
    const struct relocation *r;
    uint32_t wrong;
    unsigned use;

    if (type >= RELOCATION_COUNT || elfin_relocations[type].formula == FORMULA_REFUSED)
        return refuse_type(scan, i, type);
    r = &elfin_relocations[type];
    if (symbol >= scan->symbol_count)
        return refuse(scan, i, DEFECT_RELOCATION_SYMBOL);
    if (rela->r_offset > scan->bytes.size || r->width > scan->bytes.size - rela->r_offset)
        return refuse(scan, i, DEFECT_RELOCATION_FIELD);
    if (symbol == 0 && r->use & USE_SLOT)
        return refuse(scan, i, DEFECT_RELOCATION_NO_SYMBOL);
    if (!scan->slots && (r->use & USE_SLOT || r->needs_got))
        return refuse(scan, i, DEFECT_NO_SLOTS);
    if (symbol == 0 && r->use & USE_TLS)
        return refuse(scan, i, DEFECT_RELOCATION_TLS_NO_SYMBOL);
    if (scan->use[symbol] & USE_DEAD && r->use) {
        if (!scan->unwind)
            return refuse(scan, i, DEFECT_RELOCATION_DISCARDED);
        scan->has_dead = true;
        return ELFIN_OK;
    }
    wrong = r->use & USE_TLS ? prove(scan, i, r, rela) : DEFECT_NONE;
    if (wrong)
        return refuse(scan, i, wrong);
    use = elfin_use_of(scan, r, rela);
    scan->use[symbol] |= (uint16_t)use;
    if (scan->demands) {
        elfin_status status = scan->demands->add(scan, pending, rela, use);

        if (status != ELFIN_OK)
            return refuse(scan, i, defect_as(DEFECT_SCAN_MEMORY, status));
    }
    scan->needs_got |= r->needs_got;
    scan->has_tls |= (use & USE_TLS) != 0;
    *skip = r->formula == FORMULA_TLS_CALL; /* its call's record has been proven with it */
    return ELFIN_OK;
}

/*
 * The other records that objects consist of. The use they make of a symbol that is loaded; 0: for
 * scan_any, which tries again and reports.
 */
static unsigned common_use(struct arch_scan *scan, struct pending *pending, uint32_t type,
                           uint32_t symbol, uint64_t offset, int64_t addend)
{
    switch (type) {
    case R_64:
    case R_PC64:
        return scan->bytes.size - offset >= 8 ? USE_VALUE : 0;
    case R_PLT32:
        return is_stub_field(scan->executable, addend) ? USE_BRANCH : 0;
    case R_PC32:
        if (scan->executable && is_branch_field(scan->bytes.data, offset, addend))
            return USE_BRANCH;
        return add_to_row(scan, pending, symbol, R_PC32, addend - (int64_t)offset) == ELFIN_OK
                   ? USE_NEAR
                   : 0;
    case R_32S:
        return add_to_row(scan, pending, symbol, R_32S, addend) == ELFIN_OK ? USE_ABS32S : 0;
    case R_GOTPCREL:
    case R_GOTPCRELX:
    case R_REX_GOTPCRELX:
        return scan->slots ? USE_SLOT : 0;
    default:
        return 0;
    }
}

/* The last record that belongs to it: itself, or the one after it; NULL: it is refused. */
static __attribute__((noinline)) const uint8_t *
scan_record(struct arch_scan *scan, struct pending *pending, const uint8_t *at)
{
    uint64_t offset = read_word(at), info = read_word(at + 8);
    int64_t addend = (int64_t)read_word(at + 16);
    uint32_t symbol = elf_rela_symbol(info), use = 0;
    bool skip = false;

    if (FOR_SPEED && symbol && symbol < scan->symbol_count && scan->bytes.size >= 4 &&
        offset <= scan->bytes.size - 4 && is_small(addend) && !(scan->use[symbol] & USE_DEAD))
        use = common_use(scan, pending, elf_rela_type(info), symbol, offset, addend);
    if (use)
        scan->use[symbol] |= (uint16_t)use;
    else if (scan_any(scan, pending, (uint64_t)(at - scan->rela.data) / sizeof(struct elf_rela),
                      &skip) != ELFIN_OK)
        return NULL;
    return skip ? at + sizeof(struct elf_rela) : at;
}

static elfin_status flush(struct arch_scan *scan, struct pending *pending)
{
    elfin_status status = scan->demands->flush(scan, pending);

    if (status == ELFIN_OK)
        return ELFIN_OK;
    return refuse(scan, scan->rela.size / sizeof(struct elf_rela) - 1,
                  defect_as(DEFECT_SCAN_MEMORY, status));
}

/*
 * The last of the records that name the symbol and type of the one at `at`, and whose offsets and
 * addends are beyond doubt.
 */
static inline const uint8_t *skip_run(const uint8_t *at, const uint8_t *end, uint64_t info,
                                      uint64_t limit)
{
    const uint8_t *next = at + sizeof(struct elf_rela);

    while (next != end && read_word(next + 8) == info && read_word(next) < limit &&
           is_small((int64_t)read_word(next + 16)))
        next += sizeof(struct elf_rela);
    return next - sizeof(struct elf_rela);
}

/*
 * Most records add nothing to what is known, which takes no call and no look at the code: their
 * symbol is none but 0, their field lies in the section, their addend is small. Then a word,
 * displacement or branch always reaches what lies inside, and most other branches repeat what is
 * known. Tables about code and tables of words name one symbol many times.
 */
elfin_status elfin_arch_scan(struct arch_scan *scan)
{
    const uint8_t *at = scan->rela.data, *const end = at + scan->rela.size;
    const uint64_t limit = scan->bytes.size < 4 ? 0 : scan->bytes.size - 3;
    const uint32_t others = scan->symbol_count ? scan->symbol_count - 1 : 0;
    const int64_t call = scan->executable ? -4 : INT64_MIN; /* the addend of a branch */
    uint16_t *const uses = scan->use;
    struct pending pending;

    pending.wider = 0;
    for (unsigned i = 0; i < ROW_COUNT; i++)
        pending.row[i].type = 0;
    for (; at < end; at += sizeof(struct elf_rela)) {
        uint64_t offset = read_word(at), info = read_word(at + 8);
        int64_t addend = (int64_t)read_word(at + 16);
        uint32_t symbol = elf_rela_symbol(info), type = elf_rela_type(info);

        if (symbol - 1 < others && offset < limit && is_small(addend)) {
            unsigned known = uses[symbol];

            if (is_pc32(type)) {
                unsigned branch = type / 2 & USE_BRANCH; /* 0 of R_PC32 */

                if (known & (USE_INNER | (branch & (0u - (unsigned)(addend == call))))) {
                    if (call != -4 && known & USE_INNER)
                        at = skip_run(at, end, info, limit);
                    continue;
                }
                if (branch && addend == call && !(known & USE_DEAD)) {
                    uses[symbol] = (uint16_t)(known | USE_BRANCH);
                    continue;
                }
            } else if (type == R_32S) {
                if (known & USE_ABS32S && widen(&pending, symbol, R_32S, addend))
                    continue;
            } else if (type == R_64) {
                if (offset + 4 < limit && known & (USE_INNER | USE_VALUE)) {
                    at = skip_run(at, end, info, limit - 4);
                    continue;
                }
            } else if (type - R_GOTPCRELX < 2 && known & USE_SLOT) {
                continue;
            }
        }
        at = scan_record(scan, &pending, at);
        if (!at)
            return defect_status(scan->failure.defect);
    }
    return pending.wider ? flush(scan, &pending) : ELFIN_OK;
}
