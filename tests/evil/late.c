/* SPDX-License-Identifier: MIT */
/*
 * Random objects, sound in form and wild in content: whatever their relocations ask for, it is
 * known before memory is taken whether every field can hold its value. Fix-up never finds one that
 * cannot.
 */
#include "tests/lib/expect.h"

enum {
    MAX_INPUTS = 3,
    MAX_BYTES = 600,
    PAGE = 4096
};

#define PICK(list) ((list)[test_random_below(sizeof(list) / sizeof((list)[0]))])

static bool chance(unsigned percent)
{
    return test_random_below(100) < percent;
}

/* ---- A host that gives memory anywhere it may, or refuses it ----------------------------------
 */

static struct {
    unsigned live, images, late, internal;
    unsigned long loaded, far, other, apart;
} tally;

static elfin_status reserve(void *ctx, const elfin_request *q, elfin_region *out)
{
    bool image = q->purpose == ELFIN_PURPOSE_IMAGE;
    void *memory = NULL;

    (void)ctx;
    tally.images += image;
    if ((image && chance(25)) || posix_memalign(&memory, image ? PAGE : 16, q->size) != 0)
        return ELFIN_ERR_MEMORY;
    *out = (elfin_region){ .edit = memory, .size = q->size };
    if (image) {
        uint64_t steps = (q->high - (q->size - 1) - q->low) / q->align;

        out->run = q->low + q->align * (chance(30)   ? 0
                                        : chance(40) ? steps
                                                     : test_random() % (steps + (steps + 1 != 0)));
    }
    tally.live++;
    return ELFIN_OK;
}

static void release(void *ctx, const elfin_region *region)
{
    (void)ctx;
    tally.live--;
    free(region->edit);
}

static void report(void *ctx, const elfin_diag *diag)
{
    (void)ctx;
    if ((diag->status == ELFIN_ERR_RANGE || diag->status == ELFIN_ERR_REACH) &&
        diag->phase != ELFIN_PHASE_RESOLVE) {
        char text[512];

        tally.late++;
        elfin_diag_format(diag, text, sizeof text);
        test_fail(__FILE__, __LINE__, "%s", text);
    }
}

/* ---- Objects --------------------------------------------------------------------------------- */

static uint64_t edge_number(void)
{
    static const unsigned bits[] = { 4, 7, 8, 12, 15, 16, 24, 31, 31, 31, 32, 32, 33, 47, 62, 63 };
    uint64_t number = UINT64_C(1) << PICK(bits);

    return (chance(50) ? number : 0 - number) + test_random_below(9) - 4;
}

static uint64_t any_value(uint64_t size)
{
    if (chance(80))
        return test_random_below(size + 1);
    return chance(50) ? edge_number() : test_random() >> test_random_below(64);
}

static int64_t any_addend(void)
{
    if (chance(55))
        return -4;
    return (int64_t)(chance(70) ? test_random_below(64) - 32 : edge_number());
}

