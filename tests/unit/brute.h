/* SPDX-License-Identifier: MIT */
/* Random objects, as a model that a naive linker can evaluate and as files for the loader. */
#ifndef TESTS_UNIT_BRUTE_H
#define TESTS_UNIT_BRUTE_H

#include "tests/lib/expect.h"

enum {
    MAX_OBJECTS = 2,
    MAX_PARTS = 4, /* sections of an object */
    MAX_NAMES = 24,
    MAX_RECORDS = 12,
    MAX_EXPORTS = 4,
    CELL = 24, /* bytes of a section for one record: room for an opcode and 8 bytes of field */
    TINY = 16, /* size that a large zero-filled section has for finding the layout */
    SMALL_ADDEND = 16 << 20 /* data fields may name a stub with addends up to this (elfin's rule) */
};

enum part_kind {
    CODE,
    CONSTANTS,
    RELRO,
    DATA,
    BSS
};

struct part {
    enum part_kind kind;
    uint64_t size, align;
    unsigned cells;  /* that records may still take */
    uint8_t *bytes;  /* NULL: BSS */
    bool large;      /* TINY for finding the layout */
    uint64_t offset; /* in the block: found */
    int index;       /* section index in the file */
    unsigned relas;  /* records so far */
};

enum name_kind {
    LOCAL,
    GLOBAL,
    SECTION_NAME,
    ABSOLUTE,
    COMMON,
    INDIRECT,
    IMPORT,
    WEAK,
    PEER, /* defined by the other object */
    TABLE /* _GLOBAL_OFFSET_TABLE_ */
};

struct name {
    enum name_kind kind;
    char text[32];
    unsigned part;        /* LOCAL, GLOBAL, SECTION_NAME, INDIRECT */
    unsigned other;       /* IMPORT: number of the export; PEER: of the name in the other object */
    uint64_t value, size; /* as in the symbol table */
    bool hidden;
    uint64_t offset; /* COMMON, INDIRECT: in the block, found */
};

/* How the value of a field is made; psABI 4.4.1. */
enum way {
    WAY_ANY,    /* holds always: 64 bits, or a branch, which has a stub */
    WAY_VALUE,  /* S + A */
    WAY_PLACE,  /* S + A - P */
    WAY_SLOT,   /* G + GOT + A - P */
    WAY_INDEX,  /* G + A */
    WAY_TABLE,  /* GOT + A - P */
    WAY_SIZE_OF /* Z + A */
};

struct record {
    unsigned part;
    uint64_t offset;
    uint32_t type;
    int name; /* -1: symbol 0 */
    int64_t addend;
    enum way way;
    unsigned number; /* in its relocation table */
    uint64_t slot;   /* WAY_SLOT, WAY_INDEX: offset in the block, found */
};

struct model {
    struct part parts[MAX_PARTS];
    struct name names[MAX_NAMES];
    struct record records[MAX_RECORDS];
    unsigned part_count, name_count, record_count;
    uint64_t got; /* offset in the block, found */
};

static inline bool chance(unsigned percent)
{
    return test_random_below(100) < percent;
}

#define PICK(list) ((list)[test_random_below(sizeof(list) / sizeof((list)[0]))])

/* Numbers at which signs, widths and windows change, and their neighbours. */
static inline uint64_t edge_number(void)
{
    static const unsigned bits[] = { 7, 8, 12, 15, 16, 20, 24, 31, 31, 32, 32, 33, 47, 62, 63 };
    uint64_t number = chance(20) ? 0 : UINT64_C(1) << PICK(bits);

    if (chance(30))
        number = number * 3 / 2;
    if (chance(50))
        number = 0 - number;
    return number + (chance(60) ? test_random_below(5) - 2 : test_random_below(0x8000) - 0x4000);
}

static inline uint64_t any_number(void)
{
    return chance(70) ? edge_number() : test_random() >> test_random_below(64);
}

static inline uint64_t section_size(bool large)
{
    if (large)
        return UINT64_C(0x7d000000) - test_random_below(0x10000) * 0x1000;
    if (chance(80))
        return test_random_below(200);
    return chance(50) ? test_random_below(0x2000) : 0x7f00 + test_random_below(0x200);
}

