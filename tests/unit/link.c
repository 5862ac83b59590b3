/* SPDX-License-Identifier: MIT */
/* How names resolve inside one group: the static linker's rules. */
#include "tests/lib/expect.h"

static void objects_use_each_other(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn f 1; call g h", "b.o", "fn h 2; call k f");
    CHECK_EQ(fx_run(f, "g"), 2);
    CHECK_EQ(fx_run(f, "k"), 1);
    END(f);
}

static void strong_wins_over_weak_in_any_order(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "weak fn f 1; call a f", "b.o", "fn f 2; call b f");
    CHECK_EQ(fx_run(f, "a"), 2);
    CHECK_EQ(fx_run(f, "b"), 2);
    CHECK_EQ(fx_run(f, "f"), 2);
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    LOAD(f, "a.o", "fn f 3; call a f", "b.o", "weak fn f 4; call b f");
    CHECK_EQ(fx_run(f, "a"), 3);
    CHECK_EQ(fx_run(f, "b"), 3);
    END(f);
}

static void the_first_of_equal_weak_definitions_wins(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "call a f", "b.o", "weak fn f 1", "c.o", "weak fn f 2; call c f");
    CHECK_EQ(fx_run(f, "a"), 1);
    CHECK_EQ(fx_run(f, "c"), 1);
    END(f);
}

static void strong_duplicates_name_both_owners(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD_FAILS(f, ELFIN_ERR_DUPLICATE, "one.o", "fn f 1", "two.o", "fn g 1", "three.o", "fn f 2");
    CHECK_STR(f->diag.symbol, "f");
    CHECK_MSG(expect_names(&f->diag, "one", "three"), "file \"%s\", other \"%s\"", f->diag.file,
              f->diag.other);
    LOAD_FAILS(f, ELFIN_ERR_DUPLICATE, "one.o", "var f 1", "two.o", "abs f 1");
    LOAD_FAILS(f, ELFIN_ERR_DUPLICATE, "one.o", "unique fn f 1", "two.o", "fn f 2");
    LOAD_FAILS(f, ELFIN_ERR_DUPLICATE, "one.o", "hidden fn f 1", "two.o", "hidden fn f 2");
    END(f);
}

static void every_duplicate_is_reported(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD_FAILS(f, ELFIN_ERR_DUPLICATE, "one.o", "fn f 1; fn g 1", "two.o", "fn f 2; fn g 2");
    CHECK(expect_reported(f, ELFIN_ERR_DUPLICATE, "f"));
    CHECK(expect_reported(f, ELFIN_ERR_DUPLICATE, "g"));
    END(f);
}

static void local_names_never_meet(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "local fn f 1; call a f", "b.o", "local fn f 2; call b f", "c.o", "fn f 3");
    CHECK_EQ(fx_run(f, "a"), 1);
    CHECK_EQ(fx_run(f, "b"), 2);
    CHECK_EQ(fx_run(f, "f"), 3);
    END(f);
}

static void hidden_symbols_bind_inside_the_group_only(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "hidden fn f 1; internal fn i 2", "b.o", "call b f; call c i");
    CHECK_EQ(fx_run(f, "b"), 1);
    CHECK_EQ(fx_run(f, "c"), 2);
    CHECK_EQ(fx_lookup(f, "f"), 0);
    CHECK_EQ(fx_lookup(f, "i"), 0);
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "d.o", "call d f");
    CHECK_STR(f->diag.symbol, "f");
    CHECK_STR(f->diag.file, "d.o");
    END(f);
}

static void a_hidden_reference_wants_a_definition_in_the_group(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn f 1");
    LOAD_FAILS(f, ELFIN_ERR_HIDDEN, "b.o", "hidden undef f; call b f");
    CHECK_STR(f->diag.symbol, "f");
    LOAD_FAILS(f, ELFIN_ERR_HIDDEN, "b.o", "hidden undef trace; call b trace");
    LOAD(f, "b.o", "hidden undef f; call b f", "c.o", "fn f 2");
    CHECK_EQ(fx_run(f, "b"), 2);
    END(f);
}

/* gABI: the most constraining visibility of all mentions holds. */
static void a_hidden_mention_hides_the_definition(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "hidden undef f; call b f; fn open 1", "c.o", "fn f 2", "d.o",
         "fn g 3; call h g", "e.o", "weak hidden undef g; ptr p g");
    CHECK_EQ(fx_run(f, "b"), 2);
    CHECK_EQ(fx_run(f, "h"), 3);
    CHECK_EQ(fx_lookup(f, "f"), 0);
    CHECK_EQ(fx_lookup(f, "g"), 0);
    CHECK(fx_lookup(f, "open") != 0);
    END(f);
}

