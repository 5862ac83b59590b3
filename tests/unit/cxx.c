/* SPDX-License-Identifier: MIT */
/*
 * C++ as compilers write it, run in this process: what objects of one group share and what those of
 * two do not, the order of constructors and destructors, exceptions inside a module and between
 * modules. Two run-time libraries: this process's libstdc++.so, which is told of unwind tables by
 * __register_frame; and Debian's libsupc++.a and libgcc_eh.a, loaded like any archive, which ask
 * for them by _dl_find_object, as in elfin.efi.
 */
#include "tests/lib/expect.h"

#include <dlfcn.h>

enum {
    MAX_BLOCKS = 8,
    MAX_ACTIONS = 64
};

static void *libstdcxx;
static const char *const variants[] = { "gcc", "gcclarge", "gccpie", "clang14", "clang19" };

/* ---- What a host has to give to C++ ---------------------------------------------------------- */

static struct action {
    void (*function)(void *);
    void *argument, *handle;
} actions[MAX_ACTIONS];
static size_t action_count;

static int cxa_atexit(void (*function)(void *), void *argument, void *handle)
{
    if (action_count == MAX_ACTIONS || *(void **)handle != handle)
        abort();
    actions[action_count++] = (struct action){ function, argument, handle };
    return 0;
}

static void cxa_finalize(void *handle)
{
    for (size_t i = action_count; i-- > 0;) {
        struct action action = actions[i];

        if (action.handle != handle)
            continue;
        memmove(&actions[i], &actions[i + 1], (--action_count - i) * sizeof *actions);
        action.function(action.argument);
    }
}

/* libsupc++'s own keeps these in thread-local storage. */
static void *cxa_globals[2];

static void *cxa_get_globals(void)
{
    return cxa_globals;
}

static const elfin_block *blocks[MAX_BLOCKS];
static bool use_index;

struct found_object {
    uint64_t flags, start, end;
    void *link_map;
    uint64_t index, reserved[7];
};

/* As struct dl_find_object of <dlfcn.h> for x86-64. */
static int find_object(uint64_t address, struct found_object *found)
{
    for (size_t i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i] == NULL || address - blocks[i]->region.run >= blocks[i]->region.size)
            continue;
        *found = (struct found_object){ .start = blocks[i]->region.run,
                                        .end = blocks[i]->region.run + blocks[i]->region.size,
                                        .index = blocks[i]->unwind.index };
        return 0;
    }
    return -1;
}

static void register_with_libgcc(const char *name, const elfin_block *block)
{
    typedef void function(void *);
    function *call = (function *)(uintptr_t)dlsym(libstdcxx, name);

    REQUIRE(call != NULL);
    call((void *)(uintptr_t)block->unwind.frames);
}

static elfin_status unwind_add(void *ctx, const elfin_block *block)
{
    (void)ctx;
    for (size_t i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i] != NULL)
            continue;
        blocks[i] = block;
        if (!use_index)
            register_with_libgcc("__register_frame", block);
        return ELFIN_OK;
    }
    return ELFIN_ERR_MEMORY;
}

static void unwind_remove(void *ctx, const elfin_block *block)
{
    (void)ctx;
    for (size_t i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i] != block)
            continue;
        blocks[i] = NULL;
        if (!use_index)
            register_with_libgcc("__deregister_frame", block);
    }
}

/*
 * The names of libstdc++.so itself, not what a sanitizer puts before them: that would expect C++
 * frames of its own. Memory is the sanitizer's.
 */
static bool resolve(void *ctx, const char *name, uint64_t *address)
{
    static const elfin_export supc_needs[] = {
        { "__cxa_get_globals", (uint64_t)(uintptr_t)cxa_get_globals },
        { "__cxa_get_globals_fast", (uint64_t)(uintptr_t)cxa_get_globals },
        { "_dl_find_object", (uint64_t)(uintptr_t)find_object },
    };
    bool language = strncmp(name, "_Z", 2) == 0 || strncmp(name, "__cxa", 5) == 0 ||
                    strncmp(name, "_Unwind", 7) == 0 || strncmp(name, "__gxx", 5) == 0 ||
                    strcmp(name, "__dynamic_cast") == 0;

    (void)ctx;
    for (size_t i = 0; use_index && i < sizeof supc_needs / sizeof supc_needs[0]; i++) {
        *address = supc_needs[i].address;
        if (strcmp(name, supc_needs[i].name) == 0)
            return true;
    }
    if (strncmp(name, "__pthread", 9) == 0 || (use_index && language))
        return false;
    if (strncmp(name, "_Zn", 3) == 0 || strncmp(name, "_Zd", 3) == 0)
        *address = (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, name); /* new and delete */
    else
        *address = (uint64_t)(uintptr_t)dlsym(libstdcxx, name);
    return *address != 0;
}

