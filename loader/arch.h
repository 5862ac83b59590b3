/* SPDX-License-Identifier: MIT */
/*
 * The seam between the loader and the machine. Relocation numbers, formulas, range rules,
 * instruction bytes and stubs are known behind it only; the loader knows what a symbol is *used
 * for*. One implementation is linked in.
 */
#ifndef LOADER_ARCH_H
#define LOADER_ARCH_H

#include <elfin/elfin.h>

#include "loader/defects.h"
#include "loader/span.h"

/* What the relocations of one object do with one symbol: bits of 16 per symbol. */
enum {
    USE_SLOT = 1 << 0,      /* its address is read from a slot */
    USE_BRANCH = 1 << 1,    /* branched to directly: a stub can stand in for it */
    USE_NEAR = 1 << 2,      /* PC-relative data reference: must itself be in reach */
    USE_ABS32 = 1 << 3,     /* zero-extended absolute 32-bit field */
    USE_ABS32S = 1 << 4,    /* sign-extended absolute 32-bit field */
    USE_SIZE = 1 << 5,      /* its size is stored */
    USE_VALUE = 1 << 6,     /* used in some other way: has to be defined */
    USE_DEAD = 1 << 7,      /* set by the loader: lies in a section that is not loaded */
    USE_TINY = 1 << 8,      /* absolute 8- or 16-bit field */
    USE_TLS = 1 << 9,       /* its offset from the thread pointer is used; S is that offset */
    USE_TLS_SLOT = 1 << 10, /* that offset is read from a slot; comes with USE_TLS */
    USE_ANY = (1 << 11) - 1,
    USE_INNER = 1 << 15, /* set by the loader: lies in a section of the same object for certain */
};

enum {
    ARCH_SLOT_SIZE = 8,
    ARCH_STUB_SIZE = 8,
    ARCH_STUB_TRAP = 6,           /* offset of the trap behind a stub's jump */
    ARCH_TYPE_LIMIT = 52,         /* types are below */
    ARCH_SMALL_ADDEND = 16 << 20, /* either way */
    ARCH_BLOCK_LIMIT = 0x7e000000 /* 2 GiB, less two such addends and a field */
};

/* Uses of an address: a thread-local symbol has none. */
enum {
    USE_ADDRESS = USE_SLOT | USE_BRANCH | USE_NEAR | USE_ABS32 | USE_ABS32S | USE_VALUE | USE_TINY
};

/* What the value of a field is made of; names as in the psABI's formulas. */
enum arch_term {
    ARCH_TERM_ABSOLUTE, /* S + A */
    ARCH_TERM_RELATIVE, /* S + A - P */
    ARCH_TERM_SLOT_PC,  /* address of the symbol's slot + A - P */
    ARCH_TERM_SLOT,     /* the same from the first slot: G + A */
    ARCH_TERM_GOT_PC,   /* address of the first slot + A - P */
    ARCH_TERM_SIZE,     /* Z + A */
};

/*
 * What one record demands of addresses: the value, modulo 2^64, lies in [low, low + span].
 * k is A, minus r_offset where the term contains P: then only the section's address is missing.
 */
struct arch_demand {
    uint32_t type, symbol;
    uint16_t use;
    uint8_t term; /* enum arch_term */
    int64_t k;
    uint64_t low, span;
};

/* What is known of a relocation that was refused. */
struct arch_failure {
    uint64_t record; /* index in the table */
    uint32_t defect;
    uint16_t hint; /* HINT_NONE: the defect's own */
    uint64_t value, low, high;
    bool is_signed;
};

/* One table of RELA records for one section. */
struct arch_scan {
    struct span rela;  /* records of 24 bytes */
    struct span bytes; /* contents of the section they apply to */
    bool executable;   /* that section's right */
    bool unwind;       /* its records may name USE_DEAD symbols: their fields become 0 */
    uint32_t symbol_count;
    uint32_t tls_get_addr;              /* the symbol of that name, 0 = none */
    const struct arch_slots *slots;     /* NULL: records that take a slot are refused */
    const struct arch_tls *tls;         /* NULL: records of thread-local variables are refused */
    uint16_t *use;                      /* per symbol; ORed into */
    const struct arch_demands *demands; /* NULL: nobody asks what records demand */
    void *ctx;                          /* for elfin_demand_add */
    bool needs_got; /* set when a formula contains the address of the slot table */
    bool has_tls;   /* set when a record has USE_TLS */
    bool has_dead;  /* set when a record of an unwind table names a USE_DEAD symbol */
    struct arch_failure failure;
};

