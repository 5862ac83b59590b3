/* SPDX-License-Identifier: MIT */
/* Sections that are not loaded: losers of COMDAT groups, what describes them, notes. */
#include "tests/lib/expect.h"

static void one_of_several_comdat_groups_stays(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "comdat f 1; call a f", "b.o", "comdat f 2; call b f; comdat g 3");
    CHECK_EQ(fx_run(f, "a"), 1);
    CHECK_EQ(fx_run(f, "b"), 1);
    CHECK_EQ(fx_run(f, "g"), 3);
    /* Another group has its own. */
    LOAD(f, "c.o", "comdat f 4; call c f");
    CHECK_EQ(fx_run(f, "c"), 4);
    CHECK_EQ(fx_run(f, "f"), 1);
    END(f);
}

/*
 * The loser of two COMDAT groups has a local symbol that a section of its object refers to: left
 * alone in tables that describe functions (.eh_frame and its kin), an error everywhere else.
 */
static struct blob refers_to_loser(const char *name, uint32_t type, uint64_t flags)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    const uint32_t words[2] = { GRP_COMDAT, 2 };
    struct blob object;
    int group, member, where, local;

    eb_init(eb);
    group = eb_section(eb, ".group", SHT_GROUP, 0, words, sizeof words, 4);
    member = eb_section(eb, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR | SHF_GROUP, NULL,
                        16, 16);
    where = eb_section(eb, name, type, flags, NULL, 16, 8);
    local = eb_symbol(eb, "local", ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 0, (unsigned)member, 0, 0);
    eb->sections[group].header.sh_entsize = 4;
    eb->sections[group].header.sh_info = (Elf64_Word)eb_symbol(
        eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)member, 0, 0);
    eb_rela(eb, where, 4, R_X86_64_PC32, local, 0);
    object = eb_finish(eb);
    free(eb);
    return object;
}

static void references_to_discarded_functions(void)
{
    static const struct {
        const char *name;
        uint32_t type;
        uint64_t flags;
        elfin_status status;
    } rows[] = {
        { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, ELFIN_ERR_DISCARDED },
        { ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, ELFIN_ERR_DISCARDED },
        { ".rodata", SHT_PROGBITS, SHF_ALLOC, ELFIN_ERR_DISCARDED },
        { ".eh_fram", SHT_PROGBITS, SHF_ALLOC, ELFIN_ERR_DISCARDED },
        { ".eh_frame", SHT_PROGBITS, SHF_ALLOC, ELFIN_OK },
        { ".gcc_except_table.f", SHT_PROGBITS, SHF_ALLOC, ELFIN_OK },
        { ".unwind", SHT_X86_64_UNWIND, SHF_ALLOC, ELFIN_OK },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *f = fx_new(FAKE_INVENTED);
        struct blob winner = toy("comdat f 1");
        struct blob loser = refers_to_loser(rows[i].name, rows[i].type, rows[i].flags);
        elfin_input inputs[2] = { INPUT(winner, "winner.o"), INPUT(loser, "loser.o") };

        CHECK_MSG(fx_load_inputs(f, inputs, 2) == rows[i].status, "%s: %s", rows[i].name,
                  elfin_status_text(f->status));
        if (f->status != ELFIN_OK) {
            CHECK_STR(f->diag.symbol, "local");
            CHECK_STR(f->diag.file, "loser.o");
            CHECK_STR(elfin_diag_relocation_name(&f->diag), "R_X86_64_PC32");
        }
        free(winner.data);
        free(loser.data);
        END(f);
    }
}

/* The assembler's own object, twice: a table would be left with a hole in it. */
static void a_table_of_places_in_a_discarded_function(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct blob object = fx_built("tests/objects/discarded.o");
    elfin_input inputs[2] = { INPUT(object, "a.o"), INPUT(object, "b.o") };

    REQUIRE(object.data != NULL);
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_ERR_DISCARDED);
    CHECK_STR(f->diag.file, "b.o");
    CHECK_STR(elfin_diag_relocation_name(&f->diag), "R_X86_64_64");
    STATUS(fx_load_inputs(f, inputs, 1), ELFIN_OK);
    free(object.data);
    END(f);
}

