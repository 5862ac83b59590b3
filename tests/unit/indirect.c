/* SPDX-License-Identifier: MIT */
/* Indirect functions: one address for everybody, resolvers in order, and what a failing one leaves.
 */
#include "tests/lib/ar_builder.h"
#include "tests/lib/expect.h"

/* The position-th indirect function of the module; aborts the case when there is none. */
static elfin_indirect indirect(const struct fixture *f, const char *module, uint32_t position)
{
    elfin_indirect out = { 0 };

    REQUIRE(elfin_module_indirect(elfin_find_module(&f->space, module), position, &out));
    return out;
}

static uint32_t count_indirect(const struct fixture *f, const char *module)
{
    uint32_t count = 0;
    elfin_indirect out;

    while (elfin_module_indirect(elfin_find_module(&f->space, module), count, &out)) {
        count++;
    }
    return count;
}

static elfin_module_info module_info(const struct fixture *f, const char *module)
{
    elfin_module_info info;

    elfin_module_get(elfin_find_module(&f->space, module), &info);
    return info;
}

/* Weak, so that several modules of a group may say it. */
#define USES                                                                                       \
    "weak call via_call f; weak icall via_slot f; weak addr by_slot f; weak ptr by_word f; "       \
    "weak rel by_constant f; weak ptr beyond f 8"

/* Every way to take the address of f gives the stub's, and every way to call it ends in 2. */
static void check_uses(const struct fixture *f, const char *module)
{
    uint64_t address = fx_lookup(f, "f");

    CHECK_EQ(fx_symbol(f, "owner", "f"), address);
    CHECK_EQ(fx_read(f, fx_symbol(f, module, "by_word")), address);
    CHECK_EQ(fx_read(f, fx_symbol(f, module, "by_constant")), address);
    CHECK_EQ(fx_read(f, fx_symbol(f, module, "beyond")), address + 8);
    CHECK_EQ(((uint64_t(*)(void))fx_symbol(f, module, "by_slot"))(), address);
    CHECK_EQ(((int (*)(void))fx_symbol(f, module, "via_call"))(), 2);
    CHECK_EQ(((int (*)(void))fx_symbol(f, module, "via_slot"))(), 2);
}

static void one_address_for_everybody(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "owner.o", "fn one 1; fn two 2; ifunc f two; weak lea by_pc f; export f; " USES,
         "near.o", USES "; weak lea by_pc f");
    check_uses(f, "owner");
    check_uses(f, "near");
    CHECK_EQ(((uint64_t(*)(void))fx_symbol(f, "owner", "by_pc"))(), fx_lookup(f, "f"));
    CHECK_EQ(((uint64_t(*)(void))fx_symbol(f, "near", "by_pc"))(), fx_lookup(f, "f"));
    CHECK_EQ(fx_run(f, "f"), 2);
    NO_COMPLAINT(fx_check_rights(f, f->group));

    /* A group of its own, and far: through its own slot to the owner's stub. */
    f->options.min = UINT64_C(0x3d0000000000);
    LOAD(f, "far.o", USES);
    check_uses(f, "far");
    CHECK(module_info(f, "far").stub_count == 1 && module_info(f, "owner").stub_count == 1);
    END(f);
}

static void blocks_of_one_group_apart(void)
{
    struct fixture *f = fx_new(FAKE_DUAL);
    struct blob owner = toy("fn two 2; ifunc f two; " USES), far = toy(USES);
    elfin_input inputs[2] = { INPUT(far, "far.o"), INPUT(owner, "owner.o") };

    inputs[0].flags = inputs[1].flags = ELFIN_INPUT_AT;
    inputs[0].at = UINT64_C(0x3c0000000000);
    inputs[1].at = UINT64_C(0x3d0000000000);
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK);
    check_uses(f, "owner");
    check_uses(f, "far");
    free(owner.data);
    free(far.data);
    END(f);
}