/*
 * Proves for every record, once and for all: known type, symbol index in range, field inside the
 * section, and for those that stand for a code sequence (TLS), that the bytes are that sequence.
 * Collects the uses, and gives each demand to elfin_demand_add. ELFIN_OK, or the status of
 * failure.defect.
 */
elfin_status elfin_arch_scan(struct arch_scan *scan);

/*
 * What a record that elfin_arch_scan has accepted demands; false if its field holds every value
 * that can occur: it has 64 bits, or stubs stand in, or both ends lie in one block, whose size is
 * limited to ARCH_BLOCK_LIMIT, and the addend to ARCH_SMALL_ADDEND.
 */
bool elfin_arch_demand(const struct arch_scan *scan, uint64_t record, struct arch_demand *out);

/* Collects demands for elfin_arch_scan. */
struct arch_demands;
extern const struct arch_demands elfin_arch_demands;

/* Called for every demand of a table, in its order; implemented by the loader. */
elfin_status elfin_demand_add(void *ctx, const struct arch_demand *demand);

/* The values that a field of that type may hold: [*low, *low + *span] modulo 2^64. */
void elfin_arch_field(uint32_t type, uint64_t *low, uint64_t *span);

/*
 * Everything that fix-up needs. Formulas use run addresses; stores go through `edit`. The records
 * must have passed elfin_arch_scan with the same section and symbol count.
 */
struct arch_fixup {
    const struct arch_slots *slots; /* as in struct arch_scan */
    const struct arch_tls *tls;     /* as in struct arch_scan */
    struct span rela;
    uint64_t first; /* record to begin with: failure.record + 1 goes on after a failure */
    struct span
        bytes;     /* contents of the section, as scan has seen them: records may change opcodes */
    uint64_t left; /* bytes at the end of the section that are still to be copied to edit */
    uint8_t *edit; /* of the section */
    uint64_t address; /* of the section */
    bool executable;
    const uint64_t *value; /* S, per symbol */
    const uint16_t *use;
    uint32_t *slot; /* per symbol: 1 + its slot number, 0 = none; NULL: no slots at all */
    uint32_t *stub; /* the same for stubs; a stub is written when it is first used */
    uint64_t got;   /* run address of slot 0: _GLOBAL_OFFSET_TABLE_ */
    uint64_t plt;   /* run address of stub 0 */
    uint8_t *plt_edit;
    uint32_t trap; /* 1 + number of the stub that traps, for calls of undefined weak functions */
    bool has_dead; /* some symbols are USE_DEAD: fields that name them become 0 */
    uint64_t (*size_of)(void *ctx, uint32_t symbol); /* Z */
    void *size_ctx;
    struct arch_failure failure;
};

/* Added to a slot's or stub's number when something refers to it. */
#define ARCH_IN_USE 0x80000000u

/* Applies the records from `first` on, and copies what is left. ELFIN_OK, or the status of
 * failure.defect. */
elfin_status elfin_arch_fixup(struct arch_fixup *fixup);

/*
 * What stands in for symbols that are far, and holds their addresses. A host whose modules are near
 * what they use leaves it out.
 */
struct arch_slots;
extern const struct arch_slots elfin_arch_slots;

/* Writes a stub that jumps through a slot at most 2 GiB away, with a trap behind the jump. */
void elfin_arch_write_stub(uint8_t *edit, uint64_t run, uint64_t slot);

/* What a dynamic relocation stores, always 8 bytes. B: run address less address as linked. */
enum arch_dynamic {
    ARCH_DYNAMIC_REFUSED,
    ARCH_DYNAMIC_NONE,     /* nothing */
    ARCH_DYNAMIC_SUM,      /* S + A */
    ARCH_DYNAMIC_SYMBOL,   /* S */
    ARCH_DYNAMIC_BASE,     /* B + A */
    ARCH_DYNAMIC_RESOLVER, /* what the function at B + A returns */
};

enum arch_dynamic elfin_arch_dynamic(uint32_t type);
/* The type that a place in DT_RELR stands for. */
uint32_t elfin_arch_dynamic_relative(void);
/* Why a type is refused. */
uint32_t elfin_arch_dynamic_refusal(uint32_t type);

/* Writes the stub that traps. */
void elfin_arch_write_trap(uint8_t *edit);

/* The type's name in the psABI, or NULL when the number is unknown to it. */
const char *elfin_arch_relocation_name(uint32_t type);

/* The use that one record makes of its symbol; to find the record behind a constraint. */
unsigned elfin_arch_record_use(const struct arch_scan *scan, uint64_t record);

/*
 * What needs to be known of code that refers to thread-local variables; see tls.c. A host without
 * them leaves it out: elfin_arch_scan then refuses their records.
 */
