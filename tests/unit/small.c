/* SPDX-License-Identifier: MIT */
/*
 * A host that names no part of the library but the index of names, or not even that: what it loads,
 * and what is refused by name.
 */
#include "tests/lib/expect.h"

#define GIB (UINT64_C(1) << 30)

static void name_nothing(elfin_host *host)
{
    host->programs = NULL;
    host->archives = NULL;
    host->slots = NULL;
    host->threads = NULL;
    host->unwinding = NULL;
    host->unwind_add = NULL;
    host->unwind_remove = NULL;
    host->indirects = NULL;
    host->gathering = NULL;
    host->users = NULL;
    host->starting = NULL;
    host->records = NULL;
    host->comdats = NULL;
    host->waiting = NULL;
    host->reaching = NULL;
    host->dividing = NULL;
    host->reasons = NULL;
    host->listing = NULL;
    host->sharing = NULL;
    host->parallel = NULL;
    host->images = NULL;
    host->rebinding = NULL;
}

static struct fixture *small(enum fake_memory memory)
{
    struct fixture *f = fx_new(memory);

    name_nothing(&f->fake.host);
    fx_again(f);
    return f;
}

static void it_loads_objects(void)
{
    struct fixture *f = small(FAKE_REAL);

    LOAD(f, "a.o", "fn f 41; ptr p f; var v 7; ro r 8; bss z 64; call c f; lea a p; common q 8 8");
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "f"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "v")), 7);
    CHECK_EQ(fx_run(f, "c"), 41);
    CHECK_EQ(fx_run(f, "a"), fx_lookup(f, "p"));
    LOAD(f, "b.o", "call d e", "c.o", "fn e 42");
    CHECK_EQ(fx_run(f, "d"), 42);
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "g.o", "call g nothing");
    END(f);
}

static void groups_see_the_host_and_themselves(void)
{
    struct fixture *f = small(FAKE_REAL);
    elfin_group *first;

    LOAD(f, "a.o", "fn f 41; ptr t trace");
    first = f->group;
    CHECK_EQ(fx_read(f, fx_lookup(f, "t")), fx_lookup(f, "trace"));
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "b.o", "call d f");
    LOAD(f, "b.o", "weak undef f; ptr d f");
    CHECK_EQ(fx_read(f, fx_lookup(f, "d")), 0);
    LOAD(f, "c.o", "fn d2 7; call e d2");
    CHECK_EQ(fx_run(f, "e"), 7);
    STATUS(elfin_unload(&f->space, first, NULL, NULL, NULL), ELFIN_OK);
    END(f);
}

/* Nobody has found out where fields fit, so memory has been taken when it is seen that they do not.
 */
static void fields_that_do_not_fit_are_refused(void)
{
    struct fixture *f = small(FAKE_INVENTED);

    f->options.min = 4 * GIB;
    f->options.max = 8 * GIB;
    LOAD_FAILS(f, ELFIN_ERR_RANGE, "a.o", "mov32 f v; var v 1");
    CHECK_EQ(f->report_count, 1);
    CHECK_EQ(f->diag.phase, ELFIN_PHASE_FIXUP);
    f->options.min = 0x10000;
    f->options.max = 2 * GIB;
    LOAD(f, "a.o", "mov32 f v; mov32s g v; var v 1");
    CHECK(fx_lookup(f, "v") < 2 * GIB);
    END(f);
}

static void memory_lies_between_min_and_max(void)
{
    struct fixture *f = small(FAKE_INVENTED);
    elfin_block block;

    f->options.min = 4 * GIB + 8;
    f->options.max = 4 * GIB + 0x4fff;
    LOAD(f, "a.o", "fn f 1; var v 2");
    REQUIRE(elfin_group_block(f->group, 0, &block));
    CHECK(block.region.run >= f->options.min && block.region.run + 0x2000 <= f->options.max + 1);
    LOAD_FAILS(f, ELFIN_ERR_MEMORY, "b.o", "fn g 1; bss z 0x3000");
    LOAD_FAILS(f, ELFIN_ERR_REACH, "b.o", "fn g 1; bss z 0x5000");
    f->options.min = 5 * GIB;
    LOAD_FAILS(f, ELFIN_ERR_REACH, "b.o", "fn g 1");
    END(f);
}