static struct fixture *new_space(enum fake_memory memory, uint64_t base, bool archives)
{
    static const elfin_export exports[] = {
        { "trace", (uint64_t)(uintptr_t)fx_note },
        { "__cxa_atexit", (uint64_t)(uintptr_t)cxa_atexit },
        { "__cxa_finalize", (uint64_t)(uintptr_t)cxa_finalize },
    };
    struct fixture *f = fx_new(memory);

    if (libstdcxx == NULL)
        libstdcxx = dlopen("libstdc++.so.6", RTLD_NOW);
    REQUIRE(libstdcxx != NULL);
    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    use_index = archives;
    f->fake.base = base;
    f->fake.ignore_near = base != 0;
    f->fake.host.resolve = resolve;
    f->fake.host.unwind_add = unwind_add;
    f->fake.host.unwind_remove = unwind_remove;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    STATUS(fx_export(f, exports, sizeof exports / sizeof exports[0]), ELFIN_OK);
    fx_clear_trace();
    action_count = 0;
    return f;
}

/* ---- Loading --------------------------------------------------------------------------------- */

static const char *const supc[] = { "/usr/lib/gcc/x86_64-linux-gnu/12/libsupc++.a",
                                    "/usr/lib/gcc/x86_64-linux-gnu/12/libgcc_eh.a" };

/* Parts of the variant ("1", "2" or "12"), with the archives if the space wants these. */
static elfin_group *load(struct fixture *f, const char *variant, const char *parts)
{
    elfin_input inputs[4] = { 0 };
    struct blob bytes[4];
    char names[2][64];
    size_t count = 0;

    for (; parts[count] != '\0'; count++) {
        snprintf(names[count], sizeof names[count], "tests/objects/classes_%s_%c.o", variant,
                 parts[count]);
        bytes[count] = fx_built(names[count]);
        inputs[count].file = names[count];
    }
    for (size_t i = 0; use_index && i < 2; i++, count++) {
        bytes[count] = fx_file(supc[i]);
        inputs[count].file = supc[i];
    }
    for (size_t i = 0; i < count; i++) {
        REQUIRE(bytes[i].data != NULL);
        inputs[i].data = bytes[i].data;
        inputs[i].size = bytes[i].size;
    }
    fx_load_inputs(f, inputs, count);
    for (size_t i = 0; i < count; i++)
        free(bytes[i].data);
    if (f->status != ELFIN_OK) {
        char text[1024];

        elfin_diag_format(&f->diag, text, sizeof text);
        CHECK_MSG(false, "%s: %s", variant, text);
        REQUIRE(f->status == ELFIN_OK);
    }
    return f->group;
}

static uint64_t call(const struct fixture *f, const char *name, uint64_t a, uint64_t b)
{
    typedef uint64_t function(uint64_t, uint64_t);
    uint64_t address = fx_lookup(f, name);

    REQUIRE(address != 0);
    return ((function *)(uintptr_t)address)(a, b);
}

static int call_int(const struct fixture *f, const char *name, uint64_t a, uint64_t b)
{
    return (int)(uint32_t)call(f, name, a, b);
}

static void unload(struct fixture *f, elfin_group *group)
{
    STATUS(elfin_unload(&f->space, group, &f->diag, NULL, NULL), ELFIN_OK);
}

/* ---- One group ------------------------------------------------------------------------------- */

/* Inside an object by init_priority, then as written; objects one after the other. */
static void constructors_and_destructors_go_in_order(void)
{
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        struct fixture *f = new_space(FAKE_REAL, UINT64_C(0x30000000), false);

        load(f, variants[i], "12");
        /* The inline object is the group's, made by the first that mentions it. */
        CHECK_STR(fx_trace_text(), "11 12 1 13 14 21 22 23 24");
        fx_clear_trace();
        unload(f, f->group);
        CHECK_STR(fx_trace_text(), "124 123 122 121 114 113 101 112 111");
        CHECK_EQ(action_count, 0);
        END(f);
    }
}