struct arch_tls;
extern const struct arch_tls elfin_arch_tls;

/*
 * True if the record can store what it needs of a thread-local symbol whose offset from the thread
 * pointer is s, or if it is not about one. Else *failure says why.
 */
bool elfin_arch_tls_fits(const struct arch_scan *scan, uint64_t record, uint64_t s,
                         struct arch_failure *failure);

/* ---- Images (loader/image.h): what is done once, and what is left ------------------------------
 */

/* What is known of a symbol before its object is placed and bound. */
enum arch_known {
    ARCH_KNOWN_VALUE,  /* its value, whatever happens */
    ARCH_KNOWN_INSIDE, /* its distance from everything else in the block */
    ARCH_UNKNOWN,
};

/* What is left of a record when its field has been written as far as it can be. */
enum arch_rest {
    ARCH_REST_NONE,  /* nothing */
    ARCH_REST_PLACE, /* the block's address has to be added to the field */
    ARCH_REST_BIND,  /* it has to be applied when the symbol's value is known */
};

/* What elfin_arch_reduce has made of a record, or of two that stand for one sequence. */
struct arch_reduction {
    enum arch_rest rest;
    uint32_t type; /* of what is left: where, and with which addend */
    uint64_t offset;
    int64_t addend;
    uint64_t start, size; /* the bytes of the section that it has to do with */
    uint32_t used;        /* records */
};

/*
 * Applies what can be applied of one record that has passed elfin_arch_scan. Values of symbols in
 * *f are those for a block at `base`, which is not 0, and 0 for ARCH_UNKNOWN ones. The type of what
 * is left says all: R_X86_64_PLT32 is a branch for which a stub may stand in, R_X86_64_PC32 is not;
 * of relaxable types the bytes are so that they can be relaxed. ELFIN_OK or f->failure.status.
 */
elfin_status elfin_arch_reduce(struct arch_fixup *f, uint64_t record, enum arch_known known,
                               uint64_t base, struct arch_reduction *out);
/* The type of a slot's content: S, an address or an offset from the thread pointer. */
uint32_t elfin_arch_word(bool tls);
/* The addend that most records of a type have. */
int64_t elfin_arch_usual_addend(uint32_t type);
/* Bytes before the field that elfin_arch_bind may change; those of the field itself. */
unsigned elfin_arch_before(uint32_t type);
unsigned elfin_arch_width(uint32_t type);
/* True for the types of what is left: after ARCH_REST_PLACE, after ARCH_REST_BIND. */
bool elfin_arch_is_place(uint32_t type);
bool elfin_arch_is_bindable(uint32_t type);

/* Fixups of one type, addend and symbol, at ascending offsets in the block. */
struct arch_run {
    uint32_t type;
    bool wide;
    int64_t addend;
    uint64_t count, first, span; /* fields at first, ..., first + span */
    const uint8_t *distances;    /* count - 1 of them */
};

/* The distance to the run's next field. */
static inline uint64_t arch_distance(const uint8_t **at, bool wide)
{
    uint16_t narrow = 0;
    uint32_t distance;

    if (!wide) {
        __builtin_memcpy(&narrow, *at, 2);
        *at += 2;
        if (narrow)
            return narrow;
    }
    __builtin_memcpy(&distance, *at, 4);
    *at += 4;
    return distance;
}

/* A block, and what a symbol of it is bound to. */
struct arch_bind {
    uint8_t *edit;
    uint64_t address, got, plt; /* run addresses: of the block, of slot 0, of stub 0 */
    uint8_t *plt_edit;
    uint32_t trap;
    uint64_t value, size;        /* S, Z */
    uint32_t slot, stub;         /* 1 + number, 0 = none; ARCH_IN_USE is set by use */
    struct arch_failure failure; /* failure.record: which one of the run */
};

/* What is left of a run. */
struct arch_cursor {
    const uint8_t *distances;
    uint64_t at, left; /* at: of the next field, or UINT64_MAX */
    uint32_t type;
    bool wide;
};

static inline struct arch_cursor arch_cursor(const struct arch_run *run)
{
    return (struct arch_cursor){ .distances = run->distances,
                                 .at = run->first,
                                 .left = run->count,
                                 .type = run->type,
                                 .wide = run->wide };
}

/* Adds an address to the fields that begin below the limit, of a run of ARCH_REST_PLACE. */
void elfin_arch_move(uint8_t *edit, uint64_t by, struct arch_cursor *c, uint64_t limit);
/* Applies a run of ARCH_REST_BIND, for the first time or again. ELFIN_OK or failure.status. */
elfin_status elfin_arch_bind(struct arch_bind *b, const struct arch_run *run);
/*
 * What a run demands of addresses, but for k, of which the addend is a part; false if it fits
 * wherever both ends lie.
 */
