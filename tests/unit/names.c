/* SPDX-License-Identifier: MIT */
/* What a module says about itself: its name, exports, needs and flags. */
#include "tests/lib/expect.h"

static void a_name_is_the_file_s_base_name_without_its_last_suffix(void)
{
    static const struct {
        const char *file, *name;
    } rows[] = {
        { "m0.o", "m0" },           { "a.b.o", "a.b" },       { "plain", "plain" },
        { "dir.d/sub/m1.o", "m1" }, { "/abs/x.ko", "x" },     { "\\efi\\modules\\y.o", "y" },
        { "fs0:/a\\z.o", "z" },     { ".hidden", ".hidden" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *f = fx_new(FAKE_INVENTED);
        elfin_module_info info;

        LOAD(f, rows[i].file, "fn f 1");
        elfin_module_get(elfin_next_module(f->group, NULL), &info);
        CHECK_STR(info.name, rows[i].name);
        CHECK_STR(info.file, rows[i].file);
        CHECK_STR(info.version, "");
        CHECK_STR(info.description, "");
        CHECK_EQ(info.flags & (ELFIN_MODULE_INTERRUPTS | ELFIN_MODULE_MEMBER), 0);
        CHECK(elfin_find_module(&f->space, rows[i].name) == elfin_next_module(f->group, NULL));
        END(f);
    }
}

static void a_path_without_a_last_part_gives_no_name(void)
{
    static const char *const files[] = { "", "dir/", "fs0:\\" };
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct blob object = toy("fn f 1");

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        elfin_input input = INPUT(object, files[i]);
        struct fx_snapshot before = fx_snapshot(f);

        STATUS(fx_load_inputs(f, &input, 1), ELFIN_ERR_ARGUMENT);
        STATUS(f->diag.status, ELFIN_ERR_ARGUMENT);
        NO_COMPLAINT(fx_compare(f, &before));
    }
    free(object.data);
    END(f);
}

static void the_record_names_the_module(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    elfin_module_info info;

    LOAD(f, "file.o", "module hello; interrupts; fn f 1");
    CHECK(elfin_find_module(&f->space, "file") == NULL);
    REQUIRE(elfin_find_module(&f->space, "hello") != NULL);
    elfin_module_get(elfin_find_module(&f->space, "hello"), &info);
    CHECK_STR(info.name, "hello");
    CHECK_STR(info.file, "file.o");
    CHECK_STR(info.version, "1.5");
    CHECK_STR(info.description, "a toy");
    CHECK_EQ(info.flags & ELFIN_MODULE_INTERRUPTS, ELFIN_MODULE_INTERRUPTS);
    CHECK(info.group == f->group);
    END(f);
}

static void the_caller_s_name_wins(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct blob object = toy("module hello; fn f 1");
    elfin_input input = INPUT(object, "file.o");

    input.name = "mine";
    STATUS(fx_load_inputs(f, &input, 1), ELFIN_OK);
    CHECK(elfin_find_module(&f->space, "mine") != NULL);
    CHECK(elfin_find_module(&f->space, "hello") == NULL);
    free(object.data);
    END(f);
}

static void names_live_as_long_as_the_module(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    char file[] = "gone.o", name[] = "mine";
    struct blob object = toy("fn f 1");
    elfin_input input = INPUT(object, file);
    elfin_module_info info;

    input.name = name;
    STATUS(fx_load_inputs(f, &input, 1), ELFIN_OK);
    memset(file, 'x', 4);
    memset(name, 'x', 4);
    elfin_module_get(elfin_next_module(f->group, NULL), &info);
    CHECK_STR(info.file, "gone.o");
    CHECK_STR(info.name, "mine");
    free(object.data);
    END(f);
}

static void a_second_module_of_a_name_is_refused(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD_FAILS(f, ELFIN_ERR_MODULE_NAME, "x/a.o", "fn f 1", "y/a.o", "fn g 1");
    LOAD(f, "a.o", "fn f 1");
    LOAD_FAILS(f, ELFIN_ERR_MODULE_NAME, "y/a.o", "fn g 1");
    CHECK_STR(f->diag.file, "y/a.o");
    LOAD_FAILS(f, ELFIN_ERR_MODULE_NAME, "b.o", "module a; fn g 1");
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    LOAD(f, "y/a.o", "fn g 1");
    END(f);
}

