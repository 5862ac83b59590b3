/* SPDX-License-Identifier: MIT */
/*
 * The x86-64 relocation types as one table (psABI 4.4.1, "Relocation Types"). In the formulas: S
 * value of the symbol, A addend, P address of the field, G the symbol's slot as an offset into the
 * slot table, GOT the address of that table, L the symbol or a stub that jumps to it, Z its size.
 */
#ifndef ARCH_X86_64_RELOCATIONS_H
#define ARCH_X86_64_RELOCATIONS_H

#include "loader/arch.h"
#include "loader/elf.h"

enum formula {
    FORMULA_REFUSED,     /* known by name only */
    FORMULA_NONE,        /* nothing is stored */
    FORMULA_ABSOLUTE,    /* S + A */
    FORMULA_RELATIVE,    /* S + A - P; L + A - P when the bytes prove a branch */
    FORMULA_BRANCH,      /* L + A - P */
    FORMULA_SLOT,        /* G + A */
    FORMULA_SLOT_PC,     /* G + GOT + A - P */
    FORMULA_SLOT_RELAX,  /* the same; the instruction may be rewritten to need no slot */
    FORMULA_GOT_OFFSET,  /* S + A - GOT */
    FORMULA_GOT_PC,      /* GOT + A - P */
    FORMULA_STUB_OFFSET, /* L - GOT + A */
    FORMULA_SIZE,        /* Z + A */
    FORMULA_SLOT_REX2,   /* as FORMULA_SLOT_RELAX, of an instruction with a REX2 prefix */
    FORMULA_TLS,         /* S + A, S being an offset from the thread pointer, as in all of these */
    FORMULA_TLS_CALL,    /* a sequence that calls __tls_get_addr; see tls.c */
    FORMULA_TLS_SLOT,    /* G + GOT + A - P, G's slot holding S; or S, rewritten */
    FORMULA_TLS_SLOT_REX2,
    FORMULA_TLS_SLOT_EVEX, /* the slot always */
    FORMULA_TLS_DESC,      /* S, rewritten */
    FORMULA_TLS_DESC_REX2,
    FORMULA_TLS_DESC_EVEX, /* no such instruction is defined */
    FORMULA_TLS_DESC_CALL, /* nothing: becomes a no-op */
};

/* Which values a field can hold. */
enum range {
    RANGE_ANY,      /* 64 bits hold everything */
    RANGE_UNSIGNED, /* 0 to 2^n - 1 */
    RANGE_SIGNED,   /* -2^(n-1) to 2^(n-1) - 1 */
    RANGE_EITHER,   /* -2^(n-1) to 2^n - 1 */
};

struct relocation {
    uint8_t formula, width, range;
    uint16_t use; /* USE_* that it makes of its symbol; branches and TLS are judged by the bytes */
    bool needs_got; /* its formula contains GOT */
};

enum {
    RELOCATION_COUNT = ARCH_TYPE_LIMIT
};

/* The types that others are reduced to, and those that objects are made of. */
enum {
    R_64 = 1,
    R_PC32 = 2,
    R_PLT32 = 4,
    R_GOTPCREL = 9,
    R_32 = 10,
    R_32S = 11,
    R_TPOFF64 = 18,
    R_TPOFF32 = 23,
    R_PC64 = 24,
    R_GOTPCRELX = 41,
    R_REX_GOTPCRELX = 42,
    R_CODE_4_GOTPCRELX = 43
};

extern const struct relocation elfin_relocations[RELOCATION_COUNT];

/*
 * True if the 4-byte field at `offset` of executable bytes is proven to be the displacement of a
 * direct branch: call rel32 (e8), jmp rel32 (e9) or jcc rel32 (0f 80-8f), ending with the field.
 * Proof: the byte before a RIP-relative displacement is a ModRM byte with mod = 00 and r/m = 101,
 * which none of e8, e9 and 80-8f is; so the field cannot be an operand in memory.
 */
static inline bool is_branch_field(const uint8_t *bytes, uint64_t offset, int64_t addend)
{
    if (addend != -4 || offset < 1)
        return false;
    if (bytes[offset - 1] == 0xe8 || bytes[offset - 1] == 0xe9)
        return true;
    return offset >= 2 && bytes[offset - 2] == 0x0f && (bytes[offset - 1] & 0xf0) == 0x80;
}

/* R_PC32 or R_PLT32, in one comparison: which of them it is cannot be foreseen. */
static inline bool is_pc32(uint32_t type)
{
    return ((type - R_PC32) & ~(uint32_t)(R_PLT32 - R_PC32)) == 0;
}

static inline bool is_small(int64_t addend)
{
    return addend >= -ARCH_SMALL_ADDEND && addend <= ARCH_SMALL_ADDEND;
}

/*
 * True if a stub may stand in for the symbol of a PLT32 record. In code only a branch that ends
 * with the field goes to S itself; with another addend it would land inside the stub. In data the
 * field is a relative pointer and any addend is right that does not lead out of the stub's reach.
 */
