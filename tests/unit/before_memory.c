/* SPDX-License-Identifier: MIT */
/*
 * No fixup is found out of range after memory was taken: whatever cannot be satisfied is refused in
 * phase resolve, with every fixup that is to blame, before the host is asked for an image.
 */
#include "tests/lib/expect.h"

#define KIB  (UINT64_C(1) << 10)
#define MIB  (UINT64_C(1) << 20)
#define GIB  (UINT64_C(1) << 30)
#define HUGE (INT64_C(1) << 40)
#define AT   UINT64_C(0x700000000000)

enum {
    FIELD = 32, /* r_offset of the field under test */
    SIZE = 64   /* of the section that it is in */
};

/* What the field refers to. */
enum target {
    OWN,     /* the start of its section */
    BEYOND,  /* a symbol of its section, with a value far outside */
    IMPORT,  /* the host's, at 0x1000 */
    CONST,   /* absolute, 0x1000 */
    WEAK,    /* undefined and weak */
    NOTHING, /* symbol 0 */
    SIZED,   /* own, with a size of 4 GiB */
    DEBUG    /* in a section that is not loaded */
};

struct row {
    const char *name;
    uint32_t type;
    enum target target;
    int64_t addend;
    uint64_t value, low, high; /* expected in the report */
    bool data;                 /* the field lies in .data, else in .text */
};

#define S32 0 - 2 * GIB, 2 * GIB - 1
#define U32 0, 4 * GIB - 1
#define E16 0 - 32 * KIB, 64 * KIB - 1
#define S16 0 - 32 * KIB, 32 * KIB - 1
#define E8  0 - UINT64_C(128), 255
#define S8  0 - UINT64_C(128), 127
#define P   (AT + FIELD)

/* With the object at AT; .text or .data is all that it has, so its section begins there. */
static const struct row at_rows[] = {
    { "32", R_X86_64_32, OWN, 0, AT, U32, false },
    { "32 below 0", R_X86_64_32, CONST, -0x1001, UINT64_MAX, U32, false },
    { "32S", R_X86_64_32S, OWN, 4, AT + 4, S32, false },
    { "32S by one", R_X86_64_32S, CONST, (int64_t)(2 * GIB - 0x1000), 2 * GIB, S32, false },
    { "16", R_X86_64_16, OWN, 0, AT, E16, true },
    { "16 by one", R_X86_64_16, CONST, 0xf000, 0x10000, E16, true },
    { "8", R_X86_64_8, IMPORT, 0, 0x1000, E8, true },
    { "PC32", R_X86_64_PC32, IMPORT, -4, 0x1000 - P - 4, S32, false },
    { "PC32 of a constant", R_X86_64_PC32, CONST, 0, 0x1000 - P, S32, true },
    { "PC32 of 0", R_X86_64_PC32, WEAK, 0, 0 - P, S32, false },
    { "PC32 of no symbol", R_X86_64_PC32, NOTHING, 0, 0 - P, S32, false },
    { "PC16", R_X86_64_PC16, IMPORT, 0, 0x1000 - P, S16, false },
    { "PC8", R_X86_64_PC8, IMPORT, 0, 0x1000 - P, S8, true },
    { "PLT32 into the middle", R_X86_64_PLT32, IMPORT, 0, 0x1000 - P, S32, false },
    { "PLT32 of no symbol", R_X86_64_PLT32, NOTHING, -4, 0 - P - 4, S32, false },
};