static inline void make_part(struct model *m, bool large)
{
    static const uint64_t aligns[] = { 1, 1, 1, 4, 16, 16, 16, 64, 4096, 0x4000 };
    struct part *p = &m->parts[m->part_count++];

    p->kind = large                ? BSS
              : m->part_count == 1 ? (chance(50) ? CODE : DATA)
                                   : (enum part_kind)test_random_below(BSS + 1);
    p->align = chance(2) ? 0x200000 : PICK(aligns);
    p->large = large;
    p->cells = p->kind == BSS ? 0 : 1 + (unsigned)test_random_below(4);
    p->size = CELL * p->cells + section_size(large);
    if (p->kind == BSS)
        return;
    p->bytes = xmalloc(p->size);
    memset(p->bytes, 0, p->size);
}

static inline struct name *add_name(struct model *m, enum name_kind kind, const char *prefix)
{
    struct name *n = &m->names[m->name_count];

    REQUIRE(m->name_count < MAX_NAMES);
    memset(n, 0, sizeof *n);
    n->kind = kind;
    snprintf(n->text, sizeof n->text, "%s%u", prefix, m->name_count++);
    return n;
}

/* Mostly inside of its section or at its end; else anywhere. */
static inline uint64_t value_in(const struct part *p)
{
    if (p->large)
        return chance(50) ? 0 : chance(70) ? p->size : p->size + (test_random() >> 16);
    if (chance(75))
        return test_random_below(p->size + 1);
    return chance(50) ? p->size + edge_number() : any_number();
}

static inline void make_names(struct model *m, const char *prefix, bool commons)
{
    static const enum name_kind kinds[] = { LOCAL, LOCAL, GLOBAL, GLOBAL, SECTION_NAME };
    unsigned count = 1 + (unsigned)test_random_below(6);

    for (unsigned i = 0; i < count; i++) {
        struct name *n = add_name(m, PICK(kinds), prefix);
        struct part *p;

        n->part = (unsigned)test_random_below(m->part_count);
        p = &m->parts[n->part];
        n->value = n->kind == SECTION_NAME ? 0 : value_in(p);
        n->size = chance(50) ? test_random_below(64) : any_number();
        if (n->kind == GLOBAL && chance(15) && p->kind == CODE) {
            n->kind = INDIRECT;
            n->value = test_random_below(p->size);
        }
    }
    if (chance(40))
        add_name(m, ABSOLUTE, prefix)->value = any_number();
    if (chance(25))
        add_name(m, WEAK, prefix);
    if (commons && chance(20)) {
        struct name *n = add_name(m, COMMON, prefix);

        n->value = UINT64_C(1) << test_random_below(6);
        n->size = 1 + test_random_below(100);
    }
    if (chance(20)) {
        struct name *n = add_name(m, TABLE, prefix);

        snprintf(n->text, sizeof n->text, "_GLOBAL_OFFSET_TABLE_");
    }
    for (unsigned e = 0; e < MAX_EXPORTS; e++) {
        if (chance(40)) {
            struct name *n = add_name(m, IMPORT, prefix);

            n->other = e;
            snprintf(n->text, sizeof n->text, "e%u", e);
        }
    }
}

/* References to what the other object defines. */
static inline void make_peers(struct model *m, const struct model *other)
{
    for (unsigned i = 0; i < other->name_count && m->name_count < MAX_NAMES; i++) {
        const struct name *from = &other->names[i];
        struct name *n;

        if ((from->kind != GLOBAL && from->kind != COMMON && from->kind != INDIRECT) ||
            (!from->hidden && chance(40)))
            continue;
        n = add_name(m, PEER, "");
        n->other = i;
        n->hidden = from->hidden;
        memcpy(n->text, from->text, sizeof n->text);
    }
}

static inline bool is_wide(uint32_t type)
{
    return type == R_X86_64_64 || type == R_X86_64_PC64 || type == R_X86_64_GOTOFF64 ||
           type == R_X86_64_GOT64 || type == R_X86_64_GOTPCREL64 || type == R_X86_64_GOTPC64 ||
           type == R_X86_64_SIZE64 || type == R_X86_64_PLTOFF64;
}

