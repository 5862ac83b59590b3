/* SPDX-License-Identifier: MIT */
/* Libraries: members come into a group as its symbols need them. */
#include "tests/unit/library.h"

static const struct member chain[] = {
    { "one.o", "call one two", "one" },
    { "two.o", "call two three", "two" },
    { "a-member-with-a-long-name.o", "fn three 3", "three" },
    { "unused.o", "call unused nowhere", "unused" },
    { NULL, NULL, NULL },
};

static void members_are_pulled_transitively(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(chain, false);
    elfin_module_info info;

    STATUS(load_with(f, "a.o", "call f one", &lib, 1), ELFIN_OK);
    CHECK_EQ(fx_run(f, "f"), 3);
    CHECK_EQ(count_modules(f), 4);
    CHECK(elfin_find_module(&f->space, "lib.a(unused.o)") == NULL);
    CHECK(elfin_find_module(&f->space, "lib.a(a-member-with-a-long-name.o)") != NULL);
    REQUIRE(elfin_find_module(&f->space, "lib.a(two.o)") != NULL);
    elfin_module_get(elfin_find_module(&f->space, "lib.a(two.o)"), &info);
    CHECK_EQ(info.flags & ELFIN_MODULE_MEMBER, ELFIN_MODULE_MEMBER);
    CHECK(info.group == f->group);
    free(lib.data);
    END(f);
}

static void nothing_is_pulled_without_need(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(chain, false);

    STATUS(load_with(f, "a.o", "fn f 1", &lib, 1), ELFIN_OK);
    CHECK_EQ(count_modules(f), 1);
    free(lib.data);
    END(f);
}

/* Order does not matter: an archive serves the whole group, those before and behind it. */
static void archives_serve_each_other(void)
{
    static const struct member first[] = { { "x.o", "call x y", "x" },
                                           { "z.o", "fn z 26", "z" },
                                           { NULL, NULL, NULL } };
    static const struct member second[] = { { "y.o", "call y z", "y" }, { NULL, NULL, NULL } };
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob libs[2] = { library(first, false), library(second, false) };

    STATUS(load_with(f, "a.o", "call f x", libs, 2), ELFIN_OK);
    CHECK_EQ(fx_run(f, "f"), 26);
    free(libs[0].data);
    free(libs[1].data);
    END(f);
}

static void a_weak_reference_pulls_nothing(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(chain, false);

    STATUS(load_with(f, "a.o", "weak undef one; ptr p one", &lib, 1), ELFIN_OK);
    CHECK_EQ(count_modules(f), 1);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 0);
    free(lib.data);
    END(f);
}

static void exports_win_over_pulling(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    const elfin_export host[] = { { "two", 0x2222 } };
    struct blob lib = library(chain, false);

    STATUS(fx_export(f, host, 1), ELFIN_OK);
    STATUS(load_with(f, "a.o", "ptr p two", &lib, 1), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 0x2222);
    CHECK_EQ(count_modules(f), 1);
    LOAD(f, "b.o", "fn one 11");
    STATUS(load_with(f, "c.o", "call g one", &lib, 1), ELFIN_OK);
    CHECK_EQ(fx_run(f, "g"), 11);
    CHECK_EQ(count_modules(f), 3);
    free(lib.data);
    END(f);
}

static void members_with_nothing_to_allocate_are_skipped(void)
{
    static const struct member members[] = {
        /* The index promises f in a member that has nothing at all; a constant is something. */
        { "empty.o", "undef g", "f" },
        { "full.o", "fn f 1; call h constant", "f h" },
        { "constant.o", "abs constant 0x1234", "constant" },
        { NULL, NULL, NULL },
    };
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(members, false);

    STATUS(load_with(f, "a.o", "call g f; ptr p h", &lib, 1), ELFIN_OK);
    CHECK(elfin_find_module(&f->space, "lib.a(empty.o)") == NULL);
    REQUIRE(elfin_find_module(&f->space, "lib.a(full.o)") != NULL);
    CHECK_EQ(fx_run(f, "g"), 1);
    CHECK_EQ(fx_symbol(f, "lib.a(constant.o)", "constant"), 0x1234);
    free(lib.data);
    END(f);
}

/* A label where a section without bytes lies is a definition like any other. */
static void a_member_with_nothing_but_a_label_is_pulled(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct ar_builder *ar = xmalloc(sizeof *ar);
    struct blob marker = fx_built("tests/objects/marker.o"), lib;

    REQUIRE(marker.data != NULL);
    ar_init(ar);
    ar_member(ar, "marker.o", marker, "marker");
    lib = ar_finish(ar);
    STATUS(load_with(f, "a.o", "ptr p marker", &lib, 1), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_symbol(f, "lib.a(marker.o)", "marker"));
    CHECK(fx_symbol(f, "lib.a(marker.o)", "marker") != 0);
    free(lib.data);
    free(marker.data);
    free(ar);
    END(f);
}

/* Member names reach consoles as parts of module names. */
static void names_of_members_are_made_printable(void)
{
    static const struct member members[] = { { "\033[2J\001x\377.o", "fn one 1", "one" },
                                             { NULL, NULL, NULL } };
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(members, false);
    elfin_module_info info;

    STATUS(load_with(f, "a.o", "call f one", &lib, 1), ELFIN_OK);
    REQUIRE(elfin_find_module(&f->space, "lib.a(?[2J?x?.o)") != NULL);
    elfin_module_get(elfin_find_module(&f->space, "lib.a(?[2J?x?.o)"), &info);
    CHECK_STR(info.file, "lib.a(?[2J?x?.o)");
    free(lib.data);
    END(f);
}