bool elfin_arch_run_demand(const struct arch_run *run, struct arch_demand *out);
/* True if elfin_arch_bind would not fail; nothing is written. Else failure says why. */
bool elfin_arch_bind_fits(struct arch_bind *b, const struct arch_run *run);

/* ---- Reports ------------------------------------------------------------------------------- */

/* What lifts the constraint that a use brings, of what may move with the module or of an import: a
 * compiler switch. HINT_NONE: nothing does. */
uint16_t elfin_arch_hint(unsigned use, bool is_import);

/* ---- Fields that follow an import when it is bound anew -------------------------------------- */

/*
 * How a field depends on the value S of its symbol, found once from the record and the bytes around
 * it. Only what changes with S is a field: code that reads a slot stays as it is, the slot changes.
 */
enum arch_follow {
    FOLLOW_NONE,
    FOLLOW_ABS64,  /* S + A */
    FOLLOW_ABS32,  /* the same, zero-extended */
    FOLLOW_ABS32S, /* sign-extended; also an offset from the thread pointer in rewritten code */
    FOLLOW_ABS16,
    FOLLOW_ABS8,
    FOLLOW_REL64, /* S + A - P */
    FOLLOW_REL32,
    FOLLOW_REL16,
    FOLLOW_REL8,
    FOLLOW_BRANCH, /* S + A - P, or that of a stub when S is far */
    FOLLOW_CALL64, /* S + A - P in 64 bits, the trap's when S is 0 */
    FOLLOW_MOV,    /* mov slot(%rip), %reg, or lea S(%rip), %reg */
    FOLLOW_CALL,   /* call *slot(%rip), or addr32 call S */
    FOLLOW_JUMP,   /* jmp *slot(%rip), or jmp S; nop */
    FOLLOW_SIZE32, /* Z + A */
    FOLLOW_SIZE64,
    FOLLOW_COUNT
};

struct arch_field {
    uint64_t offset; /* in the section */
    int64_t addend;
    uint8_t kind;    /* enum arch_follow */
    uint8_t records; /* that it stands for: those after the first are not to be looked at */
    bool reads_slot; /* code at it reads the symbol's slot, whatever S is */
    bool from_got;   /* P of its formula is the address of the slot table */
};

/* What follows the symbol of a record that elfin_arch_scan has accepted. */
void elfin_arch_follow(const struct arch_scan *scan, uint64_t record, struct arch_field *out);

/* What an import is bound to, and what its module has to stand in for it. */
struct arch_binding {
    uint64_t value, size;      /* S, Z */
    uint64_t slot, stub, trap; /* run addresses */
    bool has_stub, has_trap;
};

/* Fields of one import, one kind, one addend and one part, ascending. */
struct arch_fields {
    const uint32_t *fields; /* offsets from the start of the block */
    uint32_t count;
    uint8_t kind;
    int64_t addend;
    uint64_t address; /* of the block */
    uint8_t *edit;    /* the same, to write */
};

/*
 * Whether all fields can hold what they have to. *use gets USE_BRANCH if one goes through the stub,
 * USE_SLOT if one reads the slot. False: *failure says why, and failure->record is the field's
 * number.
 */
bool elfin_arch_follow_check(const struct arch_fields *run, const struct arch_binding *to,
                             unsigned *use, struct arch_failure *failure);

/* Stores all fields, opcodes that depend on S included. They have been checked. */
void elfin_arch_follow_write(const struct arch_fields *run, const struct arch_binding *to);

/* One field: true if it holds what it has to if bound so. *found is what it holds, as a number. */
bool elfin_arch_follow_holds(const struct arch_fields *run, uint32_t field,
                             const struct arch_binding *to, uint64_t *found);
void elfin_arch_follow_store(const struct arch_fields *run, uint32_t field,
                             const struct arch_binding *to);
/* The bytes at and before a field that depend on S: [field - *before, field + *after). */
void elfin_arch_follow_extent(uint8_t kind, uint32_t *before, uint32_t *after);

/* ---- Debug sections -------------------------------------------------------------------------- */

enum arch_debug {
    ARCH_DEBUG_STORED,
    ARCH_DEBUG_TYPE,  /* such a type is not known there */
    ARCH_DEBUG_PLACE, /* the field is longer than the section */
    ARCH_DEBUG_RANGE, /* the field cannot hold the value */
};

/* Stores S + A for a record of a section that is not loaded, if the `left` bytes at `at` hold it.
 */
enum arch_debug elfin_arch_debug_store(uint8_t *at, uint64_t left, uint32_t type, uint64_t value);

#endif
