/* SPDX-License-Identifier: MIT */
/* How groups bind to each other and to the host, and what keeps them loaded. */
#include "tests/lib/expect.h"

static elfin_status unload(struct fixture *f, elfin_group *group)
{
    f->report_count = 0;
    return elfin_unload(&f->space, group, &f->diag, f->options.report, f);
}

static elfin_group *group_of(struct fixture *f, const char *module)
{
    elfin_module_info info;

    elfin_module_get(elfin_find_module(&f->space, module), &info);
    return info.group;
}

static void a_group_binds_to_earlier_groups(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn f 1; var v 5");
    LOAD(f, "b.o", "call g f; ptr p v");
    CHECK_EQ(fx_run(f, "g"), 1);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "v"));
    CHECK(elfin_module_uses(elfin_find_module(&f->space, "b"), 0) ==
          elfin_find_module(&f->space, "a"));
    CHECK(elfin_module_uses(elfin_find_module(&f->space, "b"), 1) == NULL);
    CHECK(elfin_module_uses(elfin_find_module(&f->space, "a"), 0) == NULL);
    END(f);
}

static void unload_is_refused_while_others_use_the_group(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_group *a;

    LOAD(f, "a.o", "fn f 1", "a2.o", "fn f2 2");
    a = f->group;
    LOAD(f, "user.o", "call g f; ptr p f");
    LOAD(f, "other.o", "call h f2");
    LOAD(f, "stranger.o", "fn s 1");
    STATUS(unload(f, a), ELFIN_ERR_IN_USE);
    STATUS(f->diag.status, ELFIN_ERR_IN_USE);
    CHECK_STR(f->diag.other, "user");
    CHECK_EQ(f->report_count, 2);
    CHECK_STR(f->reports[0].other, "user");
    CHECK_STR(f->reports[1].other, "other");
    CHECK_EQ(fx_run(f, "g"), 1);
    STATUS(unload(f, group_of(f, "user")), ELFIN_OK);
    STATUS(unload(f, a), ELFIN_ERR_IN_USE);
    CHECK_STR(f->diag.other, "other");
    STATUS(unload(f, group_of(f, "other")), ELFIN_OK);
    STATUS(unload(f, a), ELFIN_OK);
    CHECK(elfin_find_module(&f->space, "a") == NULL);
    CHECK_EQ(fx_lookup(f, "f"), 0);
    CHECK(elfin_find_module(&f->space, "stranger") != NULL);
    END(f);
}

static void modules_of_one_group_do_not_keep_it(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn f 1; call g h", "b.o", "fn h 2; call k f");
    STATUS(unload(f, f->group), ELFIN_OK);
    END(f);
}

static void a_bound_weak_reference_counts(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_group *a;

    LOAD(f, "a.o", "fn f 1");
    a = f->group;
    LOAD(f, "b.o", "weak undef f; call g f");
    CHECK_EQ(fx_run(f, "g"), 1);
    STATUS(unload(f, a), ELFIN_ERR_IN_USE);
    END(f);
}

static void a_reference_met_inside_the_group_does_not_count(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_group *a;

    LOAD(f, "a.o", "fn f 1");
    a = f->group;
    LOAD(f, "b.o", "call g f", "c.o", "fn f 2");
    CHECK_EQ(fx_run(f, "g"), 2);
    STATUS(unload(f, a), ELFIN_OK);
    CHECK_EQ(fx_run(f, "g"), 2);
    END(f);
}

static void the_first_export_of_a_name_is_found_until_it_goes(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_group *a, *b;

    LOAD(f, "a.o", "fn f 1");
    a = f->group;
    LOAD(f, "b.o", "fn f 2; call g f");
    b = f->group;
    LOAD(f, "c.o", "call h f");
    CHECK_EQ(fx_run(f, "f"), 1);
    CHECK_EQ(fx_run(f, "g"), 2);
    CHECK_EQ(fx_run(f, "h"), 1);
    STATUS(unload(f, group_of(f, "c")), ELFIN_OK);
    STATUS(unload(f, a), ELFIN_OK);
    CHECK_EQ(fx_run(f, "f"), 2);
    LOAD(f, "d.o", "call k f");
    CHECK_EQ(fx_run(f, "k"), 2);
    STATUS(unload(f, b), ELFIN_ERR_IN_USE);
    END(f);
}