/* These have no place at all. */
static const struct row rows[] = {
    { "PC32 addend", R_X86_64_PC32, OWN, HUGE, (uint64_t)HUGE - FIELD, S32, false },
    { "PC32 by one", R_X86_64_PC32, OWN, (int64_t)(2 * GIB) + FIELD, 2 * GIB, S32, true },
    { "PC32 outside", R_X86_64_PC32, BEYOND, 0, (uint64_t)HUGE - FIELD, S32, false },
    { "PC16 addend", R_X86_64_PC16, OWN, 32800, 32768, S16, true },
    { "PC8 addend", R_X86_64_PC8, OWN, -97, (uint64_t)-129, S8, true },
    { "PLT32 addend", R_X86_64_PLT32, OWN, INT64_MAX, (uint64_t)INT64_MAX - FIELD, S32, true },
    { "PLT32 outside", R_X86_64_PLT32, BEYOND, 0, (uint64_t)HUGE - FIELD, S32, false },
    { "32 constant", R_X86_64_32, CONST, HUGE, (uint64_t)HUGE + 0x1000, U32, false },
    { "8 of 0", R_X86_64_8, WEAK, 256, 256, E8, true },
    { "16 of no symbol", R_X86_64_16, NOTHING, -32769, (uint64_t)-32769, E16, true },
    { "SIZE32", R_X86_64_SIZE32, SIZED, 0, 4 * GIB, U32, true },
    { "SIZE32 below 0", R_X86_64_SIZE32, OWN, -1, UINT64_MAX, U32, true },
    { "GOT32", R_X86_64_GOT32, IMPORT, HUGE, (uint64_t)HUGE, S32, false },
    { "GOT32 by one", R_X86_64_GOT32, IMPORT, (int64_t)(2 * GIB), 2 * GIB, S32, false },
    /* One page of .text, then the slot. */
    { "GOTPCREL", R_X86_64_GOTPCREL, IMPORT, HUGE, (uint64_t)HUGE + 4096 - FIELD, S32, false },
    { "GOTPCRELX", R_X86_64_GOTPCRELX, IMPORT, -HUGE, 4096 - FIELD - (uint64_t)HUGE, S32, false },
    { "REX_GOTPCRELX", R_X86_64_REX_GOTPCRELX, OWN, INT64_MIN, 4096 - FIELD + (uint64_t)INT64_MIN,
      S32, false },
    { "GOTPC32", R_X86_64_GOTPC32, OWN, HUGE, (uint64_t)HUGE + 4096 - FIELD, S32, false },
    { "GOTPC32 of no symbol", R_X86_64_GOTPC32, NOTHING, (int64_t)(2 * GIB) + FIELD, 2 * GIB + 4096,
      S32, false },
    { "GOTPC32 of a symbol that is not loaded", R_X86_64_GOTPC32, DEBUG, HUGE,
      (uint64_t)HUGE + 4096 - FIELD, S32, false },
};

static int make_target(struct elf_builder *eb, enum target target, int section)
{
    const unsigned local = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE);
    const unsigned weak = ELF64_ST_INFO(STB_WEAK, STT_NOTYPE);
    int debug;

    switch (target) {
    case OWN:
        return eb_symbol(eb, "target", local, 0, (unsigned)section, 0, 0);
    case BEYOND:
        return eb_symbol(eb, "target", local, 0, (unsigned)section, (uint64_t)HUGE, 0);
    case IMPORT:
        return eb_reference(eb, "target");
    case CONST:
        return eb_symbol(eb, "target", local, 0, SHN_ABS, 0x1000, 0);
    case WEAK:
        return eb_symbol(eb, "nobody", weak, 0, SHN_UNDEF, 0, 0);
    case SIZED:
        return eb_symbol(eb, "target", local, 0, (unsigned)section, 0, 4 * GIB);
    case DEBUG:
        debug = eb_section(eb, ".debug_info", SHT_PROGBITS, 0, NULL, 8, 1);
        return eb_symbol(eb, "target", local, 0, (unsigned)debug, 0, 0);
    default:
        return -1;
    }
}

static struct blob row_object(const struct row *row)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;
    int section, self;

    eb_init(eb);
    section = row->data
                  ? eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, SIZE, 8)
                  : eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, SIZE, 8);
    /* Other records of the table are not to blame. */
    self = eb_symbol(eb, "self", ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, (unsigned)section, 0, 0);
    eb_rela(eb, section, 0, R_X86_64_64, self, 0);
    eb_rela(eb, section, FIELD, row->type, make_target(eb, row->target, section), row->addend);
    eb_rela(eb, section, 40, R_X86_64_PC32, self, 0);
    object = eb_finish(eb);
    free(eb);
    return object;
}

static size_t images_asked_for(const struct fixture *f)
{
    size_t count = 0;

    for (size_t i = 0; i < f->fake.event_count; i++) {
        count += f->fake.events[i].op == FAKE_RESERVE &&
                 f->fake.events[i].purpose == ELFIN_PURPOSE_IMAGE;
    }
    return count;
}

static struct fixture *begin(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    const elfin_export exports[] = { { "target", 0x1000 } };

    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    fake_host_rewind(&f->fake);
    return f;
}

/* Refused in phase resolve, without a request for memory. */
static void check_refusal(struct fixture *f, elfin_status expected, size_t reports)
{
    STATUS(f->status, expected);
    CHECK_EQ(images_asked_for(f), 0);
    CHECK_EQ(f->report_count, reports);
    for (size_t i = 0; i < f->report_count && i < FX_MAX_REPORTS; i++) {
        CHECK_EQ(f->reports[i].status, expected);
        CHECK_EQ(f->reports[i].phase, ELFIN_PHASE_RESOLVE);
        for (size_t k = 0; k < i; k++) {
            CHECK(f->reports[i].relocation_index != f->reports[k].relocation_index ||
                  strcmp(f->reports[i].section, f->reports[k].section) != 0 ||
                  strcmp(f->reports[i].file, f->reports[k].file) != 0);
        }
    }
}

