/* SPDX-License-Identifier: MIT */
/* What call frame instructions and DWARF expressions mean, and what becomes of damaged ones. */
#include "tests/evil/frames.h"

/* ---- What a program means -------------------------------------------------------------------- */

struct program {
    const char *bytes;
    size_t size;
    elfin_walk_end end;
    size_t frames;
};

#define PROGRAM(bytes, end, frames)                                                                \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, end, frames                                                      \
    }
#define GOOD(bytes) PROGRAM(bytes, ELFIN_WALK_OUTERMOST, 2)
#define BAD(bytes)  PROGRAM(bytes, ELFIN_WALK_DAMAGED, 1)

static const struct program programs[] = {
    GOOD(""),
    GOOD("\0\0\0"),
    BAD("\x50\x3f"),     /* but at it it does: advance_loc 16 */
    GOOD("\x51\x3f"),    /* advance_loc 17 */
    BAD("\x02\x10\x3f"), /* advance_loc1 */
    GOOD("\x02\x11\x3f"),
    BAD("\x03\x10\0\x3f"), /* advance_loc2 */
    GOOD("\x03\x11\0\x3f"),
    BAD("\x04\x10\0\0\0\x3f"), /* advance_loc4 */
    GOOD("\x04\x11\0\0\0\x3f"),
    BAD("\x1d\x10\0\0\0\0\0\0\0\x3f"), /* MIPS_advance_loc8 */
    GOOD("\x1d\x11\0\0\0\0\0\0\0\x3f"),
    GOOD("\x1d\xff\xff\xff\xff\xff\xff\xff\xff\x3f"),
    BAD("\x3f"),
    BAD("\x2d"), /* GNU_window_save: another machine's */
    BAD("\x17"),
    GOOD("\x2e\x20"),   /* GNU_args_size */
    GOOD("\x0e\x08"),   /* def_cfa_offset */
    GOOD("\x13\x7f"),   /* def_cfa_offset_sf -1 * -8 */
    GOOD("\x12\7\x7f"), /* def_cfa_sf */
    GOOD("\x0d\7"),     /* def_cfa_register */
    BAD("\x0d\x11"),    /* a register that there is not */
    BAD("\x0c\x11\x08"),
    BAD("\x12\x11\x01"),
    BAD("\x0e\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\0"), /* 11 bytes of LEB128 */
    BAD("\x0e\x80\x80\x80\x80\x10"),                       /* an offset of more than 32 bits */
    PROGRAM("\x0e", ELFIN_WALK_BACKWARDS, 1),              /* what fills up is an offset of 0 */
    GOOD("\x0a\x0e\x20\x0b"),                              /* remember, restore */
    GOOD("\x0a\x0a\x0a\x0a\x0e\x20\x0b\x0b\x0b\x0b"),
    BAD("\x0a\x0a\x0a\x0a\x0a\x0b\x0b\x0b\x0b\x0b"), /* deeper than we go */
    BAD("\x0b"),
    BAD("\x0a\x0b\x0b"),
    GOOD("\x0f\2\x77\x08"),        /* def_cfa_expression: RSP + 8 */
    BAD("\x0f\2\x77\x08\x0e\x08"), /* an offset needs a register */
    BAD("\x0f\2\x77\x08\x0d\7"),
    GOOD("\x0f\2\x77\x08\x0c\7\x08"),
    BAD("\x0f\x70\x77\x08"),    /* longer than the record */
    BAD("\x0f\0\0"),            /* an empty one has no result */
    GOOD("\x16\x03\2\x77\x08"), /* val_expression of RBX */
    BAD("\x16\x03\x70\x77\x08"),
    GOOD("\x05\x21\1"), /* registers that no walk knows */
    GOOD("\x11\x21\1"),
    GOOD("\x07\x21"),
    GOOD("\x06\x21"),
    GOOD("\x08\x21"),
    PROGRAM("\x07\x10", ELFIN_WALK_OUTERMOST, 1),      /* no return address: nobody has called it */
    PROGRAM("\x09\x10\x11", ELFIN_WALK_UNREADABLE, 1), /* in a register that there is not */
    PROGRAM("\x90\x00", ELFIN_WALK_OUTERMOST, 1),      /* at the CFA, where there is 0 */
    PROGRAM("\x11\x10\x80\x60", ELFIN_WALK_UNREADABLE, 1), /* beyond the stack: 4096 words */
    GOOD("\x11\x10\1"),
    GOOD("\x05\x10\1"),
    GOOD("\x90\2\xd0"),                        /* restore: what the CIE has said */
    GOOD("\x90\2\x06\x10"),                    /* restore_extended */
    PROGRAM("\x08\x10", ELFIN_WALK_LIMIT, 64), /* the same place for ever */
};

