/* SPDX-License-Identifier: MIT */
/*
 * Relocations of APX instructions (psABI: CODE_4, CODE_5 and CODE_6, by how many bytes before the
 * field the instruction begins). No processor here executes them: bytes are assembled by hand. REX2
 * is d5 and a payload M0 R4 X4 B4 W R3 X3 B3; EVEX begins with 62.
 */
#include "tests/lib/expect.h"

enum {
    CODE_4_GOTPCRELX = 43,
    CODE_4_GOTTPOFF = 44,
    CODE_4_GOTPC32_TLSDESC = 45,
    CODE_5_GOTPCRELX = 46,
    CODE_5_GOTTPOFF = 47,
    CODE_5_GOTPC32_TLSDESC = 48,
    CODE_6_GOTPCRELX = 49,
    CODE_6_GOTTPOFF = 50,
    CODE_6_GOTPC32_TLSDESC = 51,
    FIELD_AT = 24,
    TP_OFFSET = -8
};

#define BASE UINT64_C(0x40000000)

struct row {
    uint32_t type;
    uint8_t from[6], to[6]; /* the bytes before the field; `to` all 0: the slot stays */
    int64_t addend;
};

static struct fixture *f;
static uint8_t code[64]; /* after the load */
static uint64_t begin;

/* Loads the bytes with one record, against a host export or a thread-local variable. */
static elfin_status load(const struct row *row, uint64_t flags)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    const elfin_export host[] = { { "target", BASE + 0x10000 } };
    bool tls = row->type % 3 != CODE_4_GOTPCRELX % 3; /* the numbers come in threes */
    struct blob object;
    elfin_input input;
    int text, data, target;

    memset(code, 0x90, sizeof code);
    memcpy(code + FIELD_AT - 6, row->from, 6);
    memset(code + FIELD_AT, 0, 4);
    eb_init(eb);
    text = eb_section(eb, ".any", SHT_PROGBITS, flags, code, sizeof code, 16);
    data = eb_section(eb, ".tdata", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, NULL, 8, 8);
    eb_symbol(eb, "begin", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, (unsigned)text, 0, 1);
    target =
        tls ? eb_symbol(eb, "variable", ELF64_ST_INFO(STB_GLOBAL, STT_TLS), 0, (unsigned)data, 0, 8)
            : eb_reference(eb, "target");
    eb_rela(eb, text, FIELD_AT, row->type, target, row->addend);
    object = eb_finish(eb);
    f = fx_new_tls(FAKE_INVENTED, 4096, 64);
    STATUS(fx_export(f, host, 1), ELFIN_OK);
    input = (elfin_input)INPUT(object, "a.o");
    input.flags = ELFIN_INPUT_AT;
    input.at = BASE;
    fx_load_inputs(f, &input, 1);
    free(object.data);
    free(eb);
    if (f->status == ELFIN_OK) {
        begin = fx_lookup(f, "begin");
        memcpy(code, fake_host_edit(&f->fake, begin, sizeof code), sizeof code);
    }
    return f->status;
}

static int64_t field(void)
{
    int32_t value;

    memcpy(&value, code + FIELD_AT, 4);
    return value;
}

/* Only the bytes of the instruction may have changed. */
static void check_around(const char *what)
{
    for (size_t i = 0; i < sizeof code; i++) {
        if (i < FIELD_AT - 6 || i >= FIELD_AT + 4) {
            CHECK_MSG(code[i] == 0x90, "%s: byte %zu is 0x%02x", what, i, code[i]);
        }
    }
}

