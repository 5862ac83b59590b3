/* SPDX-License-Identifier: MIT */
/*
 * Combinations that no compiler makes: every relocation type against every kind of symbol from
 * every kind of section, and one name given to two symbols of any two kinds. Each loads or is
 * refused; the sanitizers watch, the fields that were written are compared with the type's width,
 * and nothing is left behind.
 */
#include "tests/lib/expect.h"

enum kind {
    K_NONE, /* symbol 0 */
    K_LOCAL,
    K_SECTION,
    K_GLOBAL,
    K_HIDDEN,
    K_WEAK,
    K_UNDEFINED, /* exported by the host, near */
    K_FAR,       /* exported by the host, far */
    K_WEAK_UNDEFINED,
    K_ABSOLUTE,
    K_COMMON,
    K_TABLE, /* _GLOBAL_OFFSET_TABLE_ */
    K_DEAD,  /* in a section that is not loaded */
    K_COUNT,
};

enum {
    FIELD_AT = 24,
    SIZE = 64,
    TYPES = 64
};

static struct fixture *f;
static unsigned loaded, refused;

static void begin(void)
{
    const elfin_export host[] = { { "near", 0x40100000 }, { "far", 0x7123456789a0 } };

    f = fx_new(FAKE_INVENTED);
    STATUS(fx_export(f, host, 2), ELFIN_OK);
    f->fake.base = 0x40000000;
    f->options.flags = ELFIN_LOAD_NO_INIT;
    /* The first load makes the index of the space; from then on everything is given back. */
    LOAD(f, "first.o", "fn first 1");
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    loaded = refused = 0;
}

/* A symbol of the kind; name replaces the kind's own. Section 1 is loaded, section 2 is not. */
static int symbol(struct elf_builder *eb, enum kind kind, const char *name)
{
    static const struct {
        const char *name;
        unsigned bind, type, other, section;
        uint64_t value;
    } kinds[K_COUNT] = {
        [K_LOCAL] = { "local", STB_LOCAL, STT_FUNC, 0, 1, 8 },
        [K_SECTION] = { "", STB_LOCAL, STT_SECTION, 0, 1, 0 },
        [K_GLOBAL] = { "global", STB_GLOBAL, STT_FUNC, 0, 1, 8 },
        [K_HIDDEN] = { "hidden", STB_GLOBAL, STT_FUNC, STV_HIDDEN, 1, 8 },
        [K_WEAK] = { "weak", STB_WEAK, STT_OBJECT, 0, 1, 8 },
        [K_UNDEFINED] = { "near", STB_GLOBAL, STT_NOTYPE, 0, SHN_UNDEF, 0 },
        [K_FAR] = { "far", STB_GLOBAL, STT_NOTYPE, 0, SHN_UNDEF, 0 },
        [K_WEAK_UNDEFINED] = { "nobody", STB_WEAK, STT_NOTYPE, 0, SHN_UNDEF, 0 },
        [K_ABSOLUTE] = { "absolute", STB_GLOBAL, STT_NOTYPE, 0, SHN_ABS, 0x1234 },
        [K_COMMON] = { "common", STB_GLOBAL, STT_OBJECT, 0, SHN_COMMON, 8 },
        [K_TABLE] = { "_GLOBAL_OFFSET_TABLE_", STB_GLOBAL, STT_NOTYPE, 0, SHN_UNDEF, 0 },
        [K_DEAD] = { "dead", STB_LOCAL, STT_FUNC, 0, 2, 0 },
    };

    if (kind == K_NONE) {
        return -1;
    }
    return eb_symbol(eb, name != NULL ? name : kinds[kind].name,
                     ELF64_ST_INFO(kinds[kind].bind, kinds[kind].type), kinds[kind].other,
                     kinds[kind].section, kinds[kind].value, 16);
}

static int new_object(struct elf_builder *eb, uint64_t flags)
{
    uint8_t bytes[SIZE];
    int section;

    memset(bytes, 0x90, sizeof bytes);
    /* What stands before a GOTPCRELX field: mov (%rip),%rax. */
    memcpy(bytes + FIELD_AT - 3, "\x48\x8b\x05", 3);
    eb_init(eb);
    section = eb_section(eb, ".loaded", SHT_PROGBITS, flags, bytes, sizeof bytes, 16);
    eb_section(eb, ".not_loaded", SHT_PROGBITS, 0, bytes, sizeof bytes, 16);
    return section;
}