/* The loader finds out only after a first layout that these cannot share a block. */
static void objects_that_lie_apart(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    const elfin_export exports[] = { { "far", UINT64_C(0x7f0000000000) } };
    elfin_indirect one;

    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    LOAD(f, "low.o", "fn x 1; ifunc f x; var v 1; mov32 m v; call g f; call i k; ptr q k", "high.o",
         "lea l far; call h f; ptr p f; fn y 2; ifunc k y; local ifunc own y; call j own");
    CHECK(fx_lookup(f, "f") < UINT64_C(1) << 32);
    CHECK(fx_lookup(f, "k") > UINT64_C(0x7e0000000000));
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "f"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "q")), fx_lookup(f, "k"));
    CHECK_EQ(count_indirect(f, "low"), 1);
    CHECK_EQ(count_indirect(f, "high"), 2);
    for (uint32_t i = 0; i < 2; i++) {
        one = indirect(f, "high", i);
        CHECK_EQ(fx_read(f, one.slot), one.resolver); /* what the fake host answers */
    }
    CHECK_EQ(module_info(f, "high").stub_count, 3);
    NO_COMPLAINT(fx_check_rights(f, f->group));
    END(f);
}

static void what_a_host_can_ask(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_indirect one;
    elfin_symbol symbol;
    bool found = false;

    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    LOAD(f, "owner.o", "fn two 2; ifunc f two; ptr p f; addr q two");
    one = indirect(f, "owner", 0);
    CHECK_STR(one.name, "f");
    CHECK_EQ(one.address, fx_lookup(f, "f"));
    CHECK_EQ(fx_read(f, one.slot), fx_symbol(f, "owner", "two"));
    CHECK_EQ(((uint64_t(*)(void))one.resolver)(), fx_symbol(f, "owner", "two"));
    CHECK_EQ(count_indirect(f, "owner"), 1);
    for (uint32_t i = 0; elfin_module_symbol(elfin_find_module(&f->space, "owner"), i, &symbol);
         i++) {
        if (strcmp(symbol.name, "f") == 0) {
            found = symbol.function && symbol.address == one.address && symbol.size == 26;
        }
    }
    CHECK(found);
    CHECK_EQ(module_info(f, "owner").stub_count, 1);
    CHECK_EQ(module_info(f, "owner").got_base, one.slot);
    END(f);
}

/* ---- Order ---- */

static void resolvers_run_before_any_init_function(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn x 1; ctor 10; init 11 0; ifunc fa x 1; call g fb; ifunc fc x 2", "b.o",
         "fn y 1; ctor 20; init 21 0; ifunc fb y 3");
    CHECK_STR(fx_trace_text(), "3 1 2 20 21 10 11");
    END(f);
}

/* What a resolver may call: the indirect functions of modules that come before. */
static void a_resolver_may_use_earlier_ones(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "ifunc f g 1", "b.o", "ifunc g h 2", "c.o", "fn h 7");
    CHECK_EQ(fx_run(f, "f"), 7);
    CHECK_EQ(fx_read(f, indirect(f, "a", 0).slot), fx_lookup(f, "g"));
    CHECK_STR(fx_trace_text(), "2 1");
    END(f);
}

static elfin_status (*inner_call)(void *ctx, const elfin_call *call, uint64_t *result);
static struct fixture *watched;
static uint64_t seen[2], traps[2];
static unsigned seen_count;

static elfin_status watch(void *ctx, const elfin_call *call, uint64_t *result)
{
    elfin_indirect one;

    if (call->entry == ELFIN_ENTRY_RESOLVER && seen_count < 2 &&
        elfin_module_indirect(call->module, seen_count, &one)) {
        seen[seen_count] = fx_read(watched, one.slot);
        traps[seen_count++] = one.address + 6;
        CHECK(fake_host_rights(&watched->fake, one.slot) == ELFIN_RIGHTS_RW);
    }
    return inner_call(ctx, call, result);
}

static void an_unresolved_one_traps(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    watched = f;
    seen_count = 0;
    inner_call = f->fake.host.call;
    f->space.host.call = watch;
    LOAD(f, "a.o", "fn x 1; ifunc f x; ifunc g x");
    CHECK_EQ(seen_count, 2);
    for (int i = 0; i < 2; i++) {
        const uint8_t *trap = fake_host_edit(&f->fake, traps[i], 2);

        CHECK_EQ(seen[i], traps[i]);
        CHECK(trap != NULL && trap[0] == 0x0f && trap[1] == 0x0b);
    }
    END(f);
}

