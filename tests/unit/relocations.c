/* SPDX-License-Identifier: MIT */
/*
 * Every supported relocation type against its formula in the psABI (table 4.9), and the exact edges
 * of every field's range. The field under test stands alone in writable data, so that nothing
 * relaxes it.
 */
#include "tests/lib/expect.h"

enum {
    FIELD_AT = 24
};

#define BASE UINT64_C(0x40000000)

struct placed {
    uint64_t s, p, got; /* the symbol, the field, _GLOBAL_OFFSET_TABLE_ */
    uint64_t value;     /* of the field, not extended */
    elfin_status status;
};

static struct fixture *f;

/* One field of the type in .data, against an absolute or an own symbol, loaded at BASE. */
static struct placed place(uint32_t type, size_t width, bool own, uint64_t s, int64_t addend)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct placed placed = { .s = s };
    const elfin_export host[] = { { "target", s } };
    elfin_module_info info;
    elfin_input input;
    struct blob object;
    const void *bytes;
    int data, target;

    f = fx_new(FAKE_INVENTED);
    STATUS(fx_export(f, host, 1), ELFIN_OK);
    eb_init(eb);
    data = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 64, 16);
    eb_symbol(eb, "field", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, (unsigned)data, FIELD_AT, 8);
    target =
        own ? eb_symbol(eb, "own", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, (unsigned)data, 40, 77)
            : eb_reference(eb, "target");
    eb_rela(eb, data, FIELD_AT, type, target, addend);
    object = eb_finish(eb);
    input = (elfin_input)INPUT(object, "a.o");
    input.flags = ELFIN_INPUT_AT;
    input.at = BASE;
    placed.status = fx_load_inputs(f, &input, 1);
    free(object.data);
    free(eb);
    if (placed.status == ELFIN_OK) {
        elfin_module_get(elfin_find_module(&f->space, "a"), &info);
        placed.p = fx_lookup(f, "field");
        placed.s = own ? fx_lookup(f, "own") : s;
        placed.got = info.flags & ELFIN_MODULE_HAS_GOT ? info.got_base : 0;
        bytes = fake_host_edit(&f->fake, placed.p, 16);
        REQUIRE(bytes != NULL);
        memcpy(&placed.value, bytes, width);
        /* Nothing is written beside the field. */
        CHECK_EQ(((const uint8_t *)bytes)[width], 0);
    }
    return placed;
}

static uint64_t cut(uint64_t value, size_t width)
{
    return width == 8 ? value : value & ((UINT64_C(1) << 8 * width) - 1);
}

static uint64_t extend(uint64_t value, size_t width)
{
    uint64_t sign = UINT64_C(1) << (8 * width - 1);

    return width == 8 ? value : (value ^ sign) - sign;
}

#define CASE_OF(type_) R_X86_64_##type_, #type_

/* Types whose value is a formula of S, A, P and GOT only. */
static void direct_formulas(void)
{
    enum formula {
        S_A,
        S_A_P,
        S_A_GOT,
        GOT_A_P,
        Z_A
    };
    static const struct {
        uint32_t type;
        const char *name;
        size_t width;
        enum formula formula;
    } rows[] = {
        { CASE_OF(64), 8, S_A },           { CASE_OF(32), 4, S_A },
        { CASE_OF(32S), 4, S_A },          { CASE_OF(PC64), 8, S_A_P },
        { CASE_OF(PC32), 4, S_A_P },       { CASE_OF(PC16), 2, S_A_P },
        { CASE_OF(PC8), 1, S_A_P },        { CASE_OF(GOTOFF64), 8, S_A_GOT },
        { CASE_OF(GOTPC32), 4, GOT_A_P },  { CASE_OF(GOTPC64), 8, GOT_A_P },
        { CASE_OF(SIZE32), 4, Z_A },       { CASE_OF(SIZE64), 8, Z_A },
        { CASE_OF(PLTOFF64), 8, S_A_GOT },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct placed at = place(rows[i].type, rows[i].width, true, 0, 5);
        uint64_t expected = rows[i].formula == S_A       ? at.s + 5
                            : rows[i].formula == S_A_P   ? at.s + 5 - at.p
                            : rows[i].formula == S_A_GOT ? at.s + 5 - at.got
                            : rows[i].formula == GOT_A_P ? at.got + 5 - at.p
                                                         : 77 + 5;

        CHECK_MSG(at.status == ELFIN_OK && at.value == cut(expected, rows[i].width),
                  "%s: %s, 0x%llx, expected 0x%llx", rows[i].name, elfin_status_text(at.status),
                  (unsigned long long)at.value, (unsigned long long)cut(expected, rows[i].width));
        END(f);
    }
}

