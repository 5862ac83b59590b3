/* SPDX-License-Identifier: MIT */
/* Damaged CIEs, FDEs and indexes of unwind tables: what is found, and that nothing else is. */
#include "tests/evil/frames.h"

/* Offsets in the tables of `make` with the usual letters. */
enum {
    FIRST = 24,
    SECOND = 44,
    END = 64,
};

/* Both functions, with a CIE of these letters and data, and a table of `extra` bytes more. */
static void make(const char *letters, const void *data, size_t size)
{
    size_t cie;

    begin();
    cie = put_cie(letters, data, size);
    finish(cie);
    put_fde(cie, CODE, 0x20, "", 0);
    put_fde(cie, OUTER, 0x20, "\x0e\x10", 2);
    close_tables();
}

#define DEFAULTS "\x0c\7\x08\x90\1"

static void expect(elfin_walk_end wanted, size_t frames)
{
    elfin_walk_end end = walk();

    CHECK_MSG(end == wanted && found.count == frames, "%zu frames, %s", found.count,
              elfin_walk_end_text(end));
}

static void expect_good(void)
{
    expect(ELFIN_WALK_OUTERMOST, 2);
    REQUIRE(found.count == 2);
    CHECK_EQ(found.frame[1].origin, ELFIN_FRAME_TABLE);
}

static void expect_bad(void)
{
    expect(ELFIN_WALK_DAMAGED, 1);
}

/* ---- CIE ------------------------------------------------------------------------------------- */

#define MAKE(letters, data) make(letters, data, sizeof(data) - 1)

static void letters(void)
{
    MAKE("zR", "\1\x1b" DEFAULTS);
    expect_good();
    MAKE("zPLR", "\7\x9b\1\2\3\4\x1b\x1b" DEFAULTS); /* a personality, indirect */
    expect_good();
    MAKE("zPLR", "\x0b\x80\1\2\3\4\5\6\7\x08\x1b\x1b" DEFAULTS);
    expect_good();
    MAKE("zPR", "\2\xff\x1b" DEFAULTS); /* none */
    expect_good();
    MAKE("zRSB", "\1\x1b" DEFAULTS);
    expect_good();
    MAKE("zR", "\3\x1b\xff\xff" DEFAULTS); /* more data than letters */
    expect_good();
    MAKE("zRX", "\2\x1b\1" DEFAULTS); /* nobody knows what X means */
    expect_bad();
    MAKE("R", "\x1b" DEFAULTS);
    expect_bad();
    MAKE("eh", "\0\0\0\0\0\0\0\0" DEFAULTS);
    expect_bad();
    MAKE("zRSBSBSB", "\1\x1b" DEFAULTS); /* as long as no compiler makes it */
    expect_bad();
    MAKE("zR", "\x7f\x1b" DEFAULTS); /* data longer than the record */
    expect_bad();
    MAKE("zPR", "\1\x0b\x1b" DEFAULTS); /* letters with less data */
    expect_bad();
    MAKE("zPR", "\3\x07\x1b\x1b" DEFAULTS); /* a pointer in an encoding that there is not */
    expect_bad();
    MAKE("zR", "\1\x1b\x0c\7\x08"); /* no rule for the return address */
    expect(ELFIN_WALK_UNREADABLE, 1);
    MAKE("zR", "\1\x1b\x90\1"); /* none for the CFA */
    expect_bad();
}

/* Code addresses in each encoding. */
static void encodings(void)
{
    static const struct {
        uint8_t encoding;
        unsigned size;
        bool good;
    } rows_of[] = {
        { 0x00, 8, true },  { 0x02, 2, false }, { 0x03, 4, true },  { 0x04, 8, true },
        { 0x0b, 4, true },  { 0x0c, 8, true },  { 0x10, 8, true },  { 0x13, 4, false },
        { 0x14, 8, true },  { 0x1b, 4, true },  { 0x1c, 8, true },  { 0x20, 8, false },
        { 0x30, 8, false }, { 0x40, 8, false }, { 0x50, 8, true },  { 0x07, 8, false },
        { 0x0f, 8, false }, { 0x60, 8, false }, { 0x70, 8, false }, { 0xff, 8, false },
    };

    for (size_t i = 0; i < sizeof rows_of / sizeof *rows_of; i++) {
        char data[] = "\1\x1b" DEFAULTS;
        size_t cie, at[2];

        data[1] = (char)rows_of[i].encoding;
        begin();
        cie = put_cie("zR", data, 7);
        finish(cie);
        for (int n = 0; n < 2; n++) {
            uint64_t value = n ? OUTER : CODE, size = 0x20;

            at[n] = tables_size;
            put_word(0);
            put_word((uint32_t)(at[n] + 4 - cie));
            while (rows_of[i].encoding == 0x50 && tables_size % 8 != 0)
                put("", 1);
            if ((rows_of[i].encoding & 0x70) == 0x10)
                value -= TABLES + tables_size;
            put(&value, rows_of[i].size);
            put(&size, rows_of[i].size);
            put(n ? "\0\x0e\x10" : "\0\0\0", 3);
            finish(at[n]);
        }
        close_tables();
        if (rows_of[i].good)
            expect_good();
        else if (rows_of[i].size == 8)
            expect_bad();
        CHECK_MSG(!test_state.failures, "encoding %#x", rows_of[i].encoding);
    }
}