static void a_weak_definition_yields_to_nobody_outside(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    /* The group's own definition wins over others' exports, a weak one too. */
    LOAD(f, "a.o", "fn f 1");
    LOAD(f, "b.o", "weak fn f 2; call g f");
    CHECK_EQ(fx_run(f, "g"), 2);
    END(f);
}

static void the_host_exports_win_over_later_modules(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    const elfin_module *owner = (const elfin_module *)f;
    uint64_t address = 0;

    LOAD(f, "a.o", "fn trace 1; call g trace");
    CHECK_EQ(fx_run(f, "g"), 1);
    STATUS(elfin_lookup(&f->space, "trace", &address, &owner), ELFIN_OK);
    CHECK(owner == NULL);
    CHECK(address != fx_symbol(f, "a", "trace"));
    END(f);
}

static char logged[512];

static void log_line(void *ctx, const char *text)
{
    (void)ctx;
    strncat(logged, text, sizeof logged - strlen(logged) - 1);
}

static void shadowed_exports_are_logged(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.log = log_line;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    logged[0] = '\0';
    LOAD(f, "a.o", "fn f 1; fn only 2");
    CHECK_STR(logged, "");
    LOAD(f, "b.o", "fn f 2");
    CHECK_MSG(strstr(logged, "f") != NULL && strstr(logged, "a") != NULL &&
                  strstr(logged, "b") != NULL && strchr(logged, '\n') == NULL,
              "\"%s\"", logged);
    END(f);
}

static void host_tables_are_all_or_nothing(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    const elfin_export good[] = { { "one", 1 }, { "two", 2 } };
    const elfin_export twice[] = { { "three", 3 }, { "one", 4 } };
    const elfin_export within[] = { { "four", 3 }, { "four", 4 } };
    const elfin_export empty[] = { { "five", 3 }, { "", 4 } };
    const elfin_export none[] = { { "six", 3 }, { NULL, 4 } };
    elfin_export row;

    STATUS(fx_export(f, good, 2), ELFIN_OK);
    STATUS(fx_export(f, twice, 2), ELFIN_ERR_DUPLICATE);
    STATUS(fx_export(f, within, 2), ELFIN_ERR_DUPLICATE);
    STATUS(fx_export(f, empty, 2), ELFIN_ERR_ARGUMENT);
    STATUS(fx_export(f, none, 2), ELFIN_ERR_ARGUMENT);
    STATUS(fx_export(f, NULL, 0), ELFIN_OK);
    CHECK_EQ(fx_lookup(f, "one"), 1);
    CHECK_EQ(fx_lookup(f, "two"), 2);
    CHECK_EQ(fx_lookup(f, "three"), 0);
    CHECK_EQ(fx_lookup(f, "four"), 0);
    CHECK_EQ(fx_lookup(f, "five"), 0);
    CHECK(elfin_host_export(&f->space, 0, &row) && strcmp(row.name, "trace") == 0);
    CHECK(elfin_host_export(&f->space, 2, &row) && strcmp(row.name, "two") == 0 &&
          row.address == 2);
    CHECK(!elfin_host_export(&f->space, 3, &row));
    END(f);
}

static void many_exports_are_found(void)
{
    enum {
        COUNT = 5000
    };
    struct fixture *f = fx_new(FAKE_INVENTED);
    static char names[COUNT][16];
    elfin_export *rows = xmalloc(COUNT * sizeof *rows);
    elfin_space_stats stats;

    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "name%zu", i);
        rows[i] = (elfin_export){ names[i], 0x1000 + i };
    }
    STATUS(fx_export(f, rows, COUNT), ELFIN_OK);
    memset(rows, 0, COUNT * sizeof *rows);
    free(rows);
    for (size_t i = 0; i < COUNT; i++) {
        CHECK_EQ(fx_lookup(f, names[i]), 0x1000 + i);
    }
    CHECK_EQ(fx_lookup(f, "name5000"), 0);
    elfin_space_get_stats(&f->space, &stats);
    CHECK_EQ(stats.exports, COUNT + 1);
    END(f);
}

