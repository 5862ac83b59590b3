/* SPDX-License-Identifier: MIT */
/* Order of initialisation and finalisation, and what a failing init leaves: nothing. */
#include "tests/lib/expect.h"

static elfin_status unload(struct fixture *f)
{
    return elfin_unload(&f->space, f->group, &f->diag, NULL, NULL);
}

static void init_follows_dependencies(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "init 1 0; exit 11; call f g", "b.o", "init 2 0; exit 12; call g h", "c.o",
         "init 3 0; exit 13; fn h 1");
    CHECK_STR(fx_trace_text(), "3 2 1");
    fx_clear_trace();
    STATUS(unload(f), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "11 12 13");
    END(f);
}

static void equals_go_in_input_order(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "z.o", "init 1 0", "a.o", "init 2 0", "m.o", "init 3 0");
    CHECK_STR(fx_trace_text(), "1 2 3");
    END(f);
}

static void a_cycle_goes_in_input_order(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    /* a and b need each other; c is needed by both and belongs to no cycle. */
    LOAD(f, "a.o", "init 1 0; fn fa 1; call ga fb; call ka fc", "b.o",
         "init 2 0; fn fb 1; call gb fa", "c.o", "init 3 0; fn fc 1");
    CHECK_STR(fx_trace_text(), "3 1 2");
    END(f);
}

static void arrays_go_by_priority_before_the_init_function(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o",
         "init 9 0; ctor 4; ctor 2 200; ctor 1 100; ctor 5; ctor 3 65000; "
         "exit 19; dtor 14; dtor 12 200; dtor 11 100; dtor 15; dtor 13 65000");
    CHECK_STR(fx_trace_text(), "1 2 3 4 5 9");
    fx_clear_trace();
    STATUS(unload(f), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "19 15 14 13 12 11");
    END(f);
}

static void arrays_of_two_modules_do_not_mix(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "ctor 1; init 2 0; ctor 3 100", "b.o", "ctor 4; init 5 0");
    CHECK_STR(fx_trace_text(), "3 1 2 4 5");
    END(f);
}

static void a_failing_init_undoes_all(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD_FAILS(f, ELFIN_ERR_INIT, "a.o", "ctor 1; dtor 11; init 2 0; exit 12; fn f 1", "b.o",
               "init 3 0; exit 13", "c.o", "ctor 4; dtor 14; init 5 77; exit 15", "d.o",
               "ctor 6; init 7 0; exit 17; dtor 16");
    CHECK_EQ(f->diag.value, 77);
    CHECK_EQ(f->diag.phase, ELFIN_PHASE_INIT);
    CHECK_EQ(f->diag.have & ELFIN_DIAG_VALUE, ELFIN_DIAG_VALUE);
    CHECK_STR(f->diag.file, "c.o");
    /* The exit function of the module that failed does not run, its destructors do. */
    CHECK_STR(fx_trace_text(), "1 2 3 4 5 14 13 12 11");
    CHECK_EQ(fx_lookup(f, "f"), 0);
    LOAD(f, "a.o", "init 2 0; fn f 1");
    END(f);
}

static void a_negative_result_is_told_with_its_sign(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    char text[512];

    LOAD_FAILS(f, ELFIN_ERR_INIT, "a.o", "init 1 -5");
    CHECK_EQ((int64_t)f->diag.value, -5);
    elfin_diag_format(&f->diag, text, sizeof text);
    CHECK_MSG(strstr(text, "-5") != NULL || strstr(text, "-0x5") != NULL, "%s", text);
    END(f);
}

static void a_call_that_does_not_return_is_told_apart(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    /* The last of the host calls is b's init. */
    for (uint64_t n = 1; f->status != ELFIN_ERR_CALL || fx_trace_count == 0; n++) {
        fake_host_rewind(&f->fake);
        fx_clear_trace();
        f->fake.fail_at = n;
        if (fx_load(f, "a.o", "init 1 0; exit 2", "b.o", "init 3 0; exit 4", NULL) != ELFIN_OK)
            continue;
        REQUIRE(f->fake.failed_image);
        STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    }
    CHECK_STR(fx_trace_text(), "1 2");
    CHECK_STR(f->diag.file, "b.o");
    CHECK_EQ(f->diag.phase, ELFIN_PHASE_INIT);
    END(f);
}