/* One byte of the CIE at a time; its version is at 8, its letters at 9, its numbers at 12. */
static void numbers_of_the_cie(void)
{
    static const struct {
        size_t at;
        uint8_t value;
        bool good;
    } bytes[] = {
        { 8, 1, true },   { 8, 3, true },    { 8, 0, false },
        { 8, 2, false },  { 8, 4, false },   { 9, 'y', false },
        { 14, 16, true }, { 14, 17, false }, { 14, 0xff, false },
    };

    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        MAKE("zR", "\1\x1b" DEFAULTS);
        tables[bytes[i].at] = bytes[i].value;
        if (bytes[i].good)
            expect_good();
        else
            expect_bad();
        CHECK_MSG(!test_state.failures, "byte %zu: %u", bytes[i].at, bytes[i].value);
    }
}

/* ---- FDE ------------------------------------------------------------------------------------- */

/* The word at an offset of the first FDE: what is found then. */
static void words_of_the_fde(void)
{
    static const struct {
        size_t at;
        uint32_t value;
        elfin_walk_end end;
    } words[] = {
        { 0, 0, ELFIN_WALK_UNDESCRIBED }, /* the end of the table */
        { 0, 3, ELFIN_WALK_UNDESCRIBED },
        { 0, 0x1000, ELFIN_WALK_UNDESCRIBED }, /* longer than the table */
        { 0, 0x7ffffffc, ELFIN_WALK_UNDESCRIBED },
        { 0, 0xfffffff0, ELFIN_WALK_UNDESCRIBED },
        { 0, 0xffffffff, ELFIN_WALK_UNDESCRIBED }, /* of the 64-bit form */
        { 4, 0, ELFIN_WALK_UNDESCRIBED },          /* a CIE */
        { 4, 0x1000, ELFIN_WALK_DAMAGED },         /* its CIE lies before the table */
        { 4, 0xffffffff, ELFIN_WALK_DAMAGED },
        { 4, 4, ELFIN_WALK_DAMAGED }, /* its CIE is itself */
        { 4, 8, ELFIN_WALK_DAMAGED },
        { 4, 1, ELFIN_WALK_DAMAGED },
        { 12, 0, ELFIN_WALK_UNDESCRIBED },    /* it describes nothing */
        { 12, 0x10, ELFIN_WALK_UNDESCRIBED }, /* less than to the address */
        { 16, 0x7f, ELFIN_WALK_DAMAGED },     /* augmentation data beyond its end */
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        MAKE("zR", "\1\x1b" DEFAULTS);
        REQUIRE(tables_size == END);
        if (words[i].at == 16)
            tables[FIRST + 16] = (uint8_t)words[i].value;
        else
            set_word(FIRST + words[i].at, words[i].value);
        expect(words[i].end, 1);
        CHECK_MSG(!test_state.failures, "word %zu", i);
    }
}

/* A record that is no CIE, and one that is not in the table. */
static void no_cie(void)
{
    MAKE("zR", "\1\x1b" DEFAULTS);
    set_word(4, 1);
    expect_bad();
    MAKE("zR", "\1\x1b" DEFAULTS);
    description.frames += FIRST;
    description.frames_size -= FIRST;
    expect_bad();
}

/* Each byte in turn cannot be read: nothing goes on as if it could. */
static void holes(void)
{
    for (uint64_t at = 0; at < END; at++) {
        MAKE("zR", "\1\x1b" DEFAULTS);
        hole = TABLES + at;
        CHECK_MSG(walk() != ELFIN_WALK_OUTERMOST, "byte %u", (unsigned)at);
    }
}

/* A pointer to the pointer. */
static void indirect_pointers(void)
{
    uint64_t address = CODE;

    begin();
    finish(put_cie("zR", "\1\x80" DEFAULTS, 7));
    for (int n = 0; n < 2; n++) {
        uint64_t pointer = n ? TOP + 0x40 : TOP + 0x48, size = 0x20;
        size_t at = tables_size;

        put_word(0);
        put_word((uint32_t)(at + 4));
        put(&pointer, 8);
        put(&size, 8);
        put(n ? "\0\x0e\x10" : "\0\0\0", 3);
        finish(at);
    }
    close_tables();
    set_stack(TOP + 0x48, address);
    set_stack(TOP + 0x40, OUTER);
    expect_good();
    hole = TOP + 0x48;
    expect_bad();
}