/* Types that lead to a slot; the slot must hold S, near and far. */
static void slot_formulas(void)
{
    enum base {
        FROM_GOT,
        FROM_P
    };
    static const struct {
        uint32_t type;
        const char *name;
        size_t width;
        enum base base;
    } rows[] = {
        { CASE_OF(GOT32), 4, FROM_GOT },       { CASE_OF(GOT64), 8, FROM_GOT },
        { CASE_OF(GOTPLT64), 8, FROM_GOT },    { CASE_OF(GOTPCREL), 4, FROM_P },
        { CASE_OF(GOTPCREL64), 8, FROM_P },    { CASE_OF(GOTPCRELX), 4, FROM_P },
        { CASE_OF(REX_GOTPCRELX), 4, FROM_P },
    };
    static const uint64_t targets[] = { 0x40001234, 0x123456789abcdef0, 0xffffffff80000000 };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++) {
            struct placed at = place(rows[i].type, rows[i].width, false, targets[t], 0);
            uint64_t slot =
                extend(at.value, rows[i].width) + (rows[i].base == FROM_GOT ? at.got : at.p);

            CHECK_MSG(at.status == ELFIN_OK && fx_read(f, slot) == targets[t],
                      "%s to 0x%llx: %s, slot at 0x%llx", rows[i].name,
                      (unsigned long long)targets[t], elfin_status_text(at.status),
                      (unsigned long long)slot);
            END(f);
        }
    }
}

/* A far PLTOFF64 target is reached through a stub, which begins with a jump through its slot. */
static void far_functions_have_stubs(void)
{
    struct placed at = place(R_X86_64_PLTOFF64, 8, false, 0x123456789abcdef0, 0);
    uint64_t leads_to = at.value + at.got;

    STATUS(at.status, ELFIN_OK);
    if (leads_to != at.s) {
        const uint8_t *code = fake_host_edit(&f->fake, leads_to, 6);
        int32_t displacement;

        REQUIRE(code != NULL);
        CHECK(code[0] == 0xff && code[1] == 0x25);
        memcpy(&displacement, code + 2, 4);
        CHECK_EQ(fx_read(f, leads_to + 6 + (uint64_t)(int64_t)displacement), at.s);
    }
    END(f);
}

/*
 * A load through a slot becomes direct in code only, only when the instruction is known and the
 * addend is the one that compilers write. Whatever is done, the code must see the target's address.
 */