static void a_hidden_weak_reference_may_stay_undefined(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn f 1");
    f->options.near = 0;
    LOAD(f, "b.o", "hidden weak undef f; ptr p f; addr b f");
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 0);
    CHECK_EQ(fx_run(f, "b"), 0);
    END(f);
}

static void protected_symbols_are_exported(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "protected fn f 1; call a f");
    LOAD(f, "b.o", "call b f");
    CHECK_EQ(fx_run(f, "a"), 1);
    CHECK_EQ(fx_run(f, "b"), 1);
    END(f);
}

static void unique_symbols_are_global(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "unique fn f 1; weak fn g 3", "b.o", "call b f; unique fn g 4");
    LOAD(f, "c.o", "call c f; call d g");
    CHECK_EQ(fx_run(f, "b"), 1);
    CHECK_EQ(fx_run(f, "c"), 1);
    CHECK_EQ(fx_run(f, "d"), 4);
    END(f);
}

static void absolute_symbols_do_not_move(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "abs x 0x123456789abcdef0; abs y 0x7654321", "b.o",
         "ptr p x 0x10; addr q x; mov32 r y; mov32s s y");
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 0x123456789abcdf00);
    CHECK_EQ(fx_run(f, "q"), 0x123456789abcdef0);
    CHECK_EQ(fx_run(f, "r"), 0x7654321);
    CHECK_EQ(fx_run(f, "s"), 0x7654321);
    CHECK_EQ(fx_lookup(f, "x"), 0x123456789abcdef0);
    END(f);
}

/* gABI: a common symbol gets the largest size and the strictest alignment asked for. */
static void commons_merge(void)
{
    static const char *const verbs[] = { "common", "lcommon" };

    for (size_t i = 0; i < 4; i++) {
        struct fixture *f = fx_new(FAKE_REAL);
        size_t order = i / 2;
        char one[64], two[64];
        uint64_t address;

        snprintf(one, sizeof one, "%s x 8 512; addr a x", verbs[i % 2]);
        snprintf(two, sizeof two, "%s x 5000 8; addr b x", verbs[i % 2]);
        if (order == 0) {
            LOAD(f, "a.o", one, "b.o", two, "c.o", "var y 0x1122334455667788");
        } else {
            LOAD(f, "b.o", two, "c.o", "var y 0x1122334455667788", "a.o", one);
        }
        address = fx_run(f, "a");
        CHECK_EQ(fx_run(f, "b"), address);
        CHECK_EQ(address % 512, 0);
        CHECK_EQ(fx_lookup(f, "x"), address);
        for (uint64_t at = 0; at < 5000; at += 8) {
            CHECK_EQ(fx_read(f, address + at), 0);
        }
        CHECK_EQ(fake_host_rights(&f->fake, address + 4999), ELFIN_RIGHTS_RW);
        CHECK_EQ(fx_read(f, fx_lookup(f, "y")), 0x1122334455667788);
        END(f);
    }
}

static void a_definition_wins_over_common(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "common x 8 8; addr a x", "b.o", "var x 77; addr b x");
    CHECK_EQ(fx_run(f, "a"), fx_run(f, "b"));
    CHECK_EQ(fx_read(f, fx_run(f, "a")), 77);
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    LOAD(f, "a.o", "var x 78; addr a x", "b.o", "common x 8 8; addr b x");
    CHECK_EQ(fx_read(f, fx_run(f, "b")), 78);
    END(f);
}

static void common_wins_over_weak(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "weak var x 77; addr a x", "b.o", "common x 8 8; addr b x");
    CHECK_EQ(fx_run(f, "a"), fx_run(f, "b"));
    CHECK_EQ(fx_read(f, fx_run(f, "a")), 0);
    END(f);
}

static void undefined_weak_symbols_are_zero(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "weak undef w; ptr p w; ptr q w 4; addr a w; mov32 m w");
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 0);
    CHECK_EQ(fx_read(f, fx_lookup(f, "q")), 4);
    CHECK_EQ(fx_run(f, "a"), 0);
    CHECK_EQ(fx_run(f, "m"), 0);
    END(f);
}

/* The branch lands on an instruction that traps, not on address 0 and not on its neighbour. */
static void a_branch_to_an_undefined_weak_symbol_traps(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    uint64_t call, target;
    const uint8_t *code;
    int32_t displacement;

    LOAD(f, "a.o", "weak undef w; call c w");
    call = fx_lookup(f, "c");
    code = fake_host_edit(&f->fake, call, 5);
    REQUIRE(code != NULL && code[0] == 0xe9);
    memcpy(&displacement, code + 1, 4);
    target = call + 5 + (uint64_t)(int64_t)displacement;
    code = fake_host_edit(&f->fake, target, 2);
    REQUIRE(code != NULL);
    CHECK_EQ(fake_host_rights(&f->fake, target), ELFIN_RIGHTS_RX);
    CHECK_MSG((code[0] == 0x0f && code[1] == 0x0b) || code[0] == 0xcc,
              "the target begins with %02x %02x", code[0], code[1]);
    END(f);
}