static void programs_of_an_fde(void)
{
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        const struct program *p = &programs[i];
        elfin_walk_end end;

        describe(p->bytes, p->size);
        end = walk();
        CHECK_MSG(end == p->end && found.count == p->frames, "program %zu: %zu frames, %s", i,
                  found.count, elfin_walk_end_text(end));
    }
}

/* set_loc says where code goes on, and never back. Its field is at 42 or 43, behind the CIE. */
static void set_location(void)
{
    static const struct {
        uint64_t to;
        bool after_advance;
        elfin_walk_end end;
    } rows_of[] = {
        { CODE + 0x11, false, ELFIN_WALK_OUTERMOST }, { CODE + 0x10, false, ELFIN_WALK_DAMAGED },
        { CODE + 0x11, true, ELFIN_WALK_OUTERMOST },  { CODE + 0x10, true, ELFIN_WALK_DAMAGED },
        { CODE + 8, true, ELFIN_WALK_OUTERMOST },     { CODE + 7, true, ELFIN_WALK_DAMAGED },
        { CODE - 1, false, ELFIN_WALK_DAMAGED },
    };

    for (size_t i = 0; i < sizeof rows_of / sizeof *rows_of; i++) {
        bool good = rows_of[i].to == CODE + 8, later = rows_of[i].after_advance;
        char program[] = "\x48\1\0\0\0\0\x3f";
        uint32_t distance = (uint32_t)(rows_of[i].to - (TABLES + 42 + later));

        memcpy(program + 2, &distance, sizeof distance);
        if (good || rows_of[i].to < CODE + 8)
            program[6] = 0; /* nothing else is wrong */
        describe(later ? program : program + 1, later ? 7 : 6);
        CHECK_MSG(walk() == rows_of[i].end, "row %zu", i);
    }
}

#define RULE(bytes, known, value)                                                                  \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, known, value                                                     \
    }

/* What becomes of RBX in the caller; the CFA is TOP + 8. */
static const struct rule {
    const char *bytes;
    size_t size;
    bool known;
    uint64_t value;
} rules_of_rbx[] = {
    RULE("", true, 0x1003),
    RULE("\x07\3", false, 0),
    RULE("\x07\3\x08\3", true, 0x1003),
    RULE("\x09\3\x0c", true, 0x100c), /* register */
    RULE("\x09\3\x11", false, 0),
    RULE("\x09\3\x30", false, 0),
    RULE("\x83\2", true, 0x55), /* offset: CFA - 16 */
    RULE("\x05\3\2", true, 0x55),
    RULE("\x11\3\2", true, 0x55),
    RULE("\x2f\3\2", true, 0x66),             /* GNU_negative_offset_extended: CFA + 16 */
    RULE("\x14\3\2", true, TOP - 8),          /* val_offset */
    RULE("\x15\3\x7e", true, TOP + 24),       /* val_offset_sf */
    RULE("\x10\3\3\x08\x10\x1c", true, 0x55), /* expression: the CFA is on the stack, minus 16 */
    RULE("\x16\3\3\x08\x10\x1c", true, TOP - 8),
    RULE("\x16\3\1\x06", true, 0x44), /* val_expression: what is at the CFA */
    RULE("\x10\3\1\x13", false, 0),   /* nothing is left */
    RULE("\x11\3\x80\x60", false, 0), /* beyond the stack: only this register is lost */
    RULE("\x83\2\xc3", true, 0x1003), /* restore */
    RULE("\x83\2\x06\3", true, 0x1003),
};

