/* SPDX-License-Identifier: MIT */
/* Slots, stubs, relaxation and constraints, with the code really running near and far. */
#include "tests/lib/expect.h"

#define GIB (UINT64_C(1) << 30)

static uint64_t host_value = 0x1020304050607080;

static uint64_t host_function(void)
{
    return 0xfeedface;
}

static struct fixture *new_with_host(enum fake_memory memory)
{
    struct fixture *f = fx_new(memory);
    const elfin_export exports[] = {
        { "host_function", (uint64_t)(uintptr_t)host_function },
        { "host_value", (uint64_t)(uintptr_t)&host_value },
    };

    STATUS(fx_export(f, exports, 2), ELFIN_OK);
    return f;
}

static elfin_module_info info_of(const struct fixture *f, const char *module)
{
    elfin_module_info info = { 0 };

    REQUIRE(elfin_find_module(&f->space, module) != NULL);
    elfin_module_get(elfin_find_module(&f->space, module), &info);
    return info;
}

static bool is_near(uint64_t a, uint64_t b)
{
    return a - b + 2 * GIB < 4 * GIB;
}

#define ALL_FORMS                                                                                  \
    "call c host_function; icall i host_function; addr a host_function; addr v host_value; "       \
    "ptr p host_value; call own target; addr ao target; fn target 9"

static void check_all_forms(const struct fixture *f)
{
    CHECK_EQ(fx_run(f, "c"), 0xfeedface);
    CHECK_EQ(fx_run(f, "i"), 0xfeedface);
    CHECK_EQ(fx_run(f, "a"), (uintptr_t)host_function);
    CHECK_EQ(fx_run(f, "v"), (uintptr_t)&host_value);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), (uintptr_t)&host_value);
    CHECK_EQ(fx_run(f, "own"), 9);
    CHECK_EQ(fx_run(f, "ao"), fx_lookup(f, "target"));
}

static void near_the_host_code_goes_directly(void)
{
    struct fixture *f = new_with_host(FAKE_REAL);
    elfin_module_info info;

    f->options.near = (uintptr_t)host_function;
    LOAD(f, "a.o", ALL_FORMS);
    REQUIRE(is_near(fx_lookup(f, "c"), (uintptr_t)host_function));
    check_all_forms(f);
    info = info_of(f, "a");
    CHECK_EQ(info.stub_count, 0);
    CHECK_EQ(info.slot_count, 0);
    END(f);
}

static void far_from_the_host_stubs_and_slots_serve(void)
{
    struct fixture *f = new_with_host(FAKE_REAL);
    elfin_module_info info;

    f->fake.ignore_near = true;
    f->fake.base = UINT64_C(0x310000000000);
    LOAD(f, "a.o", ALL_FORMS);
    REQUIRE(!is_near(fx_lookup(f, "c"), (uintptr_t)host_function));
    check_all_forms(f);
    info = info_of(f, "a");
    CHECK_EQ(info.stub_count, 1);
    CHECK_EQ(info.slot_count, 2);
    NO_COMPLAINT(fx_check_rights(f, f->group));
    END(f);
}

static void code_runs_where_it_was_not_written(void)
{
    struct fixture *f = new_with_host(FAKE_DUAL);

    f->fake.ignore_near = true;
    f->fake.base = UINT64_C(0x320000000000);
    LOAD(f, "a.o", ALL_FORMS);
    check_all_forms(f);
    END(f);
}

static void two_groups_far_apart_call_each_other(void)
{
    struct fixture *f = new_with_host(FAKE_REAL);

    f->fake.ignore_near = true;
    f->fake.base = UINT64_C(0x330000000000);
    LOAD(f, "a.o", "fn f 5; var v 6");
    f->fake.base += 16 * GIB;
    LOAD(f, "b.o", "call g f; addr w v; icall h f");
    REQUIRE(!is_near(fx_lookup(f, "f"), fx_lookup(f, "g")));
    CHECK_EQ(fx_run(f, "g"), 5);
    CHECK_EQ(fx_run(f, "h"), 5);
    CHECK_EQ(fx_run(f, "w"), fx_lookup(f, "v"));
    CHECK_EQ(info_of(f, "b").stub_count, 1);
    END(f);
}