static void a_strong_reference_beside_a_weak_one_must_be_met(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "a.o", "weak undef w; ptr p w", "b.o", "call b w");
    CHECK_STR(f->diag.symbol, "w");
    CHECK_STR(f->diag.file, "b.o");
    END(f);
}

static void all_missing_names_are_reported_at_once(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "a.o", "call a x; ptr b y", "b.o", "call c x; addr d z");
    CHECK_STR(f->diag.symbol, "x");
    CHECK(expect_reported(f, ELFIN_ERR_UNDEFINED, "x"));
    CHECK(expect_reported(f, ELFIN_ERR_UNDEFINED, "y"));
    CHECK(expect_reported(f, ELFIN_ERR_UNDEFINED, "z"));
    CHECK_EQ(f->diag.phase, ELFIN_PHASE_RESOLVE);
    END(f);
}

static void an_unused_undefined_symbol_is_harmless(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    /* As assemblers leave them behind: declared, never referred to. Linkers take such objects. */
    LOAD(f, "a.o", "undef never; fn f 1");
    CHECK_EQ(fx_run(f, "f"), 1);
    END(f);
}

static void slots_are_shared_by_all_references(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_module_info info;

    f->fake.base = UINT64_C(0x300000000000);
    f->fake.ignore_near = true;
    LOAD(f, "a.o", "addr a trace; addr b trace; icall c trace; addr d own; fn own 1");
    elfin_module_get(elfin_find_module(&f->space, "a"), &info);
    CHECK_MSG(info.slot_count == 1 || info.slot_count == 2, "%u slots", info.slot_count);
    CHECK_EQ(fx_run(f, "a"), fx_lookup(f, "trace"));
    CHECK_EQ(fx_run(f, "b"), fx_lookup(f, "trace"));
    CHECK_EQ(fx_run(f, "d"), fx_lookup(f, "own"));
    END(f);
}

static void the_last_resort_is_asked_once_for_each_name(void)
{
    static const elfin_export known[] = { { "late", 0x4000 }, { NULL, 0 } };
    struct fixture *f = fx_new(FAKE_REAL);

    f->fake.resolvable = known;
    LOAD(f, "a.o", "ptr p late; ptr q late; weak undef w; ptr r w", "b.o",
         "ptr s late; weak undef w; ptr t w; fn own 1; call u own");
    CHECK_EQ(fake_host_count(&f->fake, FAKE_RESOLVE), 2);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 0x4000);
    CHECK_EQ(fx_read(f, fx_lookup(f, "q")), 0x4000);
    CHECK_EQ(fx_read(f, fx_lookup(f, "s")), 0x4000);
    CHECK_EQ(fx_read(f, fx_lookup(f, "t")), 0);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(objects_use_each_other),
    TEST_CASE(strong_wins_over_weak_in_any_order),
    TEST_CASE(the_first_of_equal_weak_definitions_wins),
    TEST_CASE(strong_duplicates_name_both_owners),
    TEST_CASE(every_duplicate_is_reported),
    TEST_CASE(local_names_never_meet),
    TEST_CASE(hidden_symbols_bind_inside_the_group_only),
    TEST_CASE(a_hidden_reference_wants_a_definition_in_the_group),
    TEST_CASE(a_hidden_mention_hides_the_definition),
    TEST_CASE(a_hidden_weak_reference_may_stay_undefined),
    TEST_CASE(protected_symbols_are_exported),
    TEST_CASE(unique_symbols_are_global),
    TEST_CASE(absolute_symbols_do_not_move),
    TEST_CASE(commons_merge),
    TEST_CASE(a_definition_wins_over_common),
    TEST_CASE(common_wins_over_weak),
    TEST_CASE(undefined_weak_symbols_are_zero),
    TEST_CASE(a_branch_to_an_undefined_weak_symbol_traps),
    TEST_CASE(a_strong_reference_beside_a_weak_one_must_be_met),
    TEST_CASE(all_missing_names_are_reported_at_once),
    TEST_CASE(an_unused_undefined_symbol_is_harmless),
    TEST_CASE(slots_are_shared_by_all_references),
    TEST_CASE(the_last_resort_is_asked_once_for_each_name),
};

TEST_MAIN("link", cases)