static void check_row(const struct row *row, bool at)
{
    struct fixture *f = begin();
    struct blob object = row_object(row);
    elfin_input input = INPUT(object, "a.o");
    const elfin_diag *d = &f->diag;

    input.flags = at ? ELFIN_INPUT_AT : 0;
    input.at = AT;
    fx_load_inputs(f, &input, 1);
    check_refusal(f, ELFIN_ERR_RANGE, 1);
    CHECK_STR(d->section, row->data ? ".data" : ".text");
    CHECK_STR(d->symbol, row->target == NOTHING ? "" : row->target == WEAK ? "nobody" : "target");
    CHECK_EQ(d->place, FIELD);
    CHECK_EQ(d->relocation_index, 1);
    CHECK_MSG(elfin_diag_relocation_name(d)[0] != '\0', "%s: no type", row->name);
    CHECK_MSG((d->have & ELFIN_DIAG_VALUE) != 0 && d->value == row->value,
              "%s: value 0x%llx, expected 0x%llx", row->name, (unsigned long long)d->value,
              (unsigned long long)row->value);
    CHECK_MSG((d->have & ELFIN_DIAG_LIMITS) != 0 && d->low == row->low && d->high == row->high,
              "%s: limits 0x%llx to 0x%llx", row->name, (unsigned long long)d->low,
              (unsigned long long)d->high);
    CHECK_EQ((d->have & ELFIN_DIAG_SIGNED) != 0, row->low != 0);
    CHECK_MSG(test_state.failures == 0, "%s", row->name);
    free(object.data);
    END(f);
}

/* Without a load the same is known, but for what others would have to tell. */
static void check_inspection(const struct row *row)
{
    struct fixture *f = begin();
    struct blob object = row_object(row);
    elfin_input input = INPUT(object, "a.o");
    elfin_inspection out;

    STATUS(elfin_inspect(&f->fake.host, &input, NULL, &out, &f->diag),
           row->target == WEAK ? ELFIN_OK : ELFIN_ERR_RANGE);
    if (row->target != WEAK)
        CHECK_EQ(f->diag.relocation_index, 1);
    CHECK_MSG(test_state.failures == 0, "%s", row->name);
    free(object.data);
    END(f);
}

static void fields_of_an_object_with_an_address(void)
{
    for (size_t i = 0; i < sizeof at_rows / sizeof at_rows[0]; i++) {
        check_row(&at_rows[i], true);
        REQUIRE_NO_FAILURE();
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(&rows[i], true);
        REQUIRE_NO_FAILURE();
    }
}

static void fields_that_no_address_satisfies(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(&rows[i], false);
        check_inspection(&rows[i]);
        REQUIRE_NO_FAILURE();
    }
}

/* Limits of the caller, each against the field that they exclude; the others are not reported. */
static void min_and_max(void)
{
    static const struct {
        uint32_t type;
        uint64_t min, max, low, high;
    } limits[] = {
        { R_X86_64_32, 4 * GIB, UINT64_MAX, 0, 4 * GIB - 1 },
        { R_X86_64_16, 64 * KIB, UINT64_MAX - 32 * KIB, 0, 0 },
        { R_X86_64_8, 4 * KIB, UINT64_MAX, 0, 0 },
        { R_X86_64_32S, 2 * GIB, 0 - 2 * GIB - 1, 0, 0 },
        { R_X86_64_PC32, 3 * GIB, UINT64_MAX - 3 * GIB, 0, 0 },
        { R_X86_64_PC16, 64 * KIB, UINT64_MAX - 64 * KIB, 0, 0 },
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        bool relative = limits[i].type == R_X86_64_PC32 || limits[i].type == R_X86_64_PC16;
        struct row row = { .type = limits[i].type, .target = relative ? IMPORT : OWN };
        struct blob object = row_object(&row);
        struct fixture *f = begin();

        f->options.min = limits[i].min;
        f->options.max = limits[i].max;
        fx_load_blob(f, "a.o", object);
        CHECK_MSG(f->status == ELFIN_ERR_REACH, "%zu: %s", i, elfin_status_text(f->status));
        check_refusal(f, ELFIN_ERR_REACH, 1);
        CHECK_EQ(f->diag.place, FIELD);
        CHECK_EQ(f->diag.relocation_index, 1);
        CHECK_STR(f->diag.symbol, "target");
        if (limits[i].high != 0) {
            CHECK((f->diag.have & ELFIN_DIAG_LIMITS) != 0);
            CHECK_EQ(f->diag.low, limits[i].low);
            CHECK_EQ(f->diag.high, limits[i].high);
        }
        CHECK_MSG(test_state.failures == 0, "%zu", i);
        free(object.data);
        END(f);
    }
}