static void without_a_list_default_globals_are_exported(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct {
        const char *name;
        bool exported;
    } rows[] = { { "g", true },  { "w", true },  { "p", true }, { "c", true },
                 { "h", false }, { "i", false }, { "l", false } };

    LOAD(f, "a.o",
         "fn g 1; weak fn w 1; protected fn p 1; common c 8 8; hidden fn h 1; internal fn i 1; "
         "local fn l 1");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_MSG((fx_lookup(f, rows[i].name) != 0) == rows[i].exported, "%s", rows[i].name);
    }
    END(f);
}

static void with_a_list_only_its_names_are_exported(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_symbol symbol;
    unsigned exported = 0, all = 0;
    elfin_space_stats before, after;

    elfin_space_get_stats(&f->space, &before);
    LOAD(f, "a.o", "fn f 1; fn g 2; export f; var v 3; export v");
    elfin_space_get_stats(&f->space, &after);
    CHECK_EQ(after.exports - before.exports, 2);
    CHECK(fx_lookup(f, "f") != 0);
    CHECK(fx_lookup(f, "v") != 0);
    CHECK_EQ(fx_lookup(f, "g"), 0);
    CHECK(fx_symbol(f, "a", "g") != 0);
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "b.o", "call h g");
    LOAD(f, "b.o", "call h f");
    CHECK_EQ(fx_run(f, "h"), 1);
    while (elfin_module_symbol(elfin_find_module(&f->space, "a"), all, &symbol)) {
        exported += symbol.exported;
        all++;
    }
    CHECK_EQ(all, 3);
    CHECK_EQ(exported, 2);
    END(f);
}

/* Whose definition wins does not matter to whether a name is exported. */
static void an_export_holds_for_whichever_definition_wins(void)
{
    static const char *const exporting[] = { "common shared 8 8; export shared",
                                             "weak var shared 1; export shared" };
    static const char *const winning[] = { "common shared 16 8; var other 1; export other",
                                           "var shared 2; var other 1; export other" };

    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = fx_new(FAKE_INVENTED);

        LOAD(f, "a.o", exporting[i], "b.o", winning[i]);
        CHECK(fx_lookup(f, "shared") != 0);
        STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
        LOAD(f, "b.o", winning[i], "a.o", exporting[i]);
        CHECK(fx_lookup(f, "shared") != 0);
        CHECK(fx_lookup(f, "other") != 0);
        END(f);
    }
}

/* The list rules what other groups see; inside its group only visibility hides. */
static void a_list_does_not_hide_from_the_own_group(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn f 1; fn g 2; export f", "b.o", "call h g");
    CHECK_EQ(fx_run(f, "h"), 2);
    CHECK_EQ(fx_lookup(f, "g"), 0);
    END(f);
}

static void symbols_tell_what_they_are(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    elfin_symbol symbol;
    elfin_module_info info;
    unsigned seen = 0, position = 0;

    LOAD(f, "a.o", "fn f 1; weak var v 2; hidden bss z 24; local fn l 1; common c 40 8; undef u");
    elfin_module_get(elfin_find_module(&f->space, "a"), &info);
    for (; elfin_module_symbol(elfin_find_module(&f->space, "a"), position, &symbol); position++) {
        if (strcmp(symbol.name, "f") == 0) {
            CHECK(symbol.function && symbol.exported && !symbol.weak && symbol.size == 6);
            seen |= 1;
        } else if (strcmp(symbol.name, "v") == 0) {
            CHECK(!symbol.function && symbol.exported && symbol.weak && symbol.size == 8);
            seen |= 2;
        } else if (strcmp(symbol.name, "z") == 0) {
            CHECK(!symbol.function && !symbol.exported && symbol.size == 24);
            seen |= 4;
        } else if (strcmp(symbol.name, "c") == 0) {
            CHECK(symbol.size == 40 && symbol.exported);
            seen |= 8;
        } else {
            CHECK_MSG(false, "unexpected symbol %s", symbol.name);
        }
    }
    CHECK_EQ(seen, 15);
    CHECK_EQ(position, 4);
    CHECK_EQ(info.symbol_count, 4);
    END(f);
}

static void needs_must_be_met(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_group *other;

    LOAD_FAILS(f, ELFIN_ERR_NEEDS, "a.o", "needs other; fn f 1");
    CHECK_STR(f->diag.other, "other");
    CHECK_STR(f->diag.file, "a.o");
    LOAD(f, "other.o", "fn o 1");
    other = f->group;
    LOAD(f, "a.o", "needs other; fn f 1");
    CHECK(elfin_module_uses(elfin_find_module(&f->space, "a"), 0) ==
          elfin_find_module(&f->space, "other"));
    STATUS(elfin_unload(&f->space, other, &f->diag, NULL, NULL), ELFIN_ERR_IN_USE);
    CHECK_STR(f->diag.other, "a");
    END(f);
}