/* What g++ -fpatchable-function-entry writes for a function that both objects have. */
static void tables_about_a_discarded_section_go_with_it(void)
{
    typedef int function(int);
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob one = fx_built("tests/objects/patched_one.o");
    struct blob two = fx_built("tests/objects/patched_two.o");
    elfin_input inputs[2] = { INPUT(one, "one.o"), INPUT(two, "two.o") };
    elfin_section section;
    unsigned tables[2] = { 0, 0 };

    REQUIRE(one.data != NULL && two.data != NULL);
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK);
    REQUIRE(f->status == ELFIN_OK);
    for (uint32_t m = 0; m < 2; m++) {
        const elfin_module *module = elfin_find_module(&f->space, m == 0 ? "one" : "two");

        for (uint32_t i = 0; elfin_module_section(module, i, &section); i++) {
            tables[m] += strcmp(section.name, "__patchable_function_entries") == 0;
        }
    }
    CHECK_EQ(tables[0], 1);
    CHECK_EQ(tables[1], 0);
    CHECK_EQ(((function *)(uintptr_t)fx_lookup(f, "one"))(10), 11);
    CHECK_EQ(((function *)(uintptr_t)fx_lookup(f, "two"))(10), 12);
    free(one.data);
    free(two.data);
    END(f);
}

/* The section that one with SHF_LINK_ORDER describes. */
static void link_order_names_a_section(void)
{
    static const struct {
        uint32_t link;
        elfin_status status;
    } rows[] = { { 0, ELFIN_OK },
                 { 1, ELFIN_OK },
                 { 7, ELFIN_ERR_SECTION },
                 { 0xffffffff, ELFIN_ERR_SECTION } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *f = fx_new(FAKE_INVENTED);
        struct elf_builder *eb = xmalloc(sizeof *eb);
        struct blob object;
        int table;

        eb_init(eb);
        eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
        table = eb_section(eb, ".about", SHT_PROGBITS, SHF_ALLOC | SHF_LINK_ORDER, NULL, 8, 8);
        eb->sections[table].header.sh_link = rows[i].link;
        eb_symbol(eb, "about", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, (unsigned)table, 0, 8);
        object = eb_finish(eb);
        CHECK_EQ(eb->section_count, 6);
        STATUS(fx_load_blob(f, "a.o", object), rows[i].status);
        CHECK_EQ(fx_lookup(f, "about") != 0, rows[i].status == ELFIN_OK);
        free(object.data);
        free(eb);
        END(f);
    }
}

/* Notes for the linker: not loaded, and their relocations are nobody's. */
static void sections_for_the_linker_only_are_left_out(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object;
    elfin_section section;
    int note;

    eb_init(eb);
    eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    note = eb_section(eb, ".note", SHT_PROGBITS, SHF_ALLOC | (uint64_t)SHF_EXCLUDE, NULL, 8, 8);
    eb_symbol(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, 1);
    eb_rela(eb, note, 0, R_X86_64_64,
            eb_symbol(eb, "nowhere", ELF64_ST_INFO(STB_GLOBAL, 0), 0, SHN_UNDEF, 0, 0), 0);
    object = eb_finish(eb);
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_OK);
    REQUIRE(f->status == ELFIN_OK);
    for (uint32_t i = 0; elfin_module_section(elfin_find_module(&f->space, "a"), i, &section);
         i++) {
        CHECK_STR(section.name, ".text");
    }
    free(object.data);
    free(eb);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(one_of_several_comdat_groups_stays),
    TEST_CASE(references_to_discarded_functions),
    TEST_CASE(a_table_of_places_in_a_discarded_function),
    TEST_CASE(tables_about_a_discarded_section_go_with_it),
    TEST_CASE(link_order_names_a_section),
    TEST_CASE(sections_for_the_linker_only_are_left_out),
};

TEST_MAIN("discard", cases)