static void addresses_hold(void)
{
    struct fixture *f = small(FAKE_INVENTED);
    struct blob object = toy("fn f 1; mov32 g f");
    elfin_input input = INPUT(object, "a.o");

    input.flags = ELFIN_INPUT_AT;
    input.at = 8 * GIB;
    STATUS(fx_load_inputs(f, &input, 1), ELFIN_ERR_RANGE);
    input.at = 3 * GIB;
    STATUS(fx_load_inputs(f, &input, 1), ELFIN_OK);
    CHECK_EQ(fx_lookup(f, "f"), 3 * GIB);
    free(object.data);
    END(f);
}

static void what_needs_a_part_is_refused(void)
{
    static const struct {
        const char *text;
        elfin_status status;
    } rows[] = {
        { "tls v 1", ELFIN_ERR_TLS },
        { "addr a v; var v 1", ELFIN_ERR_TYPE },
        { "icall c f; fn f 1", ELFIN_ERR_TYPE },
        { "weak undef f; call c f", ELFIN_ERR_TYPE },
        { "weak undef f; weak undef g; ptr p f; fn h 1; call c g", ELFIN_ERR_TYPE },
        { "ptr p _GLOBAL_OFFSET_TABLE_", ELFIN_ERR_UNDEFINED },
        { "fn f 1; ifunc g f", ELFIN_ERR_TYPE },
        { "ctor 1", ELFIN_ERR_TYPE },
        { "fn f 1; dtor 1", ELFIN_ERR_TYPE },
        { "init 1 0", ELFIN_ERR_TYPE },
        { "fn f 1; export f", ELFIN_ERR_TYPE },
        { "module m", ELFIN_ERR_TYPE },
        { "comdat f 1", ELFIN_ERR_TYPE },
        { "ptr p __dso_handle", ELFIN_ERR_UNDEFINED },
        { "in mine 1; ptr p __start_mine", ELFIN_ERR_UNDEFINED },
    };
    struct fixture *f = small(FAKE_INVENTED);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        LOAD_FAILS(f, rows[i].status, "a.o", rows[i].text);
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    STATUS(fx_load(f, "a.o", "fn f 1", NULL), ELFIN_ERR_ARGUMENT);
    f->options.flags = ELFIN_LOAD_REBIND;
    STATUS(fx_load(f, "a.o", "fn f 1", NULL), ELFIN_ERR_ARGUMENT);
    END(f);
}

/* Without stubs a branch is as long as it is; with them it reaches everything. */
static void branches_reach_what_is_near(void)
{
    struct fixture *f = small(FAKE_INVENTED);
    elfin_export rows[] = { { "near", 5 * GIB }, { "far", 16 * GIB } };

    STATUS(fx_export(f, rows, 2), ELFIN_OK);
    f->options.min = 4 * GIB;
    f->options.max = 5 * GIB;
    LOAD(f, "a.o", "call c near");
    LOAD_FAILS(f, ELFIN_ERR_RANGE, "b.o", "call d far");
    LOAD(f, "b.o", "ptr d far");
    f->fake.host.slots = &elfin_slots;
    fx_again(f);
    STATUS(fx_export(f, rows, 2), ELFIN_OK);
    LOAD(f, "b.o", "call d far; addr e near; weak undef g; call h g; ptr p _GLOBAL_OFFSET_TABLE_");
    END(f);
}

static bool host_knows(void *ctx, const char *name, uint64_t *address)
{
    (void)ctx;
    *address = 0x1234;
    return strcmp(name, "known") == 0;
}