static void failed_questions_write_nothing(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    uint64_t address = 0x55;
    const elfin_module *owner = (const elfin_module *)f;
    const elfin_module *a;
    elfin_symbol symbol = { .address = 0x66 };

    LOAD(f, "a.o", "hidden fn f 1; fn g 2; local fn l 3; call h f");
    a = elfin_find_module(&f->space, "a");
    STATUS(elfin_lookup(&f->space, "f", &address, &owner), ELFIN_ERR_NOT_FOUND);
    CHECK(address == 0x55 && owner == (const elfin_module *)f);
    STATUS(elfin_module_lookup(a, "l", &address), ELFIN_ERR_NOT_FOUND);
    STATUS(elfin_module_lookup(a, "trace", &address), ELFIN_ERR_NOT_FOUND);
    CHECK_EQ(address, 0x55);
    CHECK(!elfin_module_symbol(a, 1000, &symbol));
    CHECK_EQ(symbol.address, 0x66);
    STATUS(elfin_module_lookup(a, "f", &address), ELFIN_OK);
    STATUS(elfin_lookup(&f->space, "g", &address, &owner), ELFIN_OK);
    CHECK(owner == a);
    STATUS(elfin_lookup(&f->space, "g", &address, NULL), ELFIN_OK);
    CHECK(elfin_find_module(&f->space, "nobody") == NULL);
    END(f);
}

static void spaces_never_meet(void)
{
    struct fixture *one = fx_new(FAKE_REAL), *two = fx_new(FAKE_REAL);

    two->fake.base = one->fake.base + UINT64_C(0x100000000);
    LOAD(one, "a.o", "fn f 1");
    LOAD_FAILS(two, ELFIN_ERR_UNDEFINED, "b.o", "call g f");
    LOAD(two, "a.o", "fn f 2; call g f");
    CHECK_EQ(fx_run(one, "f"), 1);
    CHECK_EQ(fx_run(two, "g"), 2);
    END(one);
    CHECK_EQ(fx_run(two, "g"), 2);
    END(two);
}

static void destroy_goes_newest_first(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn f 1; exit 1");
    LOAD(f, "b.o", "exit 2", "c.o", "exit 3");
    LOAD(f, "d.o", "call g f; exit 4");
    fx_clear_trace();
    END(f);
    CHECK_STR(fx_trace_text(), "4 3 2 1");
}

static void a_destroyed_space_may_be_used_again(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn f 1");
    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    CHECK_EQ(f->fake.live_bytes, 0);
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    CHECK_EQ(fx_lookup(f, "f"), 0);
    LOAD(f, "a.o", "fn f 2");
    CHECK_EQ(fx_run(f, "f"), 2);
    END(f);
}

static void loading_and_unloading_for_ever_takes_no_memory(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    uint64_t bytes = 0;

    LOAD(f, "base.o", "fn f 1");
    for (int i = 0; i < 500; i++) {
        char name[32], text[96];

        /* Ever new names: the index must not fill up with the dead. */
        snprintf(name, sizeof name, "m%d.o", i);
        snprintf(text, sizeof text, "call call_%d f; var v_%d 1; fn w_%d 2", i, i, i);
        LOAD(f, name, text);
        STATUS(unload(f, f->group), ELFIN_OK);
        fake_host_rewind(&f->fake);
        if (i == 20) {
            bytes = f->fake.live_bytes;
        }
    }
    CHECK_EQ(f->fake.live_bytes, bytes);
    CHECK_EQ(fx_run(f, "f"), 1);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(a_group_binds_to_earlier_groups),
    TEST_CASE(unload_is_refused_while_others_use_the_group),
    TEST_CASE(modules_of_one_group_do_not_keep_it),
    TEST_CASE(a_bound_weak_reference_counts),
    TEST_CASE(a_reference_met_inside_the_group_does_not_count),
    TEST_CASE(the_first_export_of_a_name_is_found_until_it_goes),
    TEST_CASE(a_weak_definition_yields_to_nobody_outside),
    TEST_CASE(the_host_exports_win_over_later_modules),
    TEST_CASE(shadowed_exports_are_logged),
    TEST_CASE(host_tables_are_all_or_nothing),
    TEST_CASE(many_exports_are_found),
    TEST_CASE(failed_questions_write_nothing),
    TEST_CASE(spaces_never_meet),
    TEST_CASE(destroy_goes_newest_first),
    TEST_CASE(a_destroyed_space_may_be_used_again),
    TEST_CASE(loading_and_unloading_for_ever_takes_no_memory),
};

TEST_MAIN("bind", cases)