static inline enum way way_of(uint32_t type)
{
    switch (type) {
    case R_X86_64_32:
    case R_X86_64_32S:
    case R_X86_64_16:
    case R_X86_64_8:
        return WAY_VALUE;
    case R_X86_64_PC32:
    case R_X86_64_PC16:
    case R_X86_64_PC8:
    case R_X86_64_PLT32:
        return WAY_PLACE;
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX:
        return WAY_SLOT;
    case R_X86_64_GOT32:
        return WAY_INDEX;
    case R_X86_64_GOTPC32:
        return WAY_TABLE;
    case R_X86_64_SIZE32:
        return WAY_SIZE_OF;
    default:
        return WAY_ANY;
    }
}

/* A direct branch in code, or a relative pointer to a function in data: reaches everything. */
static inline void make_branch(struct part *p, struct record *r)
{
    static const uint8_t opcodes[] = { 0xe8, 0xe9, 0x84, 0x8f };
    uint8_t opcode = PICK(opcodes);

    r->way = WAY_ANY;
    r->addend = p->kind == CODE ? -4 : (int64_t)test_random_below(2 * SMALL_ADDEND) - SMALL_ADDEND;
    p->bytes[r->offset - 1] = opcode;
    p->bytes[r->offset - 2] = (opcode & 0xf0) == 0x80 ? 0x0f : 0;
}

/* Everything but the addends of narrow fields, which are chosen when the layout is known. */
static inline bool make_record(struct model *m)
{
    static const uint32_t types[] = { R_X86_64_32,
                                      R_X86_64_32,
                                      R_X86_64_32S,
                                      R_X86_64_32S,
                                      R_X86_64_PC32,
                                      R_X86_64_PC32,
                                      R_X86_64_PC32,
                                      R_X86_64_PLT32,
                                      R_X86_64_PLT32,
                                      R_X86_64_16,
                                      R_X86_64_PC16,
                                      R_X86_64_8,
                                      R_X86_64_PC8,
                                      R_X86_64_GOT32,
                                      R_X86_64_GOTPCREL,
                                      R_X86_64_GOTPCRELX,
                                      R_X86_64_REX_GOTPCRELX,
                                      R_X86_64_GOTPC32,
                                      R_X86_64_SIZE32,
                                      R_X86_64_64,
                                      R_X86_64_PC64,
                                      R_X86_64_GOTOFF64,
                                      R_X86_64_GOT64,
                                      R_X86_64_GOTPCREL64,
                                      R_X86_64_GOTPC64,
                                      R_X86_64_SIZE64,
                                      R_X86_64_PLTOFF64 };
    unsigned number = (unsigned)test_random_below(m->part_count);
    struct part *p = &m->parts[number];
    struct record *r = &m->records[m->record_count];
    uint32_t type = PICK(types);
    bool size = type == R_X86_64_SIZE32 || type == R_X86_64_SIZE64;
    bool slot = way_of(type) == WAY_SLOT || way_of(type) == WAY_INDEX || type == R_X86_64_GOT64 ||
                type == R_X86_64_GOTPCREL64;

    if (p->cells == 0)
        return false;
    *r = (struct record){ .part = number, .type = type, .way = way_of(type) };
    r->name = chance(8) ? -1 : (int)test_random_below(m->name_count);
    /* A slot needs a symbol; the host's exports have no sizes. */
    if ((r->name < 0 && slot) || (r->name >= 0 && size && m->names[r->name].kind == IMPORT))
        return false;
    r->offset = CELL * --p->cells + 4 + test_random_below(9);
    r->number = p->relas++;
    m->record_count++;
    if (is_wide(type))
        r->addend = (int64_t)any_number();
    else if (r->name >= 0 && ((type == R_X86_64_PLT32 && chance(60)) ||
                              (type == R_X86_64_PC32 && p->kind == CODE && chance(40))))
        make_branch(p, r);
    else if (r->way == WAY_PLACE && p->kind == CODE && chance(50))
        p->bytes[r->offset - 1] = 0xe8; /* its addend will not be that of a branch */
    else if (r->way == WAY_SLOT && p->kind == CODE)
        memcpy(p->bytes + r->offset - 3, "\x48\x8b\x05", 3);
    return true;
}