static void rules(void)
{
    for (size_t i = 0; i < sizeof rules_of_rbx / sizeof *rules_of_rbx; i++) {
        const struct rule *r = &rules_of_rbx[i];
        const elfin_registers *caller = &found.frame[1].registers;

        describe(r->bytes, r->size);
        set_stack(TOP - 8, 0x55);
        set_stack(TOP + 8, 0x44);
        set_stack(TOP + 24, 0x66);
        CHECK_EQ(walk(), ELFIN_WALK_OUTERMOST);
        REQUIRE(found.count == 2);
        CHECK_MSG((caller->known >> ELFIN_RBX & 1) == r->known &&
                      (!r->known || caller->value[ELFIN_RBX] == r->value),
                  "rule %zu: %#llx", i, (unsigned long long)caller->value[ELFIN_RBX]);
    }
}

/* Registers that the psABI lets a function change are not known in the caller. */
static void what_is_not_said(void)
{
    static const unsigned kept[] = { ELFIN_RBX, ELFIN_RBP, 12, 13, 14, 15 };
    uint32_t wanted = 1u << ELFIN_RSP | 1u << ELFIN_RIP;

    DESCRIBE("");
    CHECK_EQ(walk(), ELFIN_WALK_OUTERMOST);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        wanted |= 1u << kept[i];
        CHECK_EQ(found.frame[1].registers.value[kept[i]], 0x1000 + kept[i]);
    }
    CHECK_EQ(found.frame[1].registers.known, wanted);
    CHECK_EQ(found.frame[1].registers.value[ELFIN_RSP], TOP + 8);
    CHECK_EQ(found.frame[1].registers.value[ELFIN_RIP], RETURN);
    CHECK_EQ(found.frame[1].lookup, RETURN - 1);
    CHECK_EQ(found.frame[0].lookup, CODE + 0x10);
}

/* ---- Expressions ----------------------------------------------------------------------------- */

#define GIVES(bytes, value)                                                                        \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, true, value                                                      \
    }
#define FAILS(bytes)                                                                               \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, false, 0                                                         \
    }
#define MINUS(value) (0 - UINT64_C(value))