/* The host has an index of its own. */
static void nothing_is_published(void)
{
    const elfin_export row = { "f", 1 };
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct fx_snapshot before;
    elfin_group *first;
    uint64_t address;

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    name_nothing(&f->fake.host);
    f->fake.host.publishing = NULL;
    f->fake.host.resolve = host_knows;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    STATUS(elfin_space_export(&f->space, &row, 1), ELFIN_ERR_ARGUMENT);
    LOAD(f, "a.o", "fn f 41; ptr p known; weak undef g; ptr w g");
    first = f->group;
    STATUS(elfin_lookup(&f->space, "f", &address, NULL), ELFIN_ERR_NOT_FOUND);
    STATUS(elfin_module_lookup(elfin_next_module(first, NULL), "p", &address), ELFIN_OK);
    CHECK_EQ(fx_read(f, address), 0x1234);
    STATUS(elfin_module_lookup(elfin_next_module(first, NULL), "w", &address), ELFIN_OK);
    CHECK_EQ(fx_read(f, address), 0);
    before = fx_snapshot(f);
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "b.o", "ptr p unknown");
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "b.o", "call c f");
    LOAD_FAILS(f, ELFIN_ERR_MODULE_NAME, "b.o", "fn f 1", "b.o", "fn g 2");
    NO_COMPLAINT(fx_compare(f, &before));
    LOAD(f, "a.o", "fn f 1; call c f", "b.o", "fn d 2; ptr q c");
    STATUS(elfin_unload(&f->space, first, NULL, NULL, NULL), ELFIN_OK);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    END(f);
}

/* Nobody waits for a name: it is a module's, another's, or the host's. */
static void one_name_has_one_owner(void)
{
    elfin_export rows[] = { { "free", 1 }, { "f", 2 }, { "gone", 3 } };
    struct fixture *f = small(FAKE_INVENTED);
    struct fx_snapshot before;

    LOAD(f, "a.o", "fn f 1");
    LOAD_FAILS(f, ELFIN_ERR_DUPLICATE, "b.o", "fn a 1; fn f 2; fn g 3");
    CHECK_STR(f->diag.symbol, "f");
    LOAD_FAILS(f, ELFIN_ERR_DUPLICATE, "b.o", "fn trace 2");
    before = fx_snapshot(f);
    STATUS(fx_export(f, rows, 3), ELFIN_ERR_DUPLICATE);
    NO_COMPLAINT(fx_compare(f, &before));
    CHECK_EQ(fx_lookup(f, "free"), 0);
    LOAD(f, "b.o", "fn a 1; fn g 3");
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    LOAD(f, "b.o", "fn a 1; fn g 3");
    f->replaces = f->group; /* what that has is no other's */
    LOAD_FAILS(f, ELFIN_ERR_DUPLICATE, "b.o", "fn a 1; fn f 3; fn g 3");
    CHECK_STR(f->diag.symbol, "f");
    END(f);
}

static void parts_that_need_others(void)
{
    elfin_space space;
    struct fixture *f = fx_new(FAKE_INVENTED);
    elfin_host host = f->fake.host;

    STATUS(elfin_space_init(&space, &host), ELFIN_OK);
    host.slots = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host.slots = f->fake.host.slots;
    host.reaching = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host.dividing = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host.starting = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host.records = NULL;
    host.reasons = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_OK);
    STATUS(elfin_space_init(&space, &host), ELFIN_OK);
    host.users = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host.rebinding = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_OK);
    host.starting = &elfin_starting;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host.starting = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_OK);
    host.slots = NULL; /* by threads and indirects */
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host.indirects = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host.threads = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_OK);
    host.programs = &elfin_programs;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(it_loads_objects),
    TEST_CASE(groups_see_the_host_and_themselves),
    TEST_CASE(fields_that_do_not_fit_are_refused),
    TEST_CASE(memory_lies_between_min_and_max),
    TEST_CASE(addresses_hold),
    TEST_CASE(what_needs_a_part_is_refused),
    TEST_CASE(branches_reach_what_is_near),
    TEST_CASE(nothing_is_published),
    TEST_CASE(one_name_has_one_owner),
    TEST_CASE(parts_that_need_others),
};

TEST_MAIN("small", cases)