/* A discarded function has the address 0, as it stands there. */
static void discarded_functions(void)
{
    MAKE("zR", "\1\x1b" DEFAULTS);
    set_word(FIRST + 8, 0);
    expect(ELFIN_WALK_UNDESCRIBED, 1);
    registers.value[ELFIN_RIP] = TABLES + FIRST + 8;
    description.address = TABLES;
    expect(ELFIN_WALK_UNDESCRIBED, 1);
}

/* Every length of the table: what is cut off is not found, and nothing behind it is read. */
static void cut_off(void)
{
    MAKE("zR", "\1\x1b" DEFAULTS);
    for (size_t size = 0; size < END; size++) {
        description.frames_size = size;
        expect(ELFIN_WALK_UNDESCRIBED, size < SECOND ? 1 : 2);
    }
    for (size_t size = 0; size < END; size++) { /* it is shorter than it says */
        tables_size = size;
        description.frames_size = END;
        CHECK(walk() != ELFIN_WALK_OUTERMOST);
        CHECK(found.count <= 2);
    }
    description.frames = UINT64_MAX - 8;
    description.frames_size = 64;
    expect(ELFIN_WALK_UNDESCRIBED, 1);
}

/* ---- Index ----------------------------------------------------------------------------------- */

static void put_row(uint64_t address, uint64_t record)
{
    int32_t row[2] = { (int32_t)(address - INDEX), (int32_t)(record - INDEX) };

    memcpy(rows + rows_size, row, sizeof row);
    rows_size += sizeof row;
}

/* The index of both functions, with this many rows before them. */
static void make_index(uint32_t before)
{
    uint32_t count = before + 2;

    MAKE("zR", "\1\x1b" DEFAULTS);
    memcpy(rows, "\1\x1b\3\x3b", 4);
    memcpy(rows + 8, &count, 4);
    rows_size = 12;
    for (uint32_t i = 0; i < before; i++)
        put_row(CODE - 16 * (before - i), TABLES + FIRST);
    put_row(CODE, TABLES + FIRST);
    put_row(OUTER, TABLES + SECOND);
    description.index = INDEX;
    description.index_size = rows_size;
}

static void set_row(size_t row, size_t half, uint64_t value)
{
    uint32_t word = (uint32_t)(value - INDEX);

    memcpy(rows + 12 + 8 * row + 4 * half, &word, 4);
}

static void indexes(void)
{
    for (uint32_t before = 0; before < 400; before++) {
        make_index(before);
        expect_good();
    }
    CHECK(reads < 60); /* it is searched by halves */
    make_index(3);
    rows[0] = 2; /* another form: the records are searched */
    set_row(3, 1, 0);
    expect_good();
    make_index(3);
    registers.value[ELFIN_RIP] = CODE - 100; /* before the first */
    description.address = CODE - 0x1000;
    description.size = 0x2000;
    expect(ELFIN_WALK_UNDESCRIBED, 1);
    registers.value[ELFIN_RIP] = CODE + 0x20; /* behind a function */
    expect(ELFIN_WALK_UNDESCRIBED, 1);
}

static void damaged_indexes(void)
{
    static const uint64_t records[] = {
        0, TABLES - 1, TABLES, TABLES + 1, TABLES + FIRST + 1, TABLES + SIZE, INDEX, STACK
    };

    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        make_index(3);
        set_row(3, 1, records[i]);
        expect_bad();
        CHECK_MSG(!test_state.failures, "record %zu", i);
    }
    make_index(3);
    set_row(3, 1, TABLES + SECOND); /* another function's */
    expect(ELFIN_WALK_UNDESCRIBED, 1);
    make_index(3);
    memcpy(rows + 8, "\xff\xff\xff\xff", 4); /* more rows than it has: the records are searched */
    expect_good();
    make_index(3);
    description.index_size = 11;
    expect_good();
    make_index(20);
    rows_size = 12 + 8 * 11; /* it cannot be read to its end */
    expect_bad();
    make_index(200);
    for (size_t i = 0; i < 202; i++) /* in no order */
        set_row(i, 0, CODE + 0x800 - 16 * (i * 77 % 202));
    (void)walk();
    CHECK(reads < 100);
}

static const struct test_case cases[] = {
    TEST_CASE(letters),
    TEST_CASE(encodings),
    TEST_CASE(numbers_of_the_cie),
    TEST_CASE(words_of_the_fde),
    TEST_CASE(discarded_functions),
    TEST_CASE(cut_off),
    TEST_CASE(no_cie),
    TEST_CASE(holes),
    TEST_CASE(indirect_pointers),
    TEST_CASE(indexes),
    TEST_CASE(damaged_indexes),
};

TEST_MAIN("evil_frames_tables", cases)
