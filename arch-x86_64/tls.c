/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage (psABI, chapter "Thread-Local Storage"; Drepper, "ELF Handling For
 * Thread-Local Storage", 4.4.6). Every block has a fixed place below the thread pointer, so each of
 * the ways in which compilers reach a variable becomes the shortest one, local-exec: the thread
 * pointer (%fs:0) plus a constant. Static linkers do the same, with the same bytes.
 *
 * A record stands for a whole sequence of instructions. Sequences are compared byte by byte when
 * the object is scanned, so that fix-up only has to write.
 */
#include "arch-x86_64/relocations.h"

enum {
    TLSGD = 19,
    TLSLD = 20,
    SEQUENCE_MAX = 22,
    FIELD_32 = 4
};

/* How a sequence calls __tls_get_addr: what kind of record its second field has. */
enum call_kind {
    CALL_DIRECT,  /* call rel32: PLT32, PC32 */
    CALL_SLOT,    /* call *slot(%rip): GOTPCREL and its relaxable forms */
    CALL_COMPUTED /* movabs $offset, %rax; add %got, %rax; call *%rax: PLTOFF64 */
};

/* A sequence that calls __tls_get_addr, and what it becomes. In both, the bytes of fields are 0. */
struct sequence {
    uint8_t type, kind;
    uint8_t size;
    uint8_t field, call; /* offsets of the two fields */
    uint8_t offset;      /* in `to`, of the offset from the thread pointer; 0 = none */
    uint8_t from[SEQUENCE_MAX], to[SEQUENCE_MAX];
};

/* The large model's add names the register with the GOT's address: REX.R and ModRM.reg are open. */
enum {
    COMPUTED_REX = 17,
    COMPUTED_MODRM = 19
};

/*
 * TLSGD: mov %fs:0, %rax; lea offset(%rax), %rax. TLSLD: mov %fs:0, %rax; offsets are then those of
 * DTPOFF32 records. Prefixes and no-ops fill up.
 */
static const struct sequence sequences[] = {
    { TLSGD,
      CALL_DIRECT,
      16,
      4,
      12,
      12,
      { 0x66, 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0x66, 0x66, 0x48, 0xe8 },
      { 0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0x48, 0x8d, 0x80 } },
    { TLSGD,
      CALL_SLOT,
      16,
      4,
      12,
      12,
      { 0x66, 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0x66, 0x48, 0xff, 0x15 },
      { 0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0x48, 0x8d, 0x80 } },
    { TLSGD,
      CALL_COMPUTED,
      22,
      3,
      9,
      12,
      { 0x48, 0x8d, 0x3d, 0, 0, 0, 0,    0x48, 0xb8, 0,    0,
        0,    0,    0,    0, 0, 0, 0x48, 0x01, 0xc0, 0xff, 0xd0 },
      { 0x64, 0x48, 0x8b, 0x04, 0x25, 0,    0,    0,    0,    0x48, 0x8d,
        0x80, 0,    0,    0,    0,    0x66, 0x0f, 0x1f, 0x44, 0,    0 } },
    { TLSLD,
      CALL_DIRECT,
      12,
      3,
      8,
      0,
      { 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0xe8 },
      { 0x66, 0x66, 0x66, 0x64, 0x48, 0x8b, 0x04, 0x25 } },
    { TLSLD,
      CALL_SLOT,
      13,
      3,
      9,
      0,
      { 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0xff, 0x15 },
      { 0x66, 0x66, 0x66, 0x66, 0x64, 0x48, 0x8b, 0x04, 0x25 } },
    { TLSLD,
      CALL_COMPUTED,
      22,
      3,
      9,
      0,
      { 0x48, 0x8d, 0x3d, 0, 0, 0, 0,    0x48, 0xb8, 0,    0,
        0,    0,    0,    0, 0, 0, 0x48, 0x01, 0xc0, 0xff, 0xd0 },
      { 0x66, 0x66, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0x64, 0x48, 0x8b, 0x04,
        0x25 } },
};

static unsigned call_width(const struct sequence *s)
{
    return s->kind == CALL_COMPUTED ? 8 : FIELD_32;
}

static bool is_open(const struct sequence *s, unsigned at)
{
    return (at >= s->field && at < s->field + (unsigned)FIELD_32) ||
           (at >= s->call && at < s->call + call_width(s));
}

static uint8_t byte_of(const struct sequence *s, unsigned at, uint8_t byte)
{
    if (s->kind == CALL_COMPUTED && at == COMPUTED_REX)
        return byte & 0xfb;
    if (s->kind == CALL_COMPUTED && at == COMPUTED_MODRM)
        return byte & 0xc7;
    return byte;
}

static bool is_sequence(const struct sequence *s, const uint8_t *bytes)
{
    for (unsigned i = 0; i < s->size; i++)
        if (!is_open(s, i) && byte_of(s, i, bytes[i]) != s->from[i])
            return false;
    return true;
}

/* The sequence that the record's field belongs to, or NULL. */
static const struct sequence *find_sequence(struct span bytes, const struct elf_rela *rela)
{
    for (unsigned i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        const struct sequence *s = &sequences[i];
        struct span code;

        if (s->type == elf_rela_type(rela->r_info) && rela->r_offset >= s->field &&
            span_cut(bytes, rela->r_offset - s->field, s->size, &code) && is_sequence(s, code.data))
            return s;
    }
    return NULL;
}

/* The type and addend that the second field's record must have. */
static bool is_call_record(const struct sequence *s, const struct elf_rela *rela)
{
    const struct relocation *r;

    if (elf_rela_type(rela->r_info) >= RELOCATION_COUNT)
        return false;
    r = &elfin_relocations[elf_rela_type(rela->r_info)];
    switch (s->kind) {
    case CALL_DIRECT:
        return r->width == FIELD_32 && rela->r_addend == -4 &&
               (r->formula == FORMULA_BRANCH || r->formula == FORMULA_RELATIVE);
    case CALL_SLOT:
        return r->width == FIELD_32 && rela->r_addend == -4 &&
               (r->formula == FORMULA_SLOT_PC || r->formula == FORMULA_SLOT_RELAX);
    default:
        return r->formula == FORMULA_STUB_OFFSET && rela->r_addend == 0;
    }
}

static uint32_t prove_call(const struct arch_scan *scan, uint64_t record,
                           const struct elf_rela *rela)
{
    const struct sequence *s = find_sequence(scan->bytes, rela);
    struct elf_rela call;

    if (!scan->executable || rela->r_addend != -4 || !s)
        return DEFECT_TLS_CALL;
    if (record + 1 >= scan->rela.size / sizeof(call))
        return DEFECT_TLS_CALL_MISSING;
    call = read_rela(scan->rela, record + 1);
    if (call.r_offset != rela->r_offset - s->field + s->call || !is_call_record(s, &call))
        return DEFECT_TLS_CALL_RECORD;
    if (!scan->tls_get_addr || elf_rela_symbol(call.r_info) != scan->tls_get_addr)
        return DEFECT_TLS_CALL_OTHER;
    return DEFECT_NONE;
}

/* A RIP-relative operand: mod 00, r/m 101. */
static bool is_slot_operand(uint8_t modrm)
{
    return (modrm & 0xc7) == 0x05;
}

/* REX.W with nothing but R open. */
static bool is_rex(uint8_t rex)
{
    return (rex & 0xfb) == 0x48;
}

/* d5, then a payload with W set and map 0: the opcodes are those without the prefix. */
static bool is_rex2(const uint8_t *prefix)
{
    return prefix[0] == 0xd5 && (prefix[1] & 0x88) == 0x08;
}

/* The instruction before a 4-byte field at its end: prefix, opcode, ModRM. */
static bool is_instruction(const struct elf_rela *rela, const uint8_t *bytes, bool rex2)
{
    uint64_t at = rela->r_offset;

    if (rela->r_addend != -4 || at < (rex2 ? 4 : 3) || !is_slot_operand(bytes[at - 1]))
        return false;
    return rex2 ? is_rex2(bytes + at - 4) : is_rex(bytes[at - 3]);
}

/* mov or add from a slot can become one of an immediate. */
static bool is_slot_instruction(const struct relocation *r, const struct elf_rela *rela,
                                const uint8_t *bytes)
{
    bool rex2 = r->formula == FORMULA_TLS_SLOT_REX2;

    if (r->formula == FORMULA_TLS_SLOT_EVEX || !is_instruction(rela, bytes, rex2))
        return false;
    return bytes[rela->r_offset - 2] == 0x8b || bytes[rela->r_offset - 2] == 0x03;
}

static bool is_slot_formula(const struct relocation *r)
{
    return r->formula == FORMULA_TLS_SLOT || r->formula == FORMULA_TLS_SLOT_REX2 ||
           r->formula == FORMULA_TLS_SLOT_EVEX;
}

static unsigned tls_use(const struct relocation *r, const struct elf_rela *rela,
                        const uint8_t *bytes, bool executable)
{
    if (is_slot_formula(r) && !(executable && is_slot_instruction(r, rela, bytes)))
        return USE_TLS | USE_TLS_SLOT;
    return USE_TLS;
}

static uint32_t prove_desc(const struct arch_scan *scan, const struct relocation *r,
                           const struct elf_rela *rela)
{
    bool rex2 = r->formula == FORMULA_TLS_DESC_REX2;

    if (r->formula != FORMULA_TLS_DESC_EVEX && scan->executable &&
        is_instruction(rela, scan->bytes.data, rex2) &&
        scan->bytes.data[rela->r_offset - 2] == 0x8d)
        return DEFECT_NONE;
    return DEFECT_TLS_LEA;
}

static uint32_t prove_desc_call(const struct arch_scan *scan, const struct elf_rela *rela)
{
    const uint8_t *code = scan->bytes.data + rela->r_offset;

    if (scan->executable && code[0] == 0xff && code[1] == 0x10)
        return DEFECT_NONE;
    return DEFECT_TLS_DESC_CALL;
}

static uint32_t prove(const struct arch_scan *scan, uint64_t record, const struct relocation *r,
                      const struct elf_rela *rela)
{
    switch (r->formula) {
    case FORMULA_TLS_CALL:
        return prove_call(scan, record, rela);
    case FORMULA_TLS_DESC:
    case FORMULA_TLS_DESC_REX2:
    case FORMULA_TLS_DESC_EVEX:
        return prove_desc(scan, r, rela);
    case FORMULA_TLS_DESC_CALL:
        return prove_desc_call(scan, rela);
    default:
        return DEFECT_NONE;
    }
}

bool elfin_arch_tls_fits(const struct arch_scan *scan, uint64_t record, uint64_t s,
                         struct arch_failure *failure)
{
    struct elf_rela rela = read_rela(scan->rela, record);
    const struct relocation *r = &elfin_relocations[elf_rela_type(rela.r_info)];
    uint64_t value = r->formula == FORMULA_TLS ? s + (uint64_t)rela.r_addend : s;

    if (!(r->use & USE_TLS) || r->width != FIELD_32 || r->range == RANGE_ANY ||
        tls_use(r, &rela, scan->bytes.data, scan->executable) & USE_TLS_SLOT || fits_s32(value))
        return true;
    *failure = (struct arch_failure){
        .record = record,
        .defect = DEFECT_TLS_OFFSET,
        .value = value,
        .low = 0 - ((uint64_t)1 << 31),
        .high = ((uint64_t)1 << 31) - 1,
        .is_signed = true,
    };
    return false;
}

static void write_sequence(const struct arch_fixup *f, const struct elf_rela *rela, uint64_t s)
{
    const struct sequence *sequence = find_sequence(f->bytes, rela);
    uint8_t *code = f->edit + (rela->r_offset - sequence->field);

    __builtin_memcpy(code, sequence->to, sequence->size);
    if (sequence->offset)
        store32(code + sequence->offset, s);
}

/*
 * mov slot(%rip), %reg  ->  mov $offset, %reg          8b /r  ->  c7 /0 id
 * lea desc(%rip), %reg  ->  mov $offset, %reg          8d /r  ->  c7 /0 id
 * add slot(%rip), %reg  ->  lea offset(%reg), %reg     03 /r  ->  8d /r, as the linkers do; but
 *                       ->  add $offset, %reg          81 /0 id  for rsp and r12, whose lea is a
 *                                                      byte longer, and with REX2
 */
static void write_immediate(const struct arch_fixup *f, const struct elf_rela *rela, bool rex2,
                            uint64_t s)
{
    const uint8_t *old = f->bytes.data + rela->r_offset;
    uint8_t *code = f->edit + rela->r_offset;
    uint8_t reg = old[-1] >> 3 & 7;

    if (rex2)
        code[-4] = 0xd5;
    /* The register moves from ModRM.reg to ModRM.r/m, its high bits with it: R to B, R4 to B4. */
    code[-3] = (uint8_t)(rex2 ? 0x08 | (old[-3] & 0x44) >> 2 : 0x48 | (old[-3] & 0x04) >> 2);
    if (old[-2] != 0x03) {
        code[-2] = 0xc7;
        code[-1] = 0xc0 | reg;
    } else if (rex2 || reg == 4) {
        code[-2] = 0x81;
        code[-1] = 0xc0 | reg;
    } else {
        code[-3] |= old[-3] & 4;
        code[-2] = 0x8d;
        code[-1] = (uint8_t)(0x80 | reg << 3 | reg);
    }
    store32(code, s);
}

static struct tls_site find_site(struct span bytes, bool executable, const struct relocation *r,
                                 const struct elf_rela *rela)
{
    struct tls_site site = { .start = rela->r_offset, .size = r->width };
    const struct sequence *s;
    bool rex2 = r->formula == FORMULA_TLS_SLOT_REX2 || r->formula == FORMULA_TLS_DESC_REX2;

    switch (r->formula) {
    case FORMULA_TLS_CALL:
        s = find_sequence(bytes, rela);
        site.start -= s->field;
        site.size = s->size;
        site.has_offset = s->offset;
        site.offset = site.start + s->offset;
        return site;
    case FORMULA_TLS_DESC_CALL:
        return site;
    default:
        if (is_slot_formula(r) && !(executable && is_slot_instruction(r, rela, bytes.data)))
            return site;
        site.start -= rex2 ? 4 : 3;
        site.size += rex2 ? 4 : 3;
        site.has_offset = true;
        site.offset = rela->r_offset;
        return site;
    }
}

static bool rewrite(const struct arch_fixup *f, const struct relocation *r,
                    const struct elf_rela *rela, uint64_t s)
{
    switch (r->formula) {
    case FORMULA_TLS_CALL:
        write_sequence(f, rela, s);
        return true;
    case FORMULA_TLS_DESC_CALL:
        f->edit[rela->r_offset] = 0x66;
        f->edit[rela->r_offset + 1] = 0x90;
        return true;
    default:
        if (is_slot_formula(r) && !(f->executable && is_slot_instruction(r, rela, f->bytes.data)))
            return false;
        write_immediate(
            f, rela, r->formula == FORMULA_TLS_SLOT_REX2 || r->formula == FORMULA_TLS_DESC_REX2, s);
        return true;
    }
}

const struct arch_tls elfin_arch_tls = {
    .use = tls_use,
    .prove = prove,
    .rewrite = rewrite,
    .site = find_site,
};