/* Two blocks of one group may lie any distance apart, too. */
static void two_blocks_of_a_group_far_apart_call_each_other(void)
{
    struct fixture *f = new_with_host(FAKE_REAL);
    struct blob a = toy("fn f 5; call k g"), b = toy("call g f; addr x f; fn g2 8");
    elfin_input inputs[2] = { INPUT(a, "a.o"), INPUT(b, "b.o") };

    inputs[0].flags = inputs[1].flags = ELFIN_INPUT_AT;
    inputs[0].at = UINT64_C(0x340000000000);
    inputs[1].at = UINT64_C(0x350000000000);
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK);
    CHECK_EQ(fx_run(f, "g"), 5);
    CHECK_EQ(fx_run(f, "k"), 5);
    CHECK_EQ(fx_run(f, "x"), fx_lookup(f, "f"));
    free(a.data);
    free(b.data);
    END(f);
}

static void absolute_32_bit_code_is_put_low(void)
{
    struct fixture *f = new_with_host(FAKE_REAL);

    LOAD(f, "a.o", "mov32 m v; var v 5; mov32s s v");
    CHECK(fx_lookup(f, "v") < 2 * GIB);
    CHECK_EQ(fx_run(f, "m"), fx_lookup(f, "v"));
    CHECK_EQ(fx_run(f, "s"), fx_lookup(f, "v"));
    END(f);
}

static void zero_extended_code_may_lie_below_4_gib(void)
{
    struct fixture *f = new_with_host(FAKE_INVENTED);
    uint32_t field;
    const uint8_t *code;

    f->options.min = 3 * GIB;
    LOAD(f, "a.o", "mov32 m v; var v 5");
    CHECK(fx_lookup(f, "v") >= 3 * GIB && fx_lookup(f, "v") < 4 * GIB);
    code = fake_host_edit(&f->fake, fx_lookup(f, "m"), 6);
    REQUIRE(code != NULL);
    memcpy(&field, code + 1, 4);
    CHECK_EQ(field, fx_lookup(f, "v"));
    END(f);
}

static void sign_extended_code_may_lie_at_the_top(void)
{
    struct fixture *f = new_with_host(FAKE_INVENTED);
    int32_t field;
    const uint8_t *code;

    f->options.min = 4 * GIB;
    LOAD(f, "a.o", "mov32s m v; var v 5");
    CHECK(fx_lookup(f, "v") >= 0 - 2 * GIB);
    code = fake_host_edit(&f->fake, fx_lookup(f, "m"), 8);
    REQUIRE(code != NULL);
    memcpy(&field, code + 3, 4);
    CHECK_EQ((int64_t)field, fx_lookup(f, "v"));
    END(f);
}

static void absolute_code_that_must_lie_high_is_refused(void)
{
    struct fixture *f = new_with_host(FAKE_INVENTED);
    char text[1024];

    f->options.min = 4 * GIB;
    CHECK(fx_load(f, "a.o", "mov32 m v; var v 5", NULL) != ELFIN_OK);
    CHECK_MSG(f->status == ELFIN_ERR_REACH || f->status == ELFIN_ERR_RANGE, "%s",
              elfin_status_text(f->status));
    CHECK_STR(elfin_diag_relocation_name(&f->diag), "R_X86_64_32");
    CHECK_STR(f->diag.symbol, "v");
    CHECK_STR(f->diag.section, ".text");
    CHECK(elfin_diag_hint(&f->diag)[0] != '\0');
    elfin_diag_format(&f->diag, text, sizeof text);
    CHECK_MSG(strstr(text, "R_X86_64_32") != NULL && strstr(text, "a.o") != NULL, "%s", text);
    f->options.min = 0;
    f->options.max = UINT64_MAX;
    STATUS(fx_load(f, "b.o", "mov32 m v; mov32s n w; var v 1; var w 2", NULL), ELFIN_OK);
    END(f);
}