static void objects_of_a_group_share(void)
{
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        struct fixture *f = new_space(FAKE_REAL, UINT64_C(0x30000000), false);
        uint64_t object;

        load(f, variants[i], "12");
        fx_clear_trace();
        CHECK_EQ(call_int(f, "bump_1", 0, 0), 1);
        CHECK_EQ(call_int(f, "bump_2", 0, 0), 2);
        CHECK_EQ(call_int(f, "bump_1", 0, 0), 3);
        CHECK_STR(fx_trace_text(), "90");
        CHECK_EQ(call(f, "counter_1", 0, 0), call(f, "counter_2", 0, 0));
        CHECK_EQ(call(f, "shared_object_1", 0, 0), call(f, "shared_object_2", 0, 0));
        object = call(f, "make_1", 5, 0);
        CHECK_EQ(call_int(f, "ask_2", object, 0), 25);
        call(f, "destroy_2", object, 0);
        /* One table of virtual functions and one type information for both. */
        CHECK(fx_symbol(f, "classes_gcc_1", "_ZTV7Derived") == 0 ||
              fx_symbol(f, "classes_gcc_2", "_ZTV7Derived") == 0 ||
              fx_symbol(f, "classes_gcc_1", "_ZTV7Derived") ==
                  fx_symbol(f, "classes_gcc_2", "_ZTV7Derived"));
        END(f);
    }
}

/* Two groups, by the same runs: each has its own. */
static void groups_do_not_share(void)
{
    struct fixture *f = new_space(FAKE_REAL, UINT64_C(0x30000000), false);
    elfin_group *one = load(f, "gcc", "1"), *two;
    uint64_t object;

    CHECK_STR(fx_trace_text(), "11 12 1 13 14");
    fx_clear_trace();
    two = load(f, "gcc", "2");
    CHECK_STR(fx_trace_text(), "21 22 1 23 24");
    CHECK_EQ(call_int(f, "bump_1", 0, 0), 1);
    CHECK_EQ(call_int(f, "bump_2", 0, 0), 1);
    CHECK(call(f, "counter_1", 0, 0) != call(f, "counter_2", 0, 0));
    CHECK(call(f, "shared_object_1", 0, 0) != call(f, "shared_object_2", 0, 0));
    /* Types are the same by name all the same. */
    object = call(f, "make_1", 5, 0);
    CHECK_EQ(call_int(f, "ask_2", object, 0), 25);
    call(f, "destroy_2", object, 0);
    /* Nobody uses the first: it may go, and takes its own with it. */
    fx_clear_trace();
    unload(f, one);
    CHECK_STR(fx_trace_text(), "190 114 113 101 112 111");
    CHECK_EQ(call_int(f, "bump_2", 0, 0), 2);
    unload(f, two);
    END(f);
}

/* ---- Exceptions ------------------------------------------------------------------------------ */

static void check_throws(const struct fixture *f, const char *attempt, int part, const char *fail,
                         int thrower_part)
{
    char expected[64];

    fx_clear_trace();
    CHECK_EQ(call_int(f, attempt, fx_lookup(f, fail), 42), 42);
    snprintf(expected, sizeof expected, "%d %d %d 85 %d", 80 + part, 70 + thrower_part,
             170 + thrower_part, 180 + part);
    CHECK_STR(fx_trace_text(), expected);
    if (part == thrower_part)
        CHECK_EQ(call_int(f, attempt, fx_lookup(f, fail), (uint64_t)-7), 993);
}

static void run_exceptions(enum fake_memory memory, uint64_t base, bool archives, bool apart)
{
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        struct fixture *f = new_space(memory, base, archives);

        load(f, variants[i], apart ? "1" : "12");
        if (apart)
            load(f, variants[i], "2");
        check_throws(f, "attempt_1", 1, "fail_1", 1);
        check_throws(f, "attempt_2", 2, "fail_2", 2);
        check_throws(f, "attempt_1", 1, "fail_2", 2);
        check_throws(f, "attempt_2", 2, "fail_1", 1);
        END(f);
        for (size_t block = 0; block < MAX_BLOCKS; block++)
            CHECK(blocks[block] == NULL);
    }
}