static void a_member_already_loaded_is_used_not_loaded_again(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(chain, false);

    STATUS(load_with(f, "a.o", "call f one", &lib, 1), ELFIN_OK);
    STATUS(load_with(f, "b.o", "call g two", &lib, 1), ELFIN_OK);
    CHECK_EQ(fx_run(f, "g"), 3);
    CHECK_EQ(count_modules(f), 5);
    free(lib.data);
    END(f);
}

static void undefined_names_of_members_are_reported(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(chain, false);

    STATUS(load_with(f, "a.o", "call f unused", &lib, 1), ELFIN_ERR_UNDEFINED);
    CHECK_STR(f->diag.symbol, "nowhere");
    CHECK_STR(f->diag.file, "lib.a(unused.o)");
    free(lib.data);
    END(f);
}

static void an_archive_without_an_index_is_refused(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(chain, true);

    /* As static linkers do: to search the members would be slow in silence. */
    STATUS(load_with(f, "a.o", "call f one", &lib, 1), ELFIN_ERR_ARCHIVE);
    CHECK_MSG(strstr(elfin_diag_hint(&f->diag), "ranlib") != NULL ||
                  strstr(elfin_diag_hint(&f->diag), "ar ") != NULL,
              "hint \"%s\"", elfin_diag_hint(&f->diag));
    free(lib.data);
    END(f);
}

static void commons_in_members_serve_references(void)
{
    static const struct member members[] = { { "c.o", "common c 16 8", "c" },
                                             { NULL, NULL, NULL } };
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(members, false);

    STATUS(load_with(f, "a.o", "ptr p c", &lib, 1), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_symbol(f, "lib.a(c.o)", "c"));
    free(lib.data);
    END(f);
}

/* Two members of one name are told apart, in one group and over groups. */
static void members_of_one_name_get_along(void)
{
    static const struct member members[] = {
        { "same.o", "fn one 1", "one" },
        { "same.o", "fn two 2", "two" },
        { NULL, NULL, NULL },
    };
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(members, false);
    elfin_module_info info;

    STATUS(load_with(f, "a.o", "call f one; call g two", &lib, 1), ELFIN_OK);
    CHECK_EQ(fx_run(f, "f"), 1);
    CHECK_EQ(fx_run(f, "g"), 2);
    CHECK_EQ(count_modules(f), 3);
    CHECK(elfin_find_module(&f->space, "lib.a(same.o)") != NULL);
    elfin_module_get(elfin_next_module(f->group, elfin_find_module(&f->space, "lib.a(same.o)")),
                     &info);
    CHECK_MSG(strncmp(info.name, "lib.a(same.o)@", 14) == 0, "the other is %s", info.name);
    free(lib.data);
    END(f);
}

/* An archive alone has nothing to offer: nobody needs its members. */
static void an_archive_alone_is_no_load(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(chain, false);
    elfin_input input = INPUT(lib, "lib.a");

    STATUS(fx_load_inputs(f, &input, 1), ELFIN_ERR_ARGUMENT);
    free(lib.data);
    END(f);
}

struct walk {
    char names[256];
    size_t stop_after, count;
};

static bool walk_member(void *ctx, const char *name, const void *data, size_t size)
{
    struct walk *w = ctx;

    if (size >= 4 && memcmp(data, "\177ELF", 4) == 0) {
        strcat(w->names, name);
        strcat(w->names, " ");
    }
    return ++w->count != w->stop_after;
}

static void members_can_be_walked(void)
{
    struct blob lib = library(chain, false);
    struct walk w = { .stop_after = 0 };
    elfin_diag diag;

    CHECK(elfin_is_archive(lib.data, lib.size));
    CHECK(!elfin_is_archive(lib.data, 7));
    CHECK(!elfin_is_archive("\177ELF....", 8));
    STATUS(elfin_archive_members(lib.data, lib.size, "lib.a", walk_member, &w, &diag), ELFIN_OK);
    CHECK_STR(w.names, "one.o two.o a-member-with-a-long-name.o unused.o ");
    w = (struct walk){ .stop_after = 2 };
    STATUS(elfin_archive_members(lib.data, lib.size, "lib.a", walk_member, &w, &diag), ELFIN_OK);
    CHECK_STR(w.names, "one.o two.o ");
    free(lib.data);
}

static const struct test_case cases[] = {
    TEST_CASE(members_are_pulled_transitively),
    TEST_CASE(nothing_is_pulled_without_need),
    TEST_CASE(archives_serve_each_other),
    TEST_CASE(a_weak_reference_pulls_nothing),
    TEST_CASE(exports_win_over_pulling),
    TEST_CASE(members_with_nothing_to_allocate_are_skipped),
    TEST_CASE(a_member_with_nothing_but_a_label_is_pulled),
    TEST_CASE(names_of_members_are_made_printable),
    TEST_CASE(a_member_already_loaded_is_used_not_loaded_again),
    TEST_CASE(undefined_names_of_members_are_reported),
    TEST_CASE(an_archive_without_an_index_is_refused),
    TEST_CASE(commons_in_members_serve_references),
    TEST_CASE(members_of_one_name_get_along),
    TEST_CASE(an_archive_alone_is_no_load),
    TEST_CASE(members_can_be_walked),
};

TEST_MAIN("archive", cases)