static void pc_relative_data_pulls_the_module_near(void)
{
    struct fixture *f = new_with_host(FAKE_REAL);

    f->fake.ignore_near = true;
    f->fake.base = UINT64_C(0x360000000000);
    LOAD(f, "a.o", "lea l host_value");
    CHECK(is_near(fx_lookup(f, "l"), (uintptr_t)&host_value));
    CHECK_EQ(fx_run(f, "l"), (uintptr_t)&host_value);
    END(f);
}

static void data_too_far_apart_has_no_solution(void)
{
    struct fixture *f = new_with_host(FAKE_INVENTED);
    const elfin_export exports[] = { { "here", 0x100000000000 }, { "there", 0x100100000001 } };

    STATUS(fx_export(f, exports, 2), ELFIN_OK);
    LOAD_FAILS(f, ELFIN_ERR_REACH, "a.o", "lea l here; lea m there");
    CHECK_STR(elfin_diag_relocation_name(&f->diag), "R_X86_64_PC32");
    CHECK(strcmp(f->diag.symbol, "here") == 0 || strcmp(f->diag.symbol, "there") == 0);
    CHECK(elfin_diag_hint(&f->diag)[0] != '\0');
    END(f);
}

static void all_unreachable_fixups_are_reported(void)
{
    struct fixture *f = new_with_host(FAKE_INVENTED);
    struct blob object = toy("lea l host_value; lea m trace; mov32 n host_value; call k trace");
    elfin_input input = INPUT(object, "a.o");

    input.flags = ELFIN_INPUT_AT;
    input.at = UINT64_C(0x700000000);
    fx_load_inputs(f, &input, 1);
    CHECK_MSG(f->status == ELFIN_ERR_RANGE || f->status == ELFIN_ERR_REACH, "%s",
              elfin_status_text(f->status));
    CHECK_EQ(f->report_count, 3);
    CHECK(expect_reported(f, f->reports[0].status, "host_value"));
    CHECK(expect_reported(f, f->reports[0].status, "trace"));
    CHECK_EQ(f->fake.live_images, 0);
    free(object.data);
    END(f);
}

static void relaxed_loads_work_at_the_edge(void)
{
    /* The slot's target moves over the edge of +-2 GiB by single bytes: through the slot or
     * directly, the code must see the same address. */
    const uint64_t at = UINT64_C(0x370000000000);

    for (int side = -1; side <= 1; side += 2) {
        for (int64_t delta = -24; delta <= 24; delta += 3) {
            struct fixture *f = fx_new(FAKE_REAL);
            uint64_t target = at + (uint64_t)(side * (int64_t)(2 * GIB) + delta);
            const elfin_export exports[] = { { "edge", target } };
            struct blob object = toy("addr a edge");
            elfin_input input = INPUT(object, "a.o");

            STATUS(fx_export(f, exports, 1), ELFIN_OK);
            input.flags = ELFIN_INPUT_AT;
            input.at = at;
            STATUS(fx_load_inputs(f, &input, 1), ELFIN_OK);
            CHECK_EQ(fx_run(f, "a"), target);
            free(object.data);
            END(f);
        }
    }
}

static const struct test_case cases[] = {
    TEST_CASE(near_the_host_code_goes_directly),
    TEST_CASE(far_from_the_host_stubs_and_slots_serve),
    TEST_CASE(code_runs_where_it_was_not_written),
    TEST_CASE(two_groups_far_apart_call_each_other),
    TEST_CASE(two_blocks_of_a_group_far_apart_call_each_other),
    TEST_CASE(absolute_32_bit_code_is_put_low),
    TEST_CASE(zero_extended_code_may_lie_below_4_gib),
    TEST_CASE(sign_extended_code_may_lie_at_the_top),
    TEST_CASE(absolute_code_that_must_lie_high_is_refused),
    TEST_CASE(pc_relative_data_pulls_the_module_near),
    TEST_CASE(data_too_far_apart_has_no_solution),
    TEST_CASE(all_unreachable_fixups_are_reported),
    TEST_CASE(relaxed_loads_work_at_the_edge),
};

TEST_MAIN("reach", cases)