static const struct {
    const char *name;
    uint32_t type;
    uint64_t flags;
} kinds[] = {
    { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR },
    { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR },
    { ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE },
    { ".rodata", SHT_PROGBITS, SHF_ALLOC },
    { ".data.rel.ro", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE },
    { ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE },
    { "named", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE },
    { ".eh_frame", SHT_PROGBITS, SHF_ALLOC },
    { ".init.text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR },
    { ".debug_info", SHT_PROGBITS, 0 },
    { ".tdata", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS },
};

static int make_section(struct elf_builder *eb, bool first)
{
    static const uint8_t opcodes[] = { 0xe8, 0xe9, 0x0f, 0x84, 0x8b, 0x05, 0xff, 0x15, 0x25, 0x48 };
    static const uint64_t aligns[] = { 1, 1, 4, 16, 16, 4096, 0x8000 };
    size_t kind = first ? 0 : test_random_below(sizeof kinds / sizeof kinds[0]);
    size_t size = chance(12) ? 0 : chance(95) ? test_random_below(MAX_BYTES) : 40000;
    uint8_t bytes[40000];

    for (size_t i = 0; i < size; i++)
        bytes[i] = PICK(opcodes);
    return eb_section(eb, kinds[kind].name, kinds[kind].type, kinds[kind].flags, bytes, size,
                      PICK(aligns));
}

/* A COMDAT group that every object has: that of the first one is kept. */
static void make_group(struct elf_builder *eb)
{
    uint32_t words[2] = { GRP_COMDAT, 0 };
    int member = eb_section(eb, ".text.shared", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR | SHF_GROUP,
                            NULL, 32, 1);
    int signature =
        eb_symbol(eb, "shared", ELF64_ST_INFO(STB_WEAK, STT_FUNC), 0, (unsigned)member, 0, 32);
    int group;

    words[1] = (uint32_t)member;
    group = eb_section(eb, ".group", SHT_GROUP, 0, words, sizeof words, 4);
    eb->sections[group].header.sh_entsize = 4;
    eb->sections[group].header.sh_info = (Elf64_Word)signature;
    eb_symbol(eb, "inside", ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, (unsigned)member, 4, 0);
}

static void make_definition(struct elf_builder *eb, unsigned object, unsigned number, int section)
{
    static const unsigned binds[] = { STB_LOCAL, STB_LOCAL, STB_GLOBAL, STB_GLOBAL, STB_WEAK };
    const struct eb_section *s = &eb->sections[section];
    unsigned bind = PICK(binds), type = chance(20) ? STT_SECTION : STT_NOTYPE, shndx;
    uint64_t value = any_value(s->size);
    char name[16];

    if (bind == STB_GLOBAL)
        snprintf(name, sizeof name, "n%u_%u", object, number);
    else
        snprintf(name, sizeof name, "n%u", number); /* weak ones may meet */
    if (s->size > 0 && (s->header.sh_flags & SHF_EXECINSTR) != 0 && chance(20)) {
        type = STT_GNU_IFUNC;
        value = test_random_below(s->size);
    } else if (bind != STB_LOCAL && type == STT_SECTION) {
        type = STT_FUNC;
    }
    shndx = (unsigned)section;
    if ((s->header.sh_flags & SHF_TLS) != 0) {
        eb_symbol(eb, name, ELF64_ST_INFO(bind, STT_TLS), STV_DEFAULT, shndx, value, 8);
        return;
    }
    if (type != STT_GNU_IFUNC && chance(12))
        shndx = SHN_ABS;
    else if (type != STT_GNU_IFUNC && bind != STB_LOCAL && chance(12)) {
        shndx = SHN_COMMON;
        value = 8;
    }
    eb_symbol(eb, name, ELF64_ST_INFO(bind, type),
              bind != STB_LOCAL && chance(15) ? (unsigned)STV_HIDDEN : STV_DEFAULT, shndx, value,
              shndx == SHN_COMMON ? 40
              : chance(80)        ? 8
                                  : edge_number());
}

static void make_reference(struct elf_builder *eb, unsigned object, unsigned count)
{
    static const char *const names[] = {
        "e0",           "e1",     "e2",          "_GLOBAL_OFFSET_TABLE_", "__start_named",
        "__stop_named", "shared", "__dso_handle"
    };
    unsigned bind;
    char name[32];

    snprintf(name, sizeof name, "%s", PICK(names));
    if (chance(50) && count > 1)
        snprintf(name, sizeof name, "n%u_%u", (object + 1) % count, (unsigned)test_random_below(6));
    /* What nobody defines is weak, so that more sets can be loaded. */
    for (int i = 1; i < eb->symbol_count; i++)
        if (strcmp(eb->symbols[i].name, name) == 0)
            return;
    bind = name[0] == 'e' ? STB_GLOBAL : STB_WEAK;
    eb_symbol(eb, name, ELF64_ST_INFO(bind, STT_NOTYPE), STV_DEFAULT, SHN_UNDEF, 0, 0);
}

static void make_record(struct elf_builder *eb)
{
    static const uint8_t types[] = { 0,  1,  2,  2,  2,  2,  3,  4,  4,  4,  9,  10, 11, 12, 13,
                                     14, 15, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 41, 42 };
    int section = 1 + (int)test_random_below((uint64_t)eb->section_count - 1);
    static const uint8_t tls_types[] = { 17, 18, 21, 22, 23, 23, 23, 34, 44, 50 };
    int symbol = 1 + (int)test_random_below((uint64_t)eb->symbol_count - 1);
    const struct eb_section *s = &eb->sections[section];
    uint32_t type = chance(99) ? PICK(types) : (uint32_t)test_random_below(60);

    if (s->size < 8 || s->data == NULL || s->header.sh_type != SHT_PROGBITS)
        return;
    if (ELF64_ST_TYPE(eb->symbols[symbol].symbol.st_info) == STT_TLS)
        type = PICK(tls_types);
    eb_rela(eb, section, test_random_below(s->size - 7), type, chance(6) ? -1 : symbol,
            any_addend());
}

static struct blob make_object(unsigned object, unsigned count)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    unsigned sections = 1 + (unsigned)test_random_below(4), names, records;
    struct blob blob;

    eb_init(eb);
    for (unsigned i = 0; i < sections; i++)
        make_section(eb, i == 0);
    names = 1 + (unsigned)test_random_below(6);
    for (unsigned i = 0; i < names; i++)
        make_definition(eb, object, i, 1 + (int)test_random_below(sections));
    if (chance(30))
        make_group(eb);
    for (unsigned i = 0; i < 4; i++)
        make_reference(eb, object, count);
    records = 1 + (unsigned)test_random_below(8);
    for (unsigned i = 0; i < records; i++)
        make_record(eb);
    blob = eb_finish(eb);
    free(eb);
    return blob;
}