/* What has no place between min and max whatever it refers to is told so, not blamed on a field. */
static void min_and_max_without_room(void)
{
    static const uint64_t limits[][2] = {
        { 0x2000, 0x1000 }, { 0x1001, 0x2ffe }, { 0x1000, 0x1ffe }, { UINT64_MAX - 2, UINT64_MAX }
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct row row = { .type = R_X86_64_32, .target = OWN };
        struct blob object = row_object(&row);
        struct fixture *f = begin();

        f->options.min = limits[i][0];
        f->options.max = limits[i][1];
        fx_load_blob(f, "a.o", object);
        check_refusal(f, ELFIN_ERR_REACH, 1);
        CHECK_STR(elfin_diag_relocation_name(&f->diag), "");
        CHECK(strstr(elfin_diag_detail(&f->diag), "min and max") != NULL);
        free(object.data);
        END(f);
    }
}

/* Far from each other: both ends of the contradiction are told, and no call or load of a slot. */
static void imports_too_far_from_each_other(void)
{
    struct fixture *f = begin();
    const elfin_export exports[] = { { "far", AT } };

    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    fake_host_rewind(&f->fake);
    fx_load(f, "a.o", "lea l target; lea m far; call c far; addr a far; ptr p far", NULL);
    check_refusal(f, ELFIN_ERR_REACH, 2);
    CHECK(expect_reported(f, ELFIN_ERR_REACH, "target"));
    CHECK(expect_reported(f, ELFIN_ERR_REACH, "far"));
    /* far - 4 - place - X is at most 2 GiB - 1 and at least -2 GiB. */
    CHECK_EQ(f->reports[1].low, AT - 4 - f->reports[1].place - (2 * GIB - 1));
    CHECK_EQ(f->reports[1].high, AT - 4 - f->reports[1].place + 2 * GIB);
    END(f);
}

static int add_text(struct elf_builder *eb, const char *name, uint64_t size)
{
    return eb_section(eb, name, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, size, 1);
}

/* Sections of one module may be too far apart for narrow distances, by one byte. */
static void short_distances_across_sections(void)
{
    for (int excess = 0; excess < 2; excess++) {
        struct elf_builder *eb = xmalloc(sizeof *eb);
        struct fixture *f = begin();
        struct blob object;
        int first, second, data;

        eb_init(eb);
        first = add_text(eb, ".text.a", 32 * KIB - 1 + (uint64_t)excess);
        second = add_text(eb, ".text.b", 16);
        data = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 16, 1);
        eb_rela(eb, first, 0, R_X86_64_PC16,
                eb_symbol(eb, "", ELF64_ST_INFO(STB_LOCAL, STT_SECTION), 0, (unsigned)second, 0, 0),
                0);
        if (excess != 0) {
            eb_rela(
                eb, second, 0, R_X86_64_PC8,
                eb_symbol(eb, "d", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, (unsigned)data, 0, 4),
                0);
        }
        object = eb_finish(eb);
        fx_load_blob(f, "a.o", object);
        if (excess != 0) {
            check_refusal(f, ELFIN_ERR_RANGE, 2);
            CHECK_EQ(f->reports[0].value, 32 * KIB);
            CHECK_STR(f->reports[0].symbol, "section .text.b");
            CHECK_STR(f->reports[1].symbol, "d");
        } else {
            STATUS(f->status, ELFIN_OK);
        }
        free(object.data);
        free(eb);
        END(f);
    }
}

/* Every record that is to blame, once, whatever lies between them; of one symbol and type, too. */
static void all_of_many_are_told(void)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct fixture *f = begin();
    struct blob object;
    int data, own;

    eb_init(eb);
    data = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 400, 8);
    own = eb_symbol(eb, "own", ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), 0, (unsigned)data, 0, 0);
    for (unsigned i = 0; i < 40; i++) {
        eb_rela(eb, data, i * 8, R_X86_64_PC32, own, i % 2 == 0 ? HUGE + (int64_t)i : 8);
    }
    object = eb_finish(eb);
    fx_load_blob(f, "a.o", object);
    check_refusal(f, ELFIN_ERR_RANGE, 20);
    for (unsigned i = 0; i < 20 && f->report_count == 20; i++) {
        CHECK_EQ(f->reports[i].relocation_index, 2 * i);
        CHECK_EQ(f->reports[i].value, (uint64_t)HUGE + 2 * i - 16 * i);
    }
    free(object.data);
    free(eb);
    END(f);
}