static uint64_t direct(void)
{
    return 9;
}

static void the_library_calls_by_itself_without_a_callback(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    const elfin_export exports[] = { { "direct", (uint64_t)(uintptr_t)direct } };

    f->space.host.call = NULL;
    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    LOAD(f, "a.o", "ifunc f direct 5");
    CHECK_EQ(fx_run(f, "f"), 9);
    CHECK_STR(fx_trace_text(), "5");
    END(f);
}

/* ---- Failure ---- */

static void a_resolver_that_returns_0_undoes_all(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD_FAILS(f, ELFIN_ERR_RESOLVER, "a.o", "fn x 1; ifunc f x 1; ctor 2; exit 3; init 4 0", "b.o",
               "ctor 5; ifunc nothing 0 6", "c.o", "ifunc g x 7");
    CHECK_STR(fx_trace_text(), "1 6");
    CHECK_STR(f->diag.symbol, "nothing");
    CHECK_STR(f->diag.file, "b.o");
    CHECK_EQ(f->diag.phase, ELFIN_PHASE_INIT);
    CHECK_EQ(fx_lookup(f, "f"), 0);
    LOAD(f, "a.o", "fn x 1; ifunc f x 1");
    CHECK_EQ(fx_run(f, "f"), 1);
    END(f);
}

static void a_resolver_that_does_not_return(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct fx_snapshot before = fx_snapshot(f);

    for (uint64_t n = 1; f->status != ELFIN_ERR_CALL; n++) {
        fake_host_rewind(&f->fake);
        f->fake.fail_at = n;
        REQUIRE(fx_load(f, "a.o", "fn x 1; ctor 2; exit 3; ifunc f x 1", NULL) != ELFIN_OK);
    }
    CHECK_STR(fx_trace_text(), "");
    CHECK_STR(f->diag.symbol, "f");
    CHECK_STR(elfin_diag_detail(&f->diag), "the resolver of an indirect function");
    CHECK_EQ(f->diag.phase, ELFIN_PHASE_INIT);
    NO_COMPLAINT(fx_compare(f, &before));
    END(f);
}

/* ---- Without running module code ---- */

static void no_init_leaves_slots_empty_and_lists_them(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_indirect one;
    uint64_t target;

    f->options.flags = ELFIN_LOAD_NO_INIT;
    LOAD(f, "owner.o", "fn two 2; ifunc f two 1; local ifunc quiet two 1; " USES "; call q quiet");
    CHECK_EQ(fake_host_count(&f->fake, FAKE_CALL), 0);
    CHECK_EQ(count_indirect(f, "owner"), 2);
    for (uint32_t i = 0; i < 2; i++) {
        one = indirect(f, "owner", i);
        CHECK_STR(one.name, i == 0 ? "quiet" : "f");
        CHECK_EQ(fx_read(f, one.slot), 0);
    }
    CHECK_EQ(fx_read(f, fx_lookup(f, "by_word")), one.address);

    /* Who starts the image fills them in. */
    target = ((uint64_t(*)(void))one.resolver)();
    STATUS(f->fake.host.protect(&f->fake, &fake_host_find(&f->fake, one.slot)->region,
                                (one.slot & ~UINT64_C(4095)) -
                                    fake_host_find(&f->fake, one.slot)->region.run,
                                4096, ELFIN_RIGHTS_RW),
           ELFIN_OK);
    memcpy(fake_host_edit(&f->fake, one.slot, 8), &target, 8);
    check_uses(f, "owner");
    END(f);
}

/* ---- Which definitions there are ---- */

static void local_ones(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn x 3; local ifunc f x 1; call g f; ptr p f; local ifunc unused x 2");
    CHECK_EQ(fx_run(f, "g"), 3);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), indirect(f, "a", 0).address);
    CHECK_EQ(count_indirect(f, "a"), 1);
    CHECK_STR(fx_trace_text(), "1");
    END(f);
}

