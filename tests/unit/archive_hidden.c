/* SPDX-License-Identifier: MIT */
/* Members of one archive see each other's hidden symbols; nobody else does. */
#include "tests/unit/library.h"

static const struct member hiding[] = {
    { "user.o", "hidden undef secret; call user secret", "user" },
    { "user2.o", "hidden undef secret; call user2 secret", "user2" },
    { "secret.o", "hidden fn secret 42; fn open 43", "secret open" },
    { NULL, NULL, NULL },
};

static void members_share_hidden_symbols(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(hiding, false);

    STATUS(load_with(f, "a.o", "call f user", &lib, 1), ELFIN_OK);
    CHECK_EQ(fx_run(f, "f"), 42);
    CHECK_EQ(fx_lookup(f, "secret"), 0);
    free(lib.data);
    END(f);
}

/* The member that defines it runs already, in an earlier group: no second copy, no error. */
static void hidden_symbols_reach_members_of_earlier_groups(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(hiding, false);
    elfin_group *first;

    STATUS(load_with(f, "a.o", "call f user", &lib, 1), ELFIN_OK);
    first = f->group;
    STATUS(load_with(f, "b.o", "call g user2", &lib, 1), ELFIN_OK);
    CHECK_EQ(fx_run(f, "g"), 42);
    CHECK_EQ(count_modules(f), 5);
    STATUS(elfin_unload(&f->space, first, &f->diag, NULL, NULL), ELFIN_ERR_IN_USE);
    free(lib.data);
    END(f);
}

/* Each archive has its own hidden symbols, whatever their names. */
static void hidden_symbols_of_two_archives_do_not_mix(void)
{
    static const struct member other[] = {
        { "user.o", "hidden undef secret; call other secret", "other" },
        { "user2.o", "hidden undef secret; call other2 secret", "other2" },
        { "secret.o", "hidden fn secret 77", "secret" },
        { NULL, NULL, NULL },
    };
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob one = library(hiding, false), two = library(other, false);
    const struct {
        const char *object, *text, *archive;
        struct blob lib;
    } loads[] = {
        { "a.o", "call a user", "one.a", one },
        { "b.o", "call b other", "two.a", two },
        { "c.o", "call c user2", "one.a", one },
        { "d.o", "call d other2", "two.a", two },
    };

    for (size_t i = 0; i < 4; i++) {
        struct blob object = toy(loads[i].text);
        elfin_input inputs[2] = { INPUT(object, loads[i].object),
                                  INPUT(loads[i].lib, loads[i].archive) };

        STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK);
        free(object.data);
    }
    CHECK_EQ(fx_run(f, "a"), 42);
    CHECK_EQ(fx_run(f, "b"), 77);
    CHECK_EQ(fx_run(f, "c"), 42);
    CHECK_EQ(fx_run(f, "d"), 77);
    free(one.data);
    free(two.data);
    END(f);
}

/* Only members of the archive may see it, not the objects that load it. */
static void hidden_symbols_of_an_earlier_group_stay_hidden_from_objects(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(hiding, false);

    STATUS(load_with(f, "a.o", "call f user", &lib, 1), ELFIN_OK);
    STATUS(load_with(f, "b.o", "hidden undef secret; call g secret", NULL, 0), ELFIN_ERR_HIDDEN);
    free(lib.data);
    END(f);
}

/*
 * A member that is pulled hides a name which the object, too, refers to and the host exports: the
 * group's reference is hidden whichever of the two names the object mentions first.
 */
static void a_member_hides_what_the_host_exports(void)
{
    static const struct member members[] = {
        { "m.o", "hidden undef name; ptr member name", "member" },
        { NULL, NULL, NULL },
    };
    static const char *const objects[] = { "ptr p name; ptr q member", "ptr q member; ptr p name" };
    static const elfin_export names[] = { { "name", 0x4000 }, { NULL, 0 } };

    for (size_t i = 0; i < 4; i++) {
        struct fixture *f = fx_new(FAKE_REAL);
        struct blob lib = library(members, false);

        if (i < 2) {
            STATUS(fx_export(f, names, 1), ELFIN_OK);
        } else {
            f->fake.resolvable = names;
        }
        CHECK_MSG(load_with(f, "a.o", objects[i % 2], &lib, 1) == ELFIN_ERR_HIDDEN, "%zu: %s", i,
                  elfin_status_text(f->status));
        CHECK_STR(f->diag.symbol, "name");
        free(lib.data);
        END(f);
    }
}

/* So each group whose objects name them pulls its own copy, and all have names of their own. */
static void each_group_has_its_copy_of_a_hidden_member(void)
{
    static const char *const names[] = { "a.o", "b.o", "c.o", "d.o" };
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob lib = library(hiding, false);
    elfin_group *third = NULL;

    for (size_t i = 0; i < 4; i++) {
        char text[32];

        snprintf(text, sizeof text, "call f%zu secret", i);
        STATUS(load_with(f, names[i], text, &lib, 1), ELFIN_OK);
        third = i == 2 ? f->group : third;
    }
    CHECK_EQ(count_modules(f), 8);
    CHECK_EQ(fx_run(f, "f3"), 42);
    STATUS(elfin_unload(&f->space, third, &f->diag, NULL, NULL), ELFIN_OK);
    STATUS(load_with(f, "e.o", "call g secret", &lib, 1), ELFIN_OK);
    CHECK_EQ(count_modules(f), 8);
    free(lib.data);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(each_group_has_its_copy_of_a_hidden_member),
    TEST_CASE(members_share_hidden_symbols),
    TEST_CASE(hidden_symbols_reach_members_of_earlier_groups),
    TEST_CASE(hidden_symbols_of_two_archives_do_not_mix),
    TEST_CASE(hidden_symbols_of_an_earlier_group_stay_hidden_from_objects),
    TEST_CASE(a_member_hides_what_the_host_exports),
};

TEST_MAIN("archive_hidden", cases)