static void needs_may_be_met_by_the_group(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "needs b; needs third; init 1 0", "b.o", "init 2 0", "c.o",
         "module third; init 3 0");
    CHECK_STR(fx_trace_text(), "2 3 1");
    END(f);
}

static void every_missing_need_is_reported(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD_FAILS(f, ELFIN_ERR_NEEDS, "a.o", "needs one; needs two", "b.o", "needs three");
    CHECK_EQ(f->report_count, 3);
    END(f);
}

static void iteration_follows_the_order_of_load(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    const char *const expected[] = { "z", "y", "a", "m" };
    size_t count = 0;
    elfin_module_info info;

    LOAD(f, "z.o", "fn z 1", "y.o", "fn y 1");
    LOAD(f, "a.o", "fn a 1");
    LOAD(f, "m.o", "fn m 1");
    for (elfin_group *g = elfin_next_group(&f->space, NULL); g != NULL;
         g = elfin_next_group(&f->space, g)) {
        for (elfin_module *m = elfin_next_module(g, NULL); m != NULL; m = elfin_next_module(g, m)) {
            elfin_module_get(m, &info);
            REQUIRE(count < 4);
            CHECK_STR(info.name, expected[count]);
            CHECK(info.group == g);
            count++;
        }
    }
    CHECK_EQ(count, 4);
    END(f);
}

static void sections_are_kept_on_demand(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    elfin_section section;
    elfin_module *m;
    unsigned seen = 0;

    LOAD(f, "plain.o", "fn plain 1");
    CHECK(!elfin_module_section(elfin_find_module(&f->space, "plain"), 0, &section));
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    LOAD(f, "a.o", "fn f 1; var v 2; ro r 3; rel x v; bss z 4096; common c 16 8; ctor 1");
    m = elfin_find_module(&f->space, "a");
    for (uint32_t i = 0; elfin_module_section(m, i, &section); i++) {
        if (strcmp(section.name, ".text") == 0) {
            CHECK_EQ(section.part, ELFIN_PART_TEXT);
            CHECK_EQ(section.index, 1);
            CHECK_EQ(section.address, fx_lookup(f, "f"));
            seen |= 1;
        } else if (strcmp(section.name, ".data") == 0) {
            CHECK_EQ(section.part, ELFIN_PART_DATA);
            CHECK_EQ(section.address, fx_lookup(f, "v"));
            CHECK_EQ(section.size, 8);
            CHECK(!section.zero_filled);
            seen |= 2;
        } else if (strcmp(section.name, ".rodata") == 0) {
            CHECK_EQ(section.part, ELFIN_PART_RODATA);
            seen |= 4;
        } else if (strcmp(section.name, ".data.rel.ro") == 0) {
            CHECK_EQ(section.part, ELFIN_PART_RELRO);
            seen |= 8;
        } else if (strcmp(section.name, ".bss") == 0) {
            CHECK_EQ(section.part, ELFIN_PART_DATA);
            CHECK(section.zero_filled);
            seen |= 16;
        } else if (strcmp(section.name, "COMMON") == 0) {
            CHECK_EQ(section.index, ELFIN_SECTION_COMMON);
            CHECK_EQ(section.address, fx_lookup(f, "c"));
            seen |= 32;
        }
    }
    CHECK_EQ(seen, 63);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(a_name_is_the_file_s_base_name_without_its_last_suffix),
    TEST_CASE(a_path_without_a_last_part_gives_no_name),
    TEST_CASE(the_record_names_the_module),
    TEST_CASE(the_caller_s_name_wins),
    TEST_CASE(names_live_as_long_as_the_module),
    TEST_CASE(a_second_module_of_a_name_is_refused),
    TEST_CASE(without_a_list_default_globals_are_exported),
    TEST_CASE(with_a_list_only_its_names_are_exported),
    TEST_CASE(an_export_holds_for_whichever_definition_wins),
    TEST_CASE(a_list_does_not_hide_from_the_own_group),
    TEST_CASE(symbols_tell_what_they_are),
    TEST_CASE(needs_must_be_met),
    TEST_CASE(needs_may_be_met_by_the_group),
    TEST_CASE(every_missing_need_is_reported),
    TEST_CASE(iteration_follows_the_order_of_load),
    TEST_CASE(sections_are_kept_on_demand),
};

TEST_MAIN("names", cases)