static void overridden_ones_are_not_resolved(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn x 1; weak ifunc f x 1; call g f; ptr p f", "b.o", "fn y 2; ifunc f y 2",
         "c.o", "fn z 3; weak ifunc f z 3");
    CHECK_EQ(fx_run(f, "g"), 2);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_symbol(f, "b", "f"));
    CHECK_EQ(fx_symbol(f, "a", "f"), 0);
    CHECK_EQ(count_indirect(f, "a") + count_indirect(f, "c"), 0);
    CHECK_STR(fx_trace_text(), "2");

    /* An ordinary function overrides, too, and is overridden. */
    fx_clear_trace();
    LOAD(f, "d.o", "fn x 1; weak ifunc h x 1; call k h", "e.o", "fn h 5");
    CHECK_EQ(fx_run(f, "k"), 5);
    LOAD(f, "r.o", "weak fn m 1; call n m", "s.o", "fn y 6; ifunc m y");
    CHECK_EQ(fx_run(f, "n"), 6);
    CHECK_STR(fx_trace_text(), "");
    END(f);
}

static void members_of_comdat_groups(void)
{
    static const char *text = "comdat cd 4; ifunc f cd 1 .text.cd; ptr p%d f; call g%d f";
    struct fixture *f = fx_new(FAKE_REAL);
    char one[80], two[80];

    snprintf(one, sizeof one, text, 1, 1);
    snprintf(two, sizeof two, text, 2, 2);
    LOAD(f, "a.o", one, "b.o", two);
    CHECK_EQ(fx_run(f, "g2"), 4);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p2")), fx_read(f, fx_lookup(f, "p1")));
    CHECK_EQ(count_indirect(f, "b"), 0);
    CHECK_STR(fx_trace_text(), "1");
    END(f);
}

static void hidden_ones(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "fn x 8; hidden ifunc f x; ptr p f", "b.o", "hidden undef f; call g f; ptr q f");
    CHECK_EQ(fx_run(f, "g"), 8);
    CHECK_EQ(fx_lookup(f, "f"), 0);
    CHECK_EQ(fx_read(f, fx_lookup(f, "q")), fx_read(f, fx_lookup(f, "p")));
    CHECK_EQ(fx_symbol(f, "a", "f"), fx_read(f, fx_lookup(f, "p")));
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "c.o", "call h f");
    END(f);
}

static void members_of_archives(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct ar_builder *ar = xmalloc(sizeof *ar);
    struct blob member = toy("hidden fn impl 6; ifunc f impl 1"), user = toy("call g f"), archive;
    elfin_input inputs[2] = { INPUT(user, "a.o"), { 0 } };

    ar_init(ar);
    ar_member(ar, "m.o", member, "f");
    archive = ar_finish(ar);
    inputs[1] = (elfin_input)INPUT(archive, "lib.a");
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK);
    CHECK_EQ(fx_run(f, "g"), 6);
    CHECK_EQ(indirect(f, "lib.a(m.o)", 0).address, fx_lookup(f, "f"));
    free(member.data);
    free(user.data);
    free(archive.data);
    free(ar);
    END(f);
}

/* The resolver goes with the other code that only init needs; the function stays. */
static void a_resolver_that_only_init_needs(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_indirect one;

    LOAD(f, "a.o", "fn x 5; ifunc f x 1 .init.text; call g f; export f; export g");
    one = indirect(f, "a", 0);
    CHECK(fake_host_find(&f->fake, one.resolver) == NULL);
    CHECK_EQ(fx_run(f, "f"), 5);
    CHECK_EQ(fx_run(f, "g"), 5);
    LOAD(f, "b.o", "call h f");
    CHECK_EQ(fx_run(f, "h"), 5);
    END(f);
}

static void references_of_that_type_are_ordinary(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob user;

    LOAD(f, "a.o", "fn x 5; fn plain 4; ifunc f x");
    user = toy_build(eb, "call g f; ptr p f; call h plain");
    for (int i = 0; i < 2; i++) {
        int symbol = toy_symbol(eb, i == 0 ? "f" : "plain");

        blob_set(&user, eb_sym_at(eb, symbol) + offsetof(Elf64_Sym, st_info), 1,
                 ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC));
    }
    STATUS(fx_load_blob(f, "b.o", user), ELFIN_OK);
    CHECK_EQ(fx_run(f, "g"), 5);
    CHECK_EQ(fx_run(f, "h"), 4);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "f"));
    CHECK_EQ(count_indirect(f, "b"), 0);
    free(user.data);
    free(eb);
    END(f);
}

