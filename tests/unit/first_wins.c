/* SPDX-License-Identifier: MIT */
/* ELFIN_LOAD_FIRST_WINS: names that several objects of one load define strongly. */
#include "tests/lib/expect.h"

static struct fixture *f;

static void begin(void)
{
    f = fx_new(FAKE_REAL);
    f->options.flags = ELFIN_LOAD_FIRST_WINS;
}

static void the_default_stays_an_error(void)
{
    f = fx_new(FAKE_REAL);
    LOAD_FAILS(f, ELFIN_ERR_DUPLICATE, "a.o", "fn init 1", "b.o", "fn init 2");
    END(f);
}

static void others_bind_to_the_first(void)
{
    begin();
    LOAD(f, "u.o", "call early init", "a.o", "fn init 1; call a init", "b.o",
         "fn init 2; call b init; ptr pb init", "c.o", "call late init; ptr pc init");
    CHECK_EQ(fx_run(f, "early"), 1);
    CHECK_EQ(fx_run(f, "late"), 1);
    CHECK_EQ(fx_run(f, "a"), 1);
    CHECK_EQ(fx_run(f, "b"), 2);
    CHECK_EQ(fx_read(f, fx_lookup(f, "pb")), fx_symbol(f, "b", "init"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "pc")), fx_symbol(f, "a", "init"));
    CHECK_EQ(fx_lookup(f, "init"), fx_symbol(f, "a", "init"));
    CHECK(fx_symbol(f, "b", "init") != fx_symbol(f, "a", "init"));
    /* Another group. */
    LOAD(f, "d.o", "call d init");
    CHECK_EQ(fx_run(f, "d"), 1);
    CHECK(elfin_module_uses(elfin_find_module(&f->space, "d"), 0) ==
          elfin_find_module(&f->space, "a"));
    CHECK(elfin_module_uses(elfin_find_module(&f->space, "d"), 1) == NULL);
    CHECK(elfin_module_uses(elfin_find_module(&f->space, "b"), 0) == NULL);
    END(f);
}

static void those_that_come_late_are_not_exported(void)
{
    elfin_symbol symbol;
    elfin_space_stats stats;

    begin();
    LOAD(f, "a.o", "var data 1", "b.o", "var data 2; var other 3");
    elfin_space_get_stats(&f->space, &stats);
    CHECK_EQ(stats.exports, 3); /* with the fixture's */
    CHECK(elfin_module_symbol(elfin_find_module(&f->space, "a"), 0, &symbol) && symbol.exported);
    CHECK(elfin_module_symbol(elfin_find_module(&f->space, "b"), 0, &symbol) && !symbol.exported);
    CHECK_STR(symbol.name, "data");
    CHECK_EQ(fx_read(f, fx_symbol(f, "b", "data")), 2);
    END(f);
}

/* Strong over COMMON over weak holds as ever; so does the visibility of each. */
static void other_rules_hold(void)
{
    begin();
    LOAD(f, "a.o", "weak fn g 1; call a g", "b.o", "fn g 2; call b g", "c.o", "fn g 3; call c g",
         "d.o", "weak fn g 4; call d g", "e.o", "common v 8 8; ptr e v", "f.o", "var v 5; ptr f v",
         "g.o", "hidden var v 6; ptr h v");
    CHECK_EQ(fx_run(f, "a"), 2);
    CHECK_EQ(fx_run(f, "b"), 2);
    CHECK_EQ(fx_run(f, "c"), 3);
    CHECK_EQ(fx_run(f, "d"), 2);
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "e"))), 5);
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "f"))), 5);
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "h"))), 6);
    CHECK_EQ(fx_read(f, fx_lookup(f, "v")), 5);
    END(f);
}

static void one_object_that_defines_a_name_twice_is_refused(void)
{
    struct elf_builder eb;
    struct blob object;

    begin();
    object = toy_build(&eb, "fn one 1; fn two 2");
    blob_set(&object, eb_sym_at(&eb, toy_symbol(&eb, "two")) + offsetof(Elf64_Sym, st_name), 4,
             blob_get(&object, eb_sym_at(&eb, toy_symbol(&eb, "one")), 4));
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_ERR_DUPLICATE);
    free(object.data);
    END(f);
}

static void between_groups_shadowing_holds(void)
{
    elfin_group *a;

    begin();
    LOAD(f, "a.o", "var x 1");
    a = f->group;
    LOAD(f, "b.o", "var x 2; ptr pb x", "c.o", "var x 3; ptr pc x");
    CHECK_EQ(fx_read(f, fx_lookup(f, "x")), 1);
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "pb"))), 2);
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "pc"))), 3);
    STATUS(elfin_unload(&f->space, a, NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "x")), 2);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(fx_lookup(f, "x"), 0);
    END(f);
}

static void thread_local_and_indirect_ones(void)
{
    f = fx_new_tls(FAKE_REAL, 4096, 64);
    f->options.flags = ELFIN_LOAD_FIRST_WINS;
    LOAD(f, "a.o", "tls t 1; ifunc i one; fn one 1; call ia i", "b.o",
         "tls t 2; ifunc i two; fn two 2; call ib i");
    CHECK_EQ(fx_run(f, "ia"), 1);
    CHECK_EQ(fx_run(f, "ib"), 2);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(the_default_stays_an_error),
    TEST_CASE(others_bind_to_the_first),
    TEST_CASE(those_that_come_late_are_not_exported),
    TEST_CASE(other_rules_hold),
    TEST_CASE(one_object_that_defines_a_name_twice_is_refused),
    TEST_CASE(between_groups_shadowing_holds),
    TEST_CASE(thread_local_and_indirect_ones),
};

TEST_MAIN("first_wins", cases)