/* Nothing outside the instruction and the field may have changed. */
static void check_bytes(const char *what)
{
    elfin_block block;
    const uint8_t *bytes = NULL;

    for (uint32_t i = 0; elfin_group_block(f->group, i, &block); i++) {
        for (int part = 0; part <= ELFIN_PART_DATA && bytes == NULL; part++) {
            if (block.part[part].size != 0) {
                bytes = fake_host_edit(&f->fake, block.region.run + block.part[part].offset, SIZE);
                bytes = bytes != NULL && bytes[0] == 0x90 ? bytes : NULL;
            }
        }
    }
    CHECK_MSG(bytes != NULL, "%s: the section was not found", what);
    for (size_t i = 0; bytes != NULL && i < SIZE; i++) {
        CHECK_MSG((i >= FIELD_AT - 3 && i < FIELD_AT + 8) || bytes[i] == 0x90,
                  "%s: byte %zu was written", what, i);
    }
}

static void try(struct elf_builder *eb, const char *what)
{
    struct fx_snapshot before = fx_snapshot(f);
    struct blob object = eb_finish(eb);

    fake_host_rewind(&f->fake);
    if (fx_load_blob(f, "evil.o", object) == ELFIN_OK) {
        loaded++;
        check_bytes(what);
        STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    } else {
        refused++;
        CHECK_MSG(f->status == f->diag.status && f->status != ELFIN_ERR_INTERNAL &&
                      f->status != ELFIN_ERR_HOST,
                  "%s: %s", what, elfin_status_text(f->status));
    }
    NO_COMPLAINT(fx_compare(f, &before));
    free(object.data);
}

static void every_type_against_every_symbol(void)
{
    static const uint64_t flags[] = { SHF_ALLOC | SHF_EXECINSTR, SHF_ALLOC | SHF_WRITE, SHF_ALLOC };
    struct elf_builder *eb = xmalloc(sizeof *eb);
    char what[64];

    begin();
    for (uint32_t type = 0; type < TYPES; type++) {
        for (int kind = 0; kind < K_COUNT; kind++) {
            for (size_t i = 0; i < 3; i++) {
                for (int64_t addend = -4; addend <= 0; addend += 4) {
                    int section = new_object(eb, flags[i]);

                    snprintf(what, sizeof what, "type %u, kind %d, flags %zu, addend %d", type,
                             kind, i, (int)addend);
                    eb_rela(eb, section, FIELD_AT, type, symbol(eb, (enum kind)kind, NULL), addend);
                    try(eb, what);
                    REQUIRE_NO_FAILURE();
                }
            }
        }
    }
    printf("# one relocation of every type against every kind of symbol: %u loaded, %u refused\n",
           loaded, refused);
    CHECK(loaded > 1000 && refused > 1000);
    free(eb);
    END(f);
}

/* Two symbols of one name in one object, both used, in every form that reads a symbol's value. */
static void every_two_kinds_of_one_name(void)
{
    static const uint32_t types[] = { R_X86_64_64,    R_X86_64_PLT32,  R_X86_64_REX_GOTPCRELX,
                                      R_X86_64_GOT64, R_X86_64_SIZE64, R_X86_64_GOTOFF64 };
    static const char *const names[] = { "same", "_GLOBAL_OFFSET_TABLE_", "near" };
    struct elf_builder *eb = xmalloc(sizeof *eb);
    char what[64];

    begin();
    for (int one = 1; one < K_COUNT; one++) {
        for (int two = 1; two < K_COUNT; two++) {
            for (size_t name = 0; name < 3; name++) {
                for (size_t type = 0; type < sizeof types / sizeof types[0]; type++) {
                    int section = new_object(eb, SHF_ALLOC | SHF_WRITE);

                    snprintf(what, sizeof what, "kinds %d %d, name %s, type %u", one, two,
                             names[name], types[type]);
                    eb_rela(eb, section, FIELD_AT, types[type],
                            symbol(eb, (enum kind)one, names[name]), 0);
                    eb_rela(eb, section, FIELD_AT, types[type],
                            symbol(eb, (enum kind)two, names[name]), 0);
                    try(eb, what);
                    REQUIRE_NO_FAILURE();
                }
            }
        }
    }
    printf("# one name for two symbols of any two kinds: %u loaded, %u refused\n", loaded, refused);
    CHECK(loaded > 100 && refused > 100);
    free(eb);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(every_type_against_every_symbol),
    TEST_CASE(every_two_kinds_of_one_name),
};

TEST_MAIN("combine", cases)