/* ---- Loads ----------------------------------------------------------------------------------- */

static void load_group(elfin_space *space, unsigned count)
{
    static const char *const files[MAX_INPUTS] = { "a.o", "b.o", "c.o" };
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_input inputs[MAX_INPUTS] = { 0 };
    struct blob objects[MAX_INPUTS];
    elfin_group *group = NULL;
    elfin_status status;
    elfin_block block;

    options.flags = ELFIN_LOAD_NO_INIT;
    options.report = report;
    if (chance(10))
        options.min = edge_number();
    if (chance(10))
        options.max = edge_number();
    for (unsigned i = 0; i < count; i++) {
        objects[i] = make_object(i, count);
        inputs[i] =
            (elfin_input){ .data = objects[i].data, .size = objects[i].size, .file = files[i] };
        inputs[i].flags = chance(20) ? ELFIN_INPUT_AT : 0;
        inputs[i].at =
            (chance(50) ? edge_number() : test_random_below(UINT64_C(1) << 33)) & ~UINT64_C(0x7fff);
    }
    tally.images = 0;
    status = elfin_load(space, inputs, count, &options, &group, NULL);
    CHECK(status != ELFIN_ERR_INTERNAL);
    if (status == ELFIN_ERR_RANGE)
        CHECK_EQ(tally.images, 0);
    tally.loaded += status == ELFIN_OK;
    tally.far += status == ELFIN_ERR_RANGE || status == ELFIN_ERR_REACH;
    tally.other += status != ELFIN_OK && status != ELFIN_ERR_RANGE && status != ELFIN_ERR_REACH;
    if (status == ELFIN_OK) {
        unsigned fixed = 0;

        for (unsigned i = 0; i < count; i++)
            fixed += (inputs[i].flags & ELFIN_INPUT_AT) != 0;
        tally.apart += elfin_group_block(group, fixed + 1, &block);
        STATUS(elfin_unload(space, group, NULL, NULL, NULL), ELFIN_OK);
    }
    for (unsigned i = 0; i < count; i++)
        free(objects[i].data);
}

/* LATE_LOADS in the environment: so many for a long run. */
static void fixups_always_fit(void)
{
    const char *wanted = getenv("LATE_LOADS");
    unsigned long loads = wanted != NULL ? strtoul(wanted, NULL, 0) : 6000;
    elfin_host host = ELFIN_HOST_INIT;

    memset(&tally, 0, sizeof tally);
    host.flags = ELFIN_HOST_NO_RIGHTS;
    host.tls_size = UINT64_C(1) << 31;
    host.tls_align = 64;
    host.reserve = reserve;
    host.release = release;
    for (unsigned long i = 0; i < loads; i++) {
        elfin_export exports[] = { { "e0", 0 }, { "e1", 0 }, { "e2", 0 } };
        elfin_space space;

        for (unsigned e = 0; e < 3; e++)
            exports[e].address = chance(50) ? edge_number() : test_random_below(1u << 31);
        REQUIRE(elfin_space_init(&space, &host) == ELFIN_OK);
        REQUIRE(elfin_space_export(&space, exports, 3) == ELFIN_OK);
        load_group(&space, 1 + (unsigned)test_random_below(MAX_INPUTS));
        STATUS(elfin_space_destroy(&space), ELFIN_OK);
        CHECK_EQ(tally.live, 0);
        CHECK_MSG(test_state.failures == 0, "load %lu", i);
        REQUIRE_NO_FAILURE();
    }
    printf("# late: %lu loads: %lu loaded (%lu of them apart), %lu out of range or reach, "
           "%lu refused for other reasons\n",
           loads, tally.loaded, tally.apart, tally.far, tally.other);
    CHECK(tally.loaded > loads / 10 && tally.far > loads / 10 && tally.apart > loads / 100);
}

static const struct test_case cases[] = { TEST_CASE(fixups_always_fit) };

TEST_MAIN("late", cases)