static inline bool is_stub_field(bool executable, int64_t addend)
{
    return executable ? addend == -4 : is_small(addend);
}

static inline struct elf_rela read_rela(struct span table, uint64_t index)
{
    struct elf_rela rela;

    span_record(table, index, &rela, sizeof(rela));
    return rela;
}

static inline const struct elf_rela *rela_at(struct span table, uint64_t index)
{
    return (const struct elf_rela *)table.data + index;
}

/* The same, field by field, for loops that keep them in registers. */
static inline uint64_t read_word(const uint8_t *at)
{
    uint64_t word;

    __builtin_memcpy(&word, at, sizeof(word));
    return word;
}

static inline bool fits_s32(uint64_t value)
{
    return value == (uint64_t)(int64_t)(int32_t)value;
}

/* ---- scan.c ---------------------------------------------------------------------------------- */

/* The use that a record makes of its symbol; its field is known to lie inside bytes. */
unsigned elfin_use_of(const struct arch_scan *scan, const struct relocation *r,
                      const struct elf_rela *rela);

/* ---- fixup.c --------------------------------------------------------------------------------- */

bool elfin_field_holds(uint64_t value, const struct relocation *r);
struct arch_failure elfin_out_of_range(uint64_t record, const struct relocation *r, uint64_t value);

/* ---- slots.c --------------------------------------------------------------------------------- */

static inline void store32(uint8_t *field, uint64_t value)
{
    __builtin_memcpy(field, &value, 4);
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

/* Fields that have to do with slots and stubs. */
struct arch_slots {
    /*
     * A displacement of 4 bytes that would be this value, which does not fit, or whose symbol is 0:
     * to the symbol's stub or to the trap if one of them can stand in for it.
     */
    uint64_t (*far)(struct arch_fixup *f, const struct elf_rela *rela, const struct relocation *r,
                    uint64_t value);
    /* The value of a field, as all other formulas have it; *stored: nothing is left to store. */
    uint64_t (*evaluate)(struct arch_fixup *f, const struct elf_rela *rela,
                         const struct relocation *r, bool *stored);
};

/* ---- demand.c -------------------------------------------------------------------------------- */

/*
 * Demands that come in rows, as those of .rodata or of imported data do, widen an entry of this
 * small cache, and are given to the loader when the entry is needed for others. The first of each
 * row is given at once, so that the order in which the loader meets them is that of the table.
 */
struct row {
    uint32_t symbol;
    uint32_t type;       /* PC32 (data) or 32S; 0: nothing can be added */
    int64_t least, most; /* of k */
};

enum {
    ROW_COUNT = 8
};

struct pending {
    unsigned wider; /* bit per row: to be given to the loader */
    struct row row[ROW_COUNT];
};

static inline bool widen(struct pending *pending, uint32_t symbol, uint32_t type, int64_t k)
{
    struct row *row = &pending->row[symbol % ROW_COUNT];

    if (row->type != type || row->symbol != symbol)
        return false;
    if (k < row->least)
        row->least = k;
    else if (k > row->most)
        row->most = k;
    else
        return true;
    pending->wider |= 1u << symbol % ROW_COUNT;
    return true;
}

/* Tells the loader what records demand. ELFIN_OK, or why it could not keep it. */
struct arch_demands {
    /* The first demand of a row: whose entry is taken is given to the loader. */
    elfin_status (*begin_row)(struct arch_scan *scan, struct pending *pending, uint32_t symbol,
                              uint32_t type, int64_t k);
    /* What a record demands, if anything, that uses its symbol so. */
    elfin_status (*add)(struct arch_scan *scan, struct pending *pending,
                        const struct elf_rela *rela, unsigned use);
    /* All rows, when there are no more records. */
    elfin_status (*flush)(struct arch_scan *scan, struct pending *pending);
};

/* ---- tls.c ----------------------------------------------------------------------------------- */

/* What struct arch_tls.rewrite writes to, as offsets in the section. */
struct tls_site {
    uint64_t start, size;
    uint64_t offset; /* of the 32 bits that hold S then */
    bool has_offset;
};

struct arch_tls {
    /* The use that a record of a TLS type makes of its symbol; its field lies in bytes. */
    unsigned (*use)(const struct relocation *r, const struct elf_rela *rela, const uint8_t *bytes,
                    bool executable);
    /* Proves the code around a record of a TLS type. DEFECT_NONE, or what is wrong. */
    uint32_t (*prove)(const struct arch_scan *scan, uint64_t record, const struct relocation *r,
                      const struct elf_rela *rela);
    /*
     * Rewrites the code of a record of a TLS type so that it needs neither slot nor call. False if
     * it is one that keeps its slot. The file's bytes decide, which the scan has proven: other
     * records, in a hostile file, may have overwritten the same place.
     */
    bool (*rewrite)(const struct arch_fixup *f, const struct relocation *r,
                    const struct elf_rela *rela, uint64_t s);
    struct tls_site (*site)(struct span bytes, bool executable, const struct relocation *r,
                            const struct elf_rela *rela);
};

#endif