/* The stack has the CFA below. */
static const struct rule expressions[] = {
    GIVES("\x03\1\2\3\4\5\6\7\x08", 0x0807060504030201), /* addr */
    GIVES("\x08\xff", 0xff),
    GIVES("\x09\xff", MINUS(1)),
    GIVES("\x0a\xfe\xff", 0xfffe),
    GIVES("\x0b\xfe\xff", MINUS(2)),
    GIVES("\x0c\1\2\3\x84", 0x84030201),
    GIVES("\x0d\1\2\3\x84", 0xffffffff84030201),
    GIVES("\x0e\1\0\0\0\0\0\0\x80", 0x8000000000000001),
    GIVES("\x0f\1\0\0\0\0\0\0\x80", 0x8000000000000001),
    GIVES("\x10\xe5\x8e\x26", 624485),        /* constu */
    GIVES("\x11\x9b\xf1\x59", MINUS(624485)), /* consts */
    GIVES("\x35\x12\x1e", 25),                /* dup, mul */
    GIVES("\x35\x36\x13", 5),                 /* drop */
    GIVES("\x35\x36\x14", 5),                 /* over */
    GIVES("\x35\x36\x37\x15\2", 5),           /* pick */
    GIVES("\x35\x36\x16", 5),                 /* swap */
    GIVES("\x35\x36\x16\x13", 6),
    GIVES("\x35\x36\x37\x17", 6), /* rot: 5 6 7 becomes 7 5 6 */
    GIVES("\x35\x36\x37\x17\x13", 5),
    GIVES("\x35\x36\x37\x17\x13\x13", 7),
    GIVES("\x09\xfb\x19", 5),                                       /* abs */
    GIVES("\x3f\x3a\x1a", 10),                                      /* and */
    GIVES("\x09\xf9\x32\x1b", MINUS(3)),                            /* div, signed */
    GIVES("\x0f\0\0\0\0\0\0\0\x80\x09\xff\x1b", UINT64_C(1) << 63), /* no overflow */
    GIVES("\x35\x36\x1c", MINUS(1)),                                /* minus */
    GIVES("\x37\x35\x1d", 2),                                       /* mod */
    GIVES("\x09\xff\x33\x1d", UINT64_MAX % 3),                      /* unsigned */
    GIVES("\x37\x35\x1e", 35),
    GIVES("\x35\x1f", MINUS(5)),     /* neg */
    GIVES("\x35\x20", ~UINT64_C(5)), /* not */
    GIVES("\x39\x36\x21", 15),       /* or */
    GIVES("\x39\x36\x22", 15),       /* plus */
    GIVES("\x39\x23\x80\1", 137),    /* plus_uconst */
    GIVES("\x31\x34\x24", 16),       /* shl */
    GIVES("\x31\x08\x40\x24", 0),
    GIVES("\x09\xff\x08\x3c\x25", 15), /* shr */
    GIVES("\x09\xff\x08\x40\x25", 0),
    GIVES("\x09\x80\x34\x26", MINUS(8)), /* shra */
    GIVES("\x09\x80\x08\x7f\x26", MINUS(1)),
    GIVES("\x3f\x35\x27", 10),            /* xor */
    GIVES("\x35\x31\x28\1\0\x13\x12", 5), /* bra over drop */
    GIVES("\x35\x36\x30\x28\1\0\x13\x12", 5),
    GIVES("\x35\x35\x29", 1),
    GIVES("\x35\x36\x29", 0), /* eq */
    GIVES("\x35\x35\x2a", 1),
    GIVES("\x35\x36\x2a", 0),
    GIVES("\x35\x09\xff\x2a", 1), /* ge */
    GIVES("\x35\x35\x2b", 0),
    GIVES("\x36\x35\x2b", 1), /* gt */
    GIVES("\x35\x35\x2c", 1),
    GIVES("\x36\x35\x2c", 0), /* le */
    GIVES("\x35\x35\x2d", 0),
    GIVES("\x09\xff\x35\x2d", 1), /* lt */
    GIVES("\x35\x35\x2e", 0),
    GIVES("\x35\x36\x2e", 1),     /* ne */
    GIVES("\x35\x2f\1\0\x13", 5), /* skip */
    GIVES("\x30", 0),
    GIVES("\x4f", 31),
    GIVES("\x70\x7f", 0xfff),
    GIVES("\x7f\x01", 0x1010),         /* breg */
    GIVES("\x92\x0c\x04", 0x1010),     /* bregx */
    GIVES("\x06", 0x8877665544332211), /* deref, of the CFA */
    GIVES("\x94\1", 0x11),
    GIVES("\x94\2", 0x2211),
    GIVES("\x94\4", 0x44332211),
    GIVES("\x94\x08", 0x8877665544332211),
    GIVES("\x35\x96", 5),                                                     /* nop */
    GIVES("\xf1\x03\x78\x56\x34\x12", 0x12345678),                            /* GNU_encoded_addr */
    GIVES("\x37\x36\x35\x34\x33\x32\x31\x30\x37\x36\x35\x34\x33\x32\x31", 1), /* 16 with the CFA */
    FAILS("\x37\x36\x35\x34\x33\x32\x31\x30\x37\x36\x35\x34\x33\x32\x31\x30"),
    FAILS("\x13"),
    FAILS("\x13\x13"),
    FAILS("\x14"),
    FAILS("\x15\1"),
    FAILS("\x1c"),
    FAILS("\x16\x13"),
    FAILS("\x17"),
    FAILS("\x35\x30\x1b"),
    FAILS("\x35\x30\x1d"), /* by 0 */
    FAILS("\x35\x06"),
    FAILS("\x94\3"),
    FAILS("\x94\x10"),
    FAILS("\x94\0"),
    FAILS("\x2f\xfd\xff"),     /* for ever */
    FAILS("\x35\x2f\xfb\xff"), /* before the beginning */
    FAILS("\x35\x2f\1\0"),
    FAILS("\x35\x2f\xff\x7f"), /* behind the end */
    FAILS("\x08"),
    FAILS("\x0c\1\2"),
    FAILS("\x10\x80"), /* cut off */
    FAILS("\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\1"),
    GIVES("\x80\0", CODE + 0x10),
    FAILS("\x81\0"),
    FAILS("\x8f\0"),
    FAILS("\x92\x11\0"),
    FAILS("\x92\xff\xff\3\0"),
    FAILS("\x9c"),
    FAILS("\x97"),
    FAILS("\xe0"),
    FAILS("\x50"),
    FAILS("\xa8"),
    FAILS("\0"),
    FAILS("\xf1\x33\1\2\3\4"), /* in an encoding that there is not */
};