static void only_known_instructions_are_relaxed(void)
{
    static const struct {
        uint64_t flags;
        uint8_t code[2]; /* before the field */
        uint64_t field;
        int64_t addend;
        bool relaxed;
    } rows[] = {
        { SHF_ALLOC | SHF_EXECINSTR, { 0x8b, 0x05 }, 24, -4, true },
        { SHF_ALLOC | SHF_EXECINSTR, { 0x8b, 0x3d }, 24, -4, true },
        { SHF_ALLOC | SHF_EXECINSTR, { 0xff, 0x15 }, 24, -4, true },
        { SHF_ALLOC | SHF_EXECINSTR, { 0xff, 0x25 }, 24, -4, true },
        { SHF_ALLOC | SHF_EXECINSTR, { 0x8b, 0x05 }, 24, -8, false }, /* an immediate follows */
        { SHF_ALLOC | SHF_EXECINSTR, { 0x8b, 0x05 }, 24, 0, false },
        { SHF_ALLOC | SHF_EXECINSTR, { 0x03, 0x05 }, 24, -4, false }, /* add */
        { SHF_ALLOC | SHF_EXECINSTR, { 0x8b, 0x45 }, 24, -4, false }, /* another addressing form */
        { SHF_ALLOC | SHF_EXECINSTR, { 0xff, 0x35 }, 24, -4, false }, /* push */
        { SHF_ALLOC | SHF_WRITE, { 0x8b, 0x05 }, 24, -4, false },
        { SHF_ALLOC, { 0x8b, 0x05 }, 24, -4, false },
        { SHF_ALLOC | SHF_EXECINSTR, { 0, 0 }, 0, -4, false }, /* no bytes before the field */
        { SHF_ALLOC | SHF_EXECINSTR, { 0, 0 }, 1, -4, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct elf_builder *eb = xmalloc(sizeof *eb);
        const elfin_export host[] = { { "target", BASE + 0x10000 } };
        uint8_t bytes[64] = { 0 };
        const uint8_t *now;
        struct blob object;
        elfin_input input;
        int32_t field;

        if (rows[i].field >= 2) {
            memcpy(bytes + rows[i].field - 2, rows[i].code, 2);
        }
        eb_init(eb);
        eb_section(eb, ".any", SHT_PROGBITS, rows[i].flags, bytes, sizeof bytes, 16);
        eb_symbol(eb, "begin", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 1, 0, 1);
        eb_rela(eb, 1, rows[i].field, R_X86_64_GOTPCRELX, eb_reference(eb, "target"),
                rows[i].addend);
        object = eb_finish(eb);
        f = fx_new(FAKE_INVENTED);
        STATUS(fx_export(f, host, 1), ELFIN_OK);
        input = (elfin_input)INPUT(object, "a.o");
        input.flags = ELFIN_INPUT_AT;
        input.at = BASE;
        STATUS(fx_load_inputs(f, &input, 1), ELFIN_OK);
        now = fake_host_edit(&f->fake, fx_lookup(f, "begin"), sizeof bytes);
        REQUIRE(now != NULL);
        memcpy(&field, now + rows[i].field, 4);
        if (rows[i].relaxed) {
            CHECK_MSG(memcmp(now + rows[i].field - 2, rows[i].code, 2) != 0, "row %zu", i);
        } else {
            uint64_t slot = fx_lookup(f, "begin") + rows[i].field + (uint64_t)(int64_t)field -
                            (uint64_t)rows[i].addend;

            CHECK_MSG(fx_read(f, slot) == host[0].address, "row %zu: no slot at 0x%llx", i,
                      (unsigned long long)slot);
            CHECK_MSG(rows[i].field < 2 || memcmp(now + rows[i].field - 2, rows[i].code, 2) == 0,
                      "row %zu: the instruction was changed", i);
        }
        free(object.data);
        free(eb);
        END(f);
    }
}

/* Lowest and highest value that fit; one less and one more are refused with the exact limits. */
static void ranges_are_exact(void)
{
    static const struct {
        uint32_t type;
        const char *name;
        size_t width;
        int64_t low, high;
        bool relative;
    } rows[] = {
        { CASE_OF(8), 1, -0x80, 0xff, false },
        { CASE_OF(16), 2, -0x8000, 0xffff, false },
        { CASE_OF(32), 4, 0, 0xffffffff, false },
        { CASE_OF(32S), 4, -0x80000000LL, 0x7fffffff, false },
        { CASE_OF(PC8), 1, -0x80, 0x7f, true },
        { CASE_OF(PC16), 2, -0x8000, 0x7fff, true },
        { CASE_OF(PC32), 4, -0x80000000LL, 0x7fffffff, true },
        { CASE_OF(SIZE32), 4, 0, 0xffffffff, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int edge = 0; edge < 4; edge++) {
            int64_t wanted = edge == 0   ? rows[i].low
                             : edge == 1 ? rows[i].high
                             : edge == 2 ? rows[i].low - 1
                                         : rows[i].high + 1;
            /* The field lies at BASE + FIELD_AT; the symbol of SIZE32 is 77 bytes long. */
            bool size = rows[i].type == R_X86_64_SIZE32;
            int64_t addend = size               ? wanted - 77
                             : rows[i].relative ? wanted + (int64_t)(BASE + FIELD_AT) - 0x1000
                                                : wanted - 0x1000;
            struct placed at = place(rows[i].type, rows[i].width, size, 0x1000, addend);

            if (edge < 2) {
                CHECK_MSG(at.status == ELFIN_OK && at.value == cut((uint64_t)wanted, rows[i].width),
                          "%s, value %lld: %s, 0x%llx", rows[i].name, (long long)wanted,
                          elfin_status_text(at.status), (unsigned long long)at.value);
            } else {
                CHECK_MSG(at.status == ELFIN_ERR_RANGE, "%s, value %lld: %s", rows[i].name,
                          (long long)wanted, elfin_status_text(at.status));
                CHECK_EQ(f->diag.value, wanted);
                CHECK_EQ(f->diag.low, rows[i].low);
                CHECK_EQ(f->diag.high, rows[i].high);
                CHECK_EQ(f->diag.place, FIELD_AT);
                CHECK_STR(f->diag.section, ".data");
                CHECK_EQ(f->diag.relocation_index, 0);
            }
            END(f);
        }
    }
}

/* The host exports addresses, not sizes: 0 would be a lie. */
static void the_size_of_a_host_export_is_unknown(void)
{
    struct placed at = place(R_X86_64_SIZE32, 4, false, 0x1000, 0);

    STATUS(at.status, ELFIN_ERR_UNDEFINED);
    CHECK_STR(f->diag.symbol, "target");
    END(f);
}

static void section_symbols_are_named_in_reports(void)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;
    int data, rodata;

    f = fx_new(FAKE_INVENTED);
    eb_init(eb);
    data = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 16, 8);
    rodata = eb_section(eb, ".rodata", SHT_PROGBITS, SHF_ALLOC, NULL, 16, 8);
    eb_rela(eb, data, 0, R_X86_64_PC8,
            eb_symbol(eb, "", ELF64_ST_INFO(STB_LOCAL, STT_SECTION), 0, (unsigned)rodata, 0, 0), 0);
    object = eb_finish(eb);
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_ERR_RANGE);
    CHECK_STR(f->diag.symbol, "section .rodata");
    free(object.data);
    free(eb);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(direct_formulas),
    TEST_CASE(slot_formulas),
    TEST_CASE(far_functions_have_stubs),
    TEST_CASE(only_known_instructions_are_relaxed),
    TEST_CASE(ranges_are_exact),
    TEST_CASE(the_size_of_a_host_export_is_unknown),
    TEST_CASE(section_symbols_are_named_in_reports),
};

TEST_MAIN("relocations", cases)