/* True if this addend would make a branch of the record (see make_branch). */
static inline bool would_branch(const struct model *m, const struct record *r)
{
    bool code = m->parts[r->part].kind == CODE;

    if (r->way != WAY_PLACE || r->name < 0)
        return false;
    if (r->type == R_X86_64_PLT32 && !code)
        return r->addend >= -SMALL_ADDEND && r->addend <= SMALL_ADDEND;
    return code && r->addend == -4 && (r->type == R_X86_64_PLT32 || r->type == R_X86_64_PC32);
}

static inline void write_name(struct elf_builder *eb, const struct model *m, const struct name *n,
                              bool layout)
{
    static const unsigned bind[] = {
        [LOCAL] = STB_LOCAL,    [GLOBAL] = STB_GLOBAL, [SECTION_NAME] = STB_LOCAL,
        [ABSOLUTE] = STB_LOCAL, [COMMON] = STB_GLOBAL, [INDIRECT] = STB_GLOBAL,
        [IMPORT] = STB_GLOBAL,  [WEAK] = STB_WEAK,     [PEER] = STB_GLOBAL,
        [TABLE] = STB_GLOBAL
    };
    unsigned type = n->kind == SECTION_NAME ? STT_SECTION
                    : n->kind == INDIRECT   ? STT_GNU_IFUNC
                                            : STT_NOTYPE;
    unsigned section = SHN_UNDEF;
    uint64_t value = n->value;

    if (n->kind <= SECTION_NAME || n->kind == INDIRECT) {
        const struct part *p = &m->parts[n->part];

        section = (unsigned)p->index;
        if (layout && p->large && value == p->size)
            value = TINY;
    }
    if (n->kind == ABSOLUTE)
        section = SHN_ABS;
    if (n->kind == COMMON)
        section = SHN_COMMON;
    eb_symbol(eb, n->kind == SECTION_NAME ? "" : n->text, ELF64_ST_INFO(bind[n->kind], type),
              n->hidden ? STV_HIDDEN : STV_DEFAULT, section, value, n->size);
}

/* With the same slots and stubs, but without demands, and fields that tell where slots are. */
static inline void neutral(const struct record *r, uint32_t *type, int64_t *addend)
{
    *type = r->type;
    *addend = r->addend;
    switch (r->way) {
    case WAY_ANY:
        return;
    case WAY_VALUE:
    case WAY_SIZE_OF:
        *type = R_X86_64_NONE;
        return;
    case WAY_PLACE:
        *type = r->type == R_X86_64_PC16 || r->type == R_X86_64_PC8 ? R_X86_64_PC64 : R_X86_64_NONE;
        return;
    default:
        *addend = 0;
    }
}

static inline struct blob write_model(struct model *m, bool layout)
{
    static const struct {
        const char *name;
        uint32_t type;
        uint64_t flags;
    } kinds[] = { [CODE] = { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR },
                  [CONSTANTS] = { ".rodata", SHT_PROGBITS, SHF_ALLOC },
                  [RELRO] = { ".data.rel.ro", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE },
                  [DATA] = { ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE },
                  [BSS] = { ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE } };
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;

    eb_init(eb);
    for (unsigned i = 0; i < m->part_count; i++) {
        struct part *p = &m->parts[i];
        char name[32];

        snprintf(name, sizeof name, "%s.%u", kinds[p->kind].name, i);
        p->index = eb_section(eb, name, kinds[p->kind].type, kinds[p->kind].flags, p->bytes,
                              layout && p->large ? TINY : p->size, p->align);
    }
    for (unsigned i = 0; i < m->name_count; i++)
        write_name(eb, m, &m->names[i], layout);
    for (unsigned i = 0; i < m->record_count; i++) {
        const struct record *r = &m->records[i];
        uint32_t type = r->type;
        int64_t addend = r->addend;

        if (layout)
            neutral(r, &type, &addend);
        /* The names' handles count from 1. */
        eb_rela(eb, m->parts[r->part].index, r->offset, type, r->name < 0 ? -1 : r->name + 1,
                addend);
    }
    object = eb_finish(eb);
    free(eb);
    return object;
}

#endif