static void exceptions_by_registered_frames(void)
{
    run_exceptions(FAKE_REAL, UINT64_C(0x30000000), false, false);
}

static void exceptions_by_registered_frames_far(void)
{
    run_exceptions(FAKE_DUAL, UINT64_C(0x3b0000000000), false, false);
}

static void exceptions_between_groups_by_registered_frames(void)
{
    run_exceptions(FAKE_REAL, UINT64_C(0x3c0000000000), false, true);
}

static void exceptions_with_debians_archives(void)
{
    run_exceptions(FAKE_REAL, UINT64_C(0x30000000), true, false);
}

static void exceptions_with_debians_archives_far(void)
{
    run_exceptions(FAKE_DUAL, UINT64_C(0x3d0000000000), true, false);
}

static void exceptions_between_groups_with_debians_archives(void)
{
    run_exceptions(FAKE_REAL, UINT64_C(0x3e0000000000), true, true);
}

/* ---- Handles --------------------------------------------------------------------------------- */

/* A host without __cxa_finalize is told what is missing, not left with destructors undone. */
static void finalize_is_needed_with_a_handle(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "a.o", "hidden undef __dso_handle; lea a __dso_handle");
    CHECK_STR(f->diag.symbol, "__cxa_finalize");
    LOAD(f, "b.o", "fn __cxa_finalize 1");
    LOAD(f, "a.o", "hidden undef __dso_handle; lea a __dso_handle");
    CHECK_EQ(fx_read(f, fx_lookup(f, "a")) != 0, true);
    /* The runtime stays as long as it is needed. */
    STATUS(elfin_unload(&f->space, elfin_next_group(&f->space, NULL), &f->diag, NULL, NULL),
           ELFIN_ERR_IN_USE);
    END(f);
}

/* Handles differ by module; a definition in the group goes before, and is the group's affair. */
static void each_module_has_its_own_handle(void)
{
    static const char asks[] = "hidden undef __dso_handle; lea %s __dso_handle";
    struct fixture *f = fx_new(FAKE_REAL);
    char a[64], b[64];

    snprintf(a, sizeof a, asks, "a");
    snprintf(b, sizeof b, asks, "b");
    LOAD(f, "r.o", "fn __cxa_finalize 1");
    LOAD(f, "a.o", a, "b.o", b);
    CHECK(fx_run(f, "a") != fx_run(f, "b"));
    CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(f, "a"), fx_run(f, "a"));
    unload(f, f->group);
    fake_host_rewind(&f->fake);
    LOAD(f, "a.o", a, "b.o", "hidden var __dso_handle 7");
    CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(f, "a"), 7);
    unload(f, f->group);
    CHECK_EQ(fake_host_count(&f->fake, FAKE_CALL), 0);
    END(f);
}

/* What registered destructors before the failure runs them. */
static void a_failed_init_finalizes(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "r.o", "call __cxa_finalize trace");
    fx_clear_trace();
    LOAD_FAILS(f, ELFIN_ERR_INIT, "a.o",
               "hidden undef __dso_handle; lea a __dso_handle; ctor 1; init 2 9; exit 3; dtor 4");
    CHECK_EQ(fx_trace_count, 4); /* 1, 2, 4, then trace(handle) */
    CHECK_EQ(fx_trace[2], 4);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(constructors_and_destructors_go_in_order),
    TEST_CASE(objects_of_a_group_share),
    TEST_CASE(groups_do_not_share),
    TEST_CASE(exceptions_by_registered_frames),
    TEST_CASE(exceptions_by_registered_frames_far),
    TEST_CASE(exceptions_between_groups_by_registered_frames),
    TEST_CASE(exceptions_with_debians_archives),
    TEST_CASE(exceptions_with_debians_archives_far),
    TEST_CASE(exceptions_between_groups_with_debians_archives),
    TEST_CASE(finalize_is_needed_with_a_handle),
    TEST_CASE(each_module_has_its_own_handle),
    TEST_CASE(a_failed_init_finalizes),
};

TEST_MAIN("cxx", cases)