static char logged[256];

static void keep_log(void *ctx, const char *text)
{
    (void)ctx;
    snprintf(logged, sizeof logged, "%s", text);
}

static void an_exit_that_does_not_return_is_logged_and_the_group_goes(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.log = keep_log;
    f->fake.host.resolve = NULL;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    LOAD(f, "stuck.o", "local fn trace 1; exit 2");
    logged[0] = '\0';
    fake_host_rewind(&f->fake);
    f->fake.fail_at = 1;
    STATUS(unload(f), ELFIN_OK);
    CHECK_EQ(fake_host_count(&f->fake, FAKE_CALL), 1);
    CHECK_MSG(strstr(logged, "stuck") != NULL && strstr(logged, "return") != NULL, "\"%s\"",
              logged);
    CHECK(elfin_find_module(&f->space, "stuck") == NULL);
    END(f);
}

static uint32_t flags_of(const elfin_module *module)
{
    elfin_module_info info;

    elfin_module_get(module, &info);
    return info.flags;
}

/* Of the others in its group it is; __cxa_finalize is the host's and is told. */
static void code_of_a_failed_module_is_not_called_any_more(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    elfin_module *failed;

    LOAD(f, "r.o", "call __cxa_finalize trace");
    LOAD(f, "a.o", "init 1 0; exit 2; dtor 3", "b.o",
         "hidden undef __dso_handle; lea b __dso_handle; init 4 0; exit 5; dtor 6", "c.o",
         "init 7 0; exit 8; dtor 9");
    failed = elfin_find_module(&f->space, "b");
    CHECK_EQ(flags_of(failed) & ELFIN_MODULE_FAILED, 0);
    elfin_module_fail(failed);
    elfin_module_fail(failed);
    CHECK_EQ(flags_of(failed) & ELFIN_MODULE_FAILED, ELFIN_MODULE_FAILED);
    CHECK_EQ(flags_of(elfin_find_module(&f->space, "a")) & ELFIN_MODULE_FAILED, 0);
    fx_clear_trace();
    fake_host_rewind(&f->fake);
    STATUS(unload(f), ELFIN_OK);
    CHECK_EQ(fake_host_count(&f->fake, FAKE_CALL), 5);
    END(f);
}

static void exports_of_a_group_that_fails_are_never_bound(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD_FAILS(f, ELFIN_ERR_INIT, "a.o", "init 1 1; fn f 1");
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "b.o", "call g f");
    END(f);
}

static void no_init_runs_no_module_code(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    f->options.flags = ELFIN_LOAD_NO_INIT;
    LOAD(f, "a.o", "ctor 1; init 2 1; exit 3; dtor 4; fn f 5");
    CHECK_EQ(fx_trace_count, 0);
    CHECK_EQ(fx_run(f, "f"), 5);
    STATUS(unload(f), ELFIN_OK);
    CHECK_EQ(fx_trace_count, 0);
    CHECK_EQ(fake_host_count(&f->fake, FAKE_CALL), 0);
    END(f);
}

static int direct_calls;

static void count_direct_call(int id)
{
    direct_calls += id;
}

static void the_library_calls_by_itself_without_a_callback(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    const elfin_export exports[] = { { "trace", (uint64_t)(uintptr_t)count_direct_call } };

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.call = NULL;
    f->fake.host.resolve = NULL;
    f->fake.host.trim = NULL;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    direct_calls = 0;
    LOAD(f, "a.o", "ctor 1; init 10 0; exit 100; dtor 1000");
    CHECK_EQ(direct_calls, 11);
    STATUS(unload(f), ELFIN_OK);
    CHECK_EQ(direct_calls, 1111);
    LOAD_FAILS(f, ELFIN_ERR_INIT, "a.o", "ctor 1; init 2 6; exit 3; dtor 4");
    CHECK_EQ(f->diag.value, 6);
    END(f);
}