static void all_operations(void)
{
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        const struct rule *e = &expressions[i];
        const elfin_registers *caller = &found.frame[1].registers;
        char program[64] = { 0x16, ELFIN_RBX, (char)e->size };
        elfin_walk_end end;

        memcpy(program + 3, e->bytes, e->size);
        describe(program, 3 + e->size);
        set_stack(TOP + 8, 0x8877665544332211);
        end = walk();
        CHECK_MSG(end == ELFIN_WALK_OUTERMOST || (!e->known && end == ELFIN_WALK_LIMIT),
                  "expression %zu: %s", i, elfin_walk_end_text(end));
        if (e->known)
            REQUIRE(found.count == 2);
        CHECK_MSG(found.count < 2 || ((caller->known >> ELFIN_RBX & 1) == e->known &&
                                      (!e->known || caller->value[ELFIN_RBX] == e->value)),
                  "expression %zu: %#llx", i, (unsigned long long)caller->value[ELFIN_RBX]);
    }
}

/* What is not known cannot be used, also not as a CFA. */
static void unknown_registers(void)
{
    DESCRIBE("\x16\3\2\x7c\0");
    registers.known &= ~(1u << 12);
    CHECK_EQ(walk(), ELFIN_WALK_OUTERMOST);
    CHECK_EQ(found.frame[1].registers.known >> ELFIN_RBX & 1, 0);
    DESCRIBE("\x09\3\x0c");
    registers.known &= ~(1u << 12);
    CHECK_EQ(walk(), ELFIN_WALK_OUTERMOST);
    CHECK_EQ(found.frame[1].registers.known >> ELFIN_RBX & 1, 0);
    CHECK_EQ(found.frame[1].registers.known >> 12 & 1, 0);
    DESCRIBE("\x0c\x0c\x08");
    registers.value[12] = TOP;
    CHECK_EQ(walk(), ELFIN_WALK_OUTERMOST);
    CHECK_EQ(found.count, 2);
    registers.known &= ~(1u << 12);
    CHECK_EQ(walk(), ELFIN_WALK_DAMAGED);
    DESCRIBE("\x0f\2\x7c\x08");
    registers.value[12] = TOP;
    CHECK_EQ(walk(), ELFIN_WALK_OUTERMOST);
    registers.known &= ~(1u << 12);
    CHECK_EQ(walk(), ELFIN_WALK_DAMAGED);
    CHECK_EQ(found.count, 1);
}

static const struct test_case cases[] = {
    TEST_CASE(programs_of_an_fde), TEST_CASE(set_location),   TEST_CASE(rules),
    TEST_CASE(what_is_not_said),   TEST_CASE(all_operations), TEST_CASE(unknown_registers),
};

TEST_MAIN("evil_frames", cases)