/* An aliased pair, slots of other symbols behind them, and a trap for a weak undefined function. */
static void beside_other_slots_and_stubs(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    f->options.min = UINT64_C(0x3d0000000000); /* far from trace */
    f->options.max = UINT64_C(0x3dffffffffff);
    LOAD(f, "a.o",
         "fn x 5; ifunc f x; weak undef w; call c w; addr d w; addr e x; call t trace; "
         "ifunc k x; addr kk k");
    CHECK_EQ(fx_run(f, "f"), 5);
    CHECK_EQ(fx_run(f, "k"), 5);
    CHECK_EQ(fx_run(f, "d"), 0);
    CHECK_EQ(fx_run(f, "e"), fx_lookup(f, "x"));
    CHECK_EQ(fx_run(f, "kk"), fx_lookup(f, "k"));
    CHECK(fx_lookup(f, "k") != fx_lookup(f, "f"));
    CHECK_EQ(module_info(f, "a").stub_count, 4);
    NO_COMPLAINT(fx_check_rights(f, f->group));
    END(f);
}

static void sizes_are_those_of_the_symbol(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object = toy_build(eb, "fn x 5; ifunc f x; ptr p f");
    int data = toy_section(eb, ".data");

    blob_set(&object, eb_rela_at(eb, data, 0) + offsetof(Elf64_Rela, r_info), 4, R_X86_64_SIZE64);
    STATUS(fx_load_blob(f, "a.o", object), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 26);
    free(object.data);
    free(eb);
    END(f);
}

static void as_a_compiler_writes_them(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob object = fx_built("tests/objects/ifunc.o");
    uint64_t table;

    REQUIRE(object.data != NULL);
    STATUS(fx_load_blob(f, "ifunc.o", object), ELFIN_OK);
    CHECK_EQ(fx_run(f, "sum"), 122);
    CHECK_EQ(fx_run(f, "chosen"), 1);
    table = fx_lookup(f, "table");
    CHECK_EQ(fx_read(f, table), fx_lookup(f, "chosen"));
    CHECK_EQ(((uint64_t(*)(void))fx_lookup(f, "own_address"))(), fx_read(f, table + 8));
    free(object.data);
    END(f);
}

static void inspect_counts_them(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct blob object = toy("fn x 1; ifunc f x; ifunc g x; local ifunc unused x");
    elfin_input input = INPUT(object, "a.o");
    elfin_inspection out;

    STATUS(elfin_inspect(&f->fake.host, &input, NULL, &out, &f->diag), ELFIN_OK);
    CHECK_EQ(out.stubs, 2);
    CHECK_EQ(out.slots, 3); /* the toy resolvers read x from one */
    free(object.data);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(one_address_for_everybody),
    TEST_CASE(blocks_of_one_group_apart),
    TEST_CASE(objects_that_lie_apart),
    TEST_CASE(what_a_host_can_ask),
    TEST_CASE(resolvers_run_before_any_init_function),
    TEST_CASE(a_resolver_may_use_earlier_ones),
    TEST_CASE(an_unresolved_one_traps),
    TEST_CASE(the_library_calls_by_itself_without_a_callback),
    TEST_CASE(a_resolver_that_returns_0_undoes_all),
    TEST_CASE(a_resolver_that_does_not_return),
    TEST_CASE(no_init_leaves_slots_empty_and_lists_them),
    TEST_CASE(local_ones),
    TEST_CASE(overridden_ones_are_not_resolved),
    TEST_CASE(members_of_comdat_groups),
    TEST_CASE(hidden_ones),
    TEST_CASE(members_of_archives),
    TEST_CASE(a_resolver_that_only_init_needs),
    TEST_CASE(references_of_that_type_are_ordinary),
    TEST_CASE(beside_other_slots_and_stubs),
    TEST_CASE(sizes_are_those_of_the_symbol),
    TEST_CASE(as_a_compiler_writes_them),
    TEST_CASE(inspect_counts_them),
};

TEST_MAIN("indirect", cases)