static void code_is_executable_and_relro_writable_when_init_runs(void)
{
    struct fixture *f = fx_new(FAKE_DUAL);

    /* The fake host checks at each call that the function's page is RX. */
    LOAD(f, "a.o", "ctor 1; init 2 0; rel r v; var v 1; fn f 6");
    CHECK_STR(fx_trace_text(), "1 2");
    CHECK_EQ(fx_run(f, "f"), 6);
    NO_COMPLAINT(fx_check_rights(f, f->group));
    END(f);
}

/* ---- Calls back into the library ---- */

static struct fixture *nested;
static elfin_status nested_status[6];
static const elfin_export nested_exports[] = { { "nested", 0x1234 } };
static unsigned nested_calls;

static void call_back(int id)
{
    elfin_space *space = &nested->space;
    elfin_group *group = NULL;
    struct blob object = toy("fn late 1");
    elfin_input input = INPUT(object, "late.o");
    uint64_t address = 0;

    (void)id;
    nested_calls++;
    nested_status[0] = elfin_load(space, &input, 1, NULL, &group, NULL);
    nested_status[1] = elfin_unload(space, elfin_next_group(space, NULL), NULL, NULL, NULL);
    nested_status[2] = elfin_space_destroy(space);
    nested_status[3] = elfin_lookup(space, "first", &address, NULL);
    nested_status[4] = elfin_find_module(space, "a") != NULL ? ELFIN_OK : ELFIN_ERR_NOT_FOUND;
    nested_status[5] = elfin_space_export(space, nested_exports, 1);
    free(object.data);
}

static void module_code_may_ask_but_not_load(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    const elfin_export exports[] = { { "trace", (uint64_t)(uintptr_t)call_back } };

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    LOAD(f, "a.o", "fn first 1");
    nested = f;
    nested_calls = 0;
    for (int round = 0; round < 2; round++) {
        memset(nested_status, 0x7f, sizeof nested_status);
        if (round == 0) {
            LOAD(f, "b.o", "init 1 0; exit 2");
        } else {
            STATUS(unload(f), ELFIN_OK);
        }
        STATUS(nested_status[0], ELFIN_ERR_BUSY);
        STATUS(nested_status[1], ELFIN_ERR_BUSY);
        STATUS(nested_status[2], ELFIN_ERR_BUSY);
        STATUS(nested_status[3], ELFIN_OK);
        STATUS(nested_status[4], ELFIN_OK);
        STATUS(nested_status[5], ELFIN_ERR_BUSY);
    }
    CHECK_EQ(nested_calls, 2);
    CHECK_EQ(fx_lookup(f, "nested"), 0);
    STATUS(fx_export(f, nested_exports, 1), ELFIN_OK);
    CHECK_EQ(fx_lookup(f, "nested"), 0x1234);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(init_follows_dependencies),
    TEST_CASE(equals_go_in_input_order),
    TEST_CASE(a_cycle_goes_in_input_order),
    TEST_CASE(arrays_go_by_priority_before_the_init_function),
    TEST_CASE(arrays_of_two_modules_do_not_mix),
    TEST_CASE(a_failing_init_undoes_all),
    TEST_CASE(a_negative_result_is_told_with_its_sign),
    TEST_CASE(a_call_that_does_not_return_is_told_apart),
    TEST_CASE(an_exit_that_does_not_return_is_logged_and_the_group_goes),
    TEST_CASE(code_of_a_failed_module_is_not_called_any_more),
    TEST_CASE(exports_of_a_group_that_fails_are_never_bound),
    TEST_CASE(no_init_runs_no_module_code),
    TEST_CASE(the_library_calls_by_itself_without_a_callback),
    TEST_CASE(code_is_executable_and_relro_writable_when_init_runs),
    TEST_CASE(module_code_may_ask_but_not_load),
};

TEST_MAIN("init", cases)