/* An object without bytes needs no memory: what it defines has an address all the same, 0. */
static void labels_of_objects_without_bytes(void)
{
    static const struct {
        uint64_t value;
        elfin_status status;
    } labels[] = { { 0, ELFIN_OK }, { 0x1000, ELFIN_OK }, { 4 * GIB, ELFIN_ERR_RANGE } };

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        struct elf_builder *eb = xmalloc(sizeof *eb);
        struct fixture *f = begin();
        struct blob empty, user = toy("mov32 m label; undef label; lea l label");
        int text;

        eb_init(eb);
        text = add_text(eb, ".text", 0);
        eb_symbol(eb, "label", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 0, (unsigned)text,
                  labels[i].value, 0);
        empty = eb_finish(eb);
        {
            elfin_input inputs[2] = { INPUT(empty, "empty.o"), INPUT(user, "user.o") };

            inputs[1].flags = ELFIN_INPUT_AT;
            inputs[1].at = MIB;
            fx_load_inputs(f, inputs, 2);
        }
        STATUS(f->status, labels[i].status);
        if (labels[i].status != ELFIN_OK) {
            check_refusal(f, ELFIN_ERR_RANGE, 2);
        }
        free(empty.data);
        free(user.data);
        free(eb);
        END(f);
    }
}

/*
 * A record may overwrite the opcode before another one's field (no compiler writes that). Whether
 * that field is a branch is decided by the bytes of the file, once.
 */
static void records_that_change_opcodes(void)
{
    static const uint8_t code[16] = { 0x90, 0xe8 };
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct fixture *f = begin();
    struct blob object;
    elfin_input input;
    int text;

    eb_init(eb);
    text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, sizeof code, 1);
    eb_rela(eb, text, 1, R_X86_64_8, -1, 0x90);
    eb_rela(eb, text, 2, R_X86_64_PC32, eb_reference(eb, "target"), -4);
    object = eb_finish(eb);
    input = (elfin_input)INPUT(object, "a.o");
    input.flags = ELFIN_INPUT_AT;
    input.at = AT;
    fx_load_inputs(f, &input, 1);
    STATUS(f->status, ELFIN_OK);
    free(object.data);
    free(eb);
    END(f);
}

/* A block is smaller than what a 32-bit distance spans: larger ones are refused for their size. */
static void blocks_have_a_limit(void)
{
    static const uint64_t sizes[] = { 0x7e000000 - 0x1000, 0x7e000000, UINT64_C(1) << 62 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct elf_builder *eb = xmalloc(sizeof *eb);
        struct fixture *f = begin();
        struct blob object;
        int text, bss;

        f->fake.host.max_image_size = 2 * GIB;
        STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
        STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
        fake_host_rewind(&f->fake);
        eb_init(eb);
        text = add_text(eb, ".text", 16);
        bss = eb_section(eb, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 0, 1);
        eb->sections[bss].size = sizes[i];
        eb_rela(eb, text, 0, R_X86_64_PC32,
                eb_symbol(eb, "end", ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), 0, (unsigned)bss,
                          sizes[i], 0),
                16 << 20);
        object = eb_finish(eb);
        /* No room: nobody fills 2 GiB here. */
        f->options.min = f->options.max = 1;
        fx_load_blob(f, "a.o", object);
        CHECK_EQ(images_asked_for(f), 0);
        STATUS(f->status, i == 0 ? ELFIN_ERR_REACH : ELFIN_ERR_LIMIT);
        free(object.data);
        free(eb);
        END(f);
    }
}

static const struct test_case cases[] = {
    TEST_CASE(fields_of_an_object_with_an_address),
    TEST_CASE(fields_that_no_address_satisfies),
    TEST_CASE(min_and_max),
    TEST_CASE(min_and_max_without_room),
    TEST_CASE(imports_too_far_from_each_other),
    TEST_CASE(short_distances_across_sections),
    TEST_CASE(all_of_many_are_told),
    TEST_CASE(labels_of_objects_without_bytes),
    TEST_CASE(records_that_change_opcodes),
    TEST_CASE(blocks_have_a_limit),
};

TEST_MAIN("before_memory", cases)