static void check_row(const struct row *row, size_t number, uint64_t slot_holds, int64_t constant)
{
    static const uint8_t none[6];
    char what[32];

    snprintf(what, sizeof what, "row %zu, type %u", number, row->type);
    if (load(row, SHF_ALLOC | SHF_EXECINSTR) != ELFIN_OK) {
        CHECK_MSG(false, "%s: %s", what, elfin_status_text(f->status));
    } else if (memcmp(row->to, none, 6) == 0) {
        uint64_t slot = begin + FIELD_AT + (uint64_t)(field() - row->addend);

        CHECK_MSG(fx_read(f, slot) == slot_holds, "%s: no slot", what);
        CHECK_MSG(memcmp(code + FIELD_AT - 6, row->from, 6) == 0, "%s: was changed", what);
    } else {
        CHECK_MSG(memcmp(code + FIELD_AT - 6, row->to, 6) == 0, "%s: wrong instruction", what);
        CHECK_MSG(field() == constant, "%s: 0x%llx", what, (unsigned long long)field());
    }
    check_around(what);
    END(f);
}

/* A load with REX2 becomes lea; with EVEX, and anything else, the slot stays. */
static void loads_from_slots(void)
{
    static const struct row rows[] = {
        /* mov target@GOTPCREL(%rip), %r16, %r31d, %rax */
        { CODE_4_GOTPCRELX,
          { 0x90, 0x90, 0xd5, 0x48, 0x8b, 0x05 },
          { 0x90, 0x90, 0xd5, 0x48, 0x8d, 0x05 },
          -4 },
        { CODE_4_GOTPCRELX,
          { 0x90, 0x90, 0xd5, 0x4c, 0x8b, 0x3d },
          { 0x90, 0x90, 0xd5, 0x4c, 0x8d, 0x3d },
          -4 },
        { CODE_4_GOTPCRELX,
          { 0x90, 0x90, 0xd5, 0x08, 0x8b, 0x05 },
          { 0x90, 0x90, 0xd5, 0x08, 0x8d, 0x05 },
          -4 },
        { CODE_4_GOTPCRELX, { 0x90, 0x90, 0xd5, 0x48, 0x03, 0x05 }, { 0 }, -4 }, /* add */
        { CODE_4_GOTPCRELX, { 0x90, 0x90, 0xd5, 0x48, 0x85, 0x05 }, { 0 }, -4 }, /* test */
        { CODE_4_GOTPCRELX, { 0x90, 0x90, 0xd5, 0xc8, 0x8b, 0x05 }, { 0 }, -4 }, /* map 1 */
        { CODE_4_GOTPCRELX, { 0x90, 0x90, 0xd5, 0x08, 0xff, 0x15 }, { 0 }, -4 }, /* call */
        { CODE_4_GOTPCRELX, { 0x90, 0x90, 0xd5, 0x08, 0xff, 0x25 }, { 0 }, -4 }, /* jmp */
        { CODE_4_GOTPCRELX, { 0x90, 0x90, 0x40, 0x48, 0x8b, 0x05 }, { 0 }, -4 }, /* no REX2 */
        { CODE_4_GOTPCRELX, { 0x90, 0x90, 0xd5, 0x48, 0x8b, 0x05 }, { 0 }, -8 },
        { CODE_5_GOTPCRELX, { 0x90, 0xd5, 0x48, 0x8b, 0x8b, 0x05 }, { 0 }, -4 },
        /* add target@GOTPCREL(%rip), %rax, %r16 (EVEX, new data destination) */
        { CODE_6_GOTPCRELX, { 0x62, 0xf4, 0xfc, 0x10, 0x03, 0x05 }, { 0 }, -4 },
        { CODE_6_GOTPCRELX, { 0x62, 0xf4, 0xfc, 0x10, 0x8b, 0x05 }, { 0 }, -4 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(&rows[i], i, BASE + 0x10000, 0x10000 - FIELD_AT - 4);
    }
}

/* mov and add with REX2 become constants; the register's high bits move from R to B. */
static void thread_local_offsets(void)
{
    static const struct row rows[] = {
        /* mov: r16, r31, r9, rax */
        { CODE_4_GOTTPOFF,
          { 0x90, 0x90, 0xd5, 0x48, 0x8b, 0x05 },
          { 0x90, 0x90, 0xd5, 0x18, 0xc7, 0xc0 },
          -4 },
        { CODE_4_GOTTPOFF,
          { 0x90, 0x90, 0xd5, 0x4c, 0x8b, 0x3d },
          { 0x90, 0x90, 0xd5, 0x19, 0xc7, 0xc7 },
          -4 },
        { CODE_4_GOTTPOFF,
          { 0x90, 0x90, 0xd5, 0x0c, 0x8b, 0x0d },
          { 0x90, 0x90, 0xd5, 0x09, 0xc7, 0xc1 },
          -4 },
        { CODE_4_GOTTPOFF,
          { 0x90, 0x90, 0xd5, 0x08, 0x8b, 0x05 },
          { 0x90, 0x90, 0xd5, 0x08, 0xc7, 0xc0 },
          -4 },
        /* add: r20, r28 */
        { CODE_4_GOTTPOFF,
          { 0x90, 0x90, 0xd5, 0x48, 0x03, 0x25 },
          { 0x90, 0x90, 0xd5, 0x18, 0x81, 0xc4 },
          -4 },
        { CODE_4_GOTTPOFF,
          { 0x90, 0x90, 0xd5, 0x4c, 0x03, 0x25 },
          { 0x90, 0x90, 0xd5, 0x19, 0x81, 0xc4 },
          -4 },
        { CODE_4_GOTTPOFF, { 0x90, 0x90, 0xd5, 0x40, 0x8b, 0x05 }, { 0 }, -4 }, /* 32 bits */
        { CODE_4_GOTTPOFF, { 0x90, 0x90, 0xd5, 0x48, 0x2b, 0x05 }, { 0 }, -4 }, /* sub */
        { CODE_4_GOTTPOFF, { 0x90, 0x90, 0xd5, 0xc8, 0x8b, 0x05 }, { 0 }, -4 }, /* map 1 */
        { CODE_4_GOTTPOFF, { 0x90, 0x90, 0xd5, 0x48, 0x8b, 0x05 }, { 0 }, -8 },
        { CODE_5_GOTTPOFF, { 0x90, 0xd5, 0x48, 0x8b, 0x8b, 0x05 }, { 0 }, -4 },
        /* add %rax, variable@GOTTPOFF(%rip), %r16; and the other way round */
        { CODE_6_GOTTPOFF, { 0x62, 0xf4, 0xfc, 0x10, 0x01, 0x05 }, { 0 }, -4 },
        { CODE_6_GOTTPOFF, { 0x62, 0xf4, 0xfc, 0x10, 0x03, 0x05 }, { 0 }, -4 },
        /* lea variable@TLSDESC(%rip), %r17, %r24 */
        { CODE_4_GOTPC32_TLSDESC,
          { 0x90, 0x90, 0xd5, 0x48, 0x8d, 0x0d },
          { 0x90, 0x90, 0xd5, 0x18, 0xc7, 0xc1 },
          -4 },
        { CODE_4_GOTPC32_TLSDESC,
          { 0x90, 0x90, 0xd5, 0x4c, 0x8d, 0x05 },
          { 0x90, 0x90, 0xd5, 0x19, 0xc7, 0xc0 },
          -4 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(&rows[i], i, (uint64_t)TP_OFFSET, TP_OFFSET);
    }
}

/* A descriptor cannot stay: only the instruction that can be rewritten may ask for one. */
static void other_descriptors_are_refused(void)
{
    static const struct row rows[] = {
        { CODE_4_GOTPC32_TLSDESC, { 0x90, 0x90, 0xd5, 0x48, 0x8b, 0x05 }, { 0 }, -4 },
        { CODE_4_GOTPC32_TLSDESC, { 0x90, 0x90, 0x48, 0x48, 0x8d, 0x05 }, { 0 }, -4 },
        { CODE_4_GOTPC32_TLSDESC, { 0x90, 0x90, 0xd5, 0x48, 0x8d, 0x05 }, { 0 }, 0 },
        { CODE_5_GOTPC32_TLSDESC, { 0x90, 0xd5, 0x48, 0x8d, 0x8d, 0x05 }, { 0 }, -4 },
        { CODE_6_GOTPC32_TLSDESC, { 0x62, 0xf4, 0xfc, 0x10, 0x8d, 0x05 }, { 0 }, -4 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        STATUS(load(&rows[i], SHF_ALLOC | SHF_EXECINSTR), ELFIN_ERR_TLS);
        CHECK_EQ(f->diag.place, FIELD_AT);
        CHECK_STR(f->diag.section, ".any");
        CHECK(strstr(elfin_diag_relocation_name(&f->diag), "GOTPC32_TLSDESC") != NULL);
        END(f);
    }
}

/* What only looks like an instruction, in data, is left alone. */
static void data_are_not_rewritten(void)
{
    static const struct row rows[] = {
        { CODE_4_GOTPCRELX, { 0x90, 0x90, 0xd5, 0x48, 0x8b, 0x05 }, { 0 }, -4 },
        { CODE_4_GOTTPOFF, { 0x90, 0x90, 0xd5, 0x48, 0x8b, 0x05 }, { 0 }, -4 },
        { CODE_4_GOTPC32_TLSDESC, { 0x90, 0x90, 0xd5, 0x48, 0x8d, 0x05 }, { 0 }, -4 },
    };

    for (size_t i = 0; i < 3; i++) {
        STATUS(load(&rows[i], SHF_ALLOC), i < 2 ? ELFIN_OK : ELFIN_ERR_TLS);
        if (f->status == ELFIN_OK) {
            CHECK(memcmp(code + FIELD_AT - 6, rows[i].from, 6) == 0);
            CHECK_EQ(fx_read(f, begin + FIELD_AT + (uint64_t)(field() + 4)),
                     i == 0 ? BASE + 0x10000 : (uint64_t)TP_OFFSET);
        }
        END(f);
    }
}

/* The withdrawn MPX forms of call and jmp: the prefix is a no-op, the field that of PLT32, PC32. */
static void bounds_prefixes_do_not_matter(void)
{
    static const uint32_t types[] = { 39, 40 }; /* PC32_BND, PLT32_BND */

    for (size_t i = 0; i < 2; i++) {
        struct elf_builder *eb = xmalloc(sizeof *eb);
        const elfin_export host[] = { { "target", BASE + 0x10000 } };
        const uint8_t bytes[8] = { 0xf2, 0xe8 };
        struct blob object;
        elfin_input input;

        eb_init(eb);
        eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, bytes, 8, 16);
        eb_symbol(eb, "begin", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, 8);
        eb_rela(eb, 1, 2, types[i], eb_reference(eb, "target"), -4);
        object = eb_finish(eb);
        f = fx_new(FAKE_INVENTED);
        STATUS(fx_export(f, host, 1), ELFIN_OK);
        input = (elfin_input)INPUT(object, "a.o");
        input.flags = ELFIN_INPUT_AT;
        input.at = BASE;
        STATUS(fx_load_inputs(f, &input, 1), ELFIN_OK);
        CHECK_EQ((uint32_t)(fx_read(f, fx_lookup(f, "begin")) >> 16),
                 host[0].address - (fx_lookup(f, "begin") + 6));
        free(object.data);
        free(eb);
        END(f);
    }
}

static const struct test_case cases[] = {
    TEST_CASE(loads_from_slots),
    TEST_CASE(thread_local_offsets),
    TEST_CASE(other_descriptors_are_refused),
    TEST_CASE(data_are_not_rewritten),
    TEST_CASE(bounds_prefixes_do_not_matter),
};

TEST_MAIN("apx", cases)
