/* SPDX-License-Identifier: MIT */
/* Objects from the compiler and archives nobody here wrote, linked and run in this process. */
#include "tests/lib/expect.h"

#include <dlfcn.h>
#include <math.h>

static int host_counter = 10;

static int host_add(int a, int b)
{
    return a + b;
}

/* libc's and libm's own functions are what archives of user space import. */
static bool resolve_in_process(void *ctx, const char *name, uint64_t *address)
{
    void *found = dlsym(RTLD_DEFAULT, name);

    (void)ctx;
    *address = (uint64_t)(uintptr_t)found;
    return found != NULL;
}

static struct fixture *new_process_space(enum fake_memory memory, uint64_t base)
{
    struct fixture *f = fx_new(memory);
    const elfin_export exports[] = {
        { "host_add", (uint64_t)(uintptr_t)host_add },
        { "host_counter", (uint64_t)(uintptr_t)&host_counter },
        /* Objects for executables refer to data PC-relatively: the data must be in one place. Code
         * that names them makes the linker put libc's streams into this program. */
        { "stdin", (uint64_t)(uintptr_t)&stdin },
        { "stdout", (uint64_t)(uintptr_t)&stdout },
        { "stderr", (uint64_t)(uintptr_t)&stderr },
    };

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.resolve = resolve_in_process;
    f->fake.base = base;
    f->fake.ignore_near = base != 0;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    STATUS(fx_export(f, exports, 5), ELFIN_OK);
    return f;
}

static void require_ok(const struct fixture *f)
{
    char text[1024];

    if (f->status != ELFIN_OK) {
        elfin_diag_format(&f->diag, text, sizeof text);
        CHECK_MSG(false, "%s", text);
        REQUIRE(f->status == ELFIN_OK);
    }
}

static uint64_t call2(const struct fixture *f, const char *name, int a, int b)
{
    typedef uint64_t function(int, int);
    uint64_t address = fx_lookup(f, name);

    REQUIRE(address != 0);
    return ((function *)(uintptr_t)address)(a, b);
}

static void run_shapes(enum fake_memory memory, uint64_t base)
{
    struct fixture *f = new_process_space(memory, base);
    struct blob object = fx_built("tests/objects/shapes.o");
    char *words[] = { "shapes", "hello", NULL };
    elfin_module_info info;

    REQUIRE(object.data != NULL);
    host_counter = 10;
    f->options.argc = 2;
    f->options.argv = words;
    fx_load_blob(f, "shapes.o", object);
    require_ok(f);
    CHECK_EQ(*(int *)(uintptr_t)fx_lookup(f, "shapes_seen_argc"), 2);
    CHECK_STR((const char *)(uintptr_t)fx_lookup(f, "shapes_seen_word"), "hello");
    CHECK_EQ((int)call2(f, "shapes_power", 3, 2), 9);
    CHECK_EQ((int)call2(f, "shapes_power", 3, 3), 27);
    CHECK_STR((const char *)(uintptr_t)call2(f, "shapes_name", 3, 0), "three");
    CHECK_EQ((int)call2(f, "shapes_switch", 0, 41), 42);
    CHECK_EQ((int)call2(f, "shapes_switch", 1, 41), 34);
    CHECK_EQ((int)call2(f, "shapes_switch", 2, 5), 15);
    CHECK_EQ((int)call2(f, "shapes_switch", 3, 3), 12);
    CHECK_EQ((int)call2(f, "shapes_switch", 4, 3), -1);
    CHECK_EQ((int)call2(f, "shapes_switch", 5, 7), 42);
    CHECK_EQ((int)call2(f, "shapes_switch", 6, 0), 3);
    CHECK_EQ((int)call2(f, "shapes_switch", 7, 1), 'o');
    elfin_module_get(elfin_find_module(&f->space, "shapes"), &info);
    CHECK_STR(info.version, "2");
    NO_COMPLAINT(fx_check_rights(f, f->group));
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    CHECK_EQ(host_counter, -15);
    free(object.data);
    END(f);
}

static void compiled_code_runs_near(void)
{
    run_shapes(FAKE_REAL, 0);
}

static void compiled_code_runs_far(void)
{
    run_shapes(FAKE_REAL, UINT64_C(0x380000000000));
}

static void compiled_code_runs_elsewhere_than_written(void)
{
    run_shapes(FAKE_DUAL, UINT64_C(0x390000000000));
}

static void load_with_archive(struct fixture *f, const char *object_name, const char *archive_path)
{
    struct blob object = fx_built(object_name), archive = fx_file(archive_path);
    elfin_input inputs[2] = { INPUT(object, object_name), INPUT(archive, archive_path) };

    REQUIRE(object.data != NULL);
    REQUIRE(archive.data != NULL);
    fx_load_inputs(f, inputs, 2);
    free(object.data);
    free(archive.data);
    require_ok(f);
}

static void run_zlib(uint64_t base)
{
    struct fixture *f = new_process_space(FAKE_REAL, base);

    load_with_archive(f, "tests/objects/zuser.o", "/usr/lib/x86_64-linux-gnu/libz.a");
    CHECK_EQ(fx_run(f, "zuser_crc"), 0xcbf43926);
    CHECK(fx_run(f, "zuser_round_trip") > 100);
    END(f);
}

static void zlib_works_near(void)
{
    run_zlib(0);
}

static void zlib_works_far(void)
{
    run_zlib(UINT64_C(0x3a0000000000));
}

/* libc's functions are far, its streams near. */
static void lua_works(void)
{
    typedef long long function(const char *script);
    struct fixture *f = new_process_space(FAKE_REAL, 0);
    function *run;

    load_with_archive(f, "tests/objects/luauser.o", "/usr/lib/x86_64-linux-gnu/liblua5.4.a");
    REQUIRE(fx_lookup(f, "luauser_run") != 0);
    run = (function *)(uintptr_t)fx_lookup(f, "luauser_run");
    CHECK_EQ(run("return 6 * 7"), 42);
    CHECK_EQ(run("local t = {} for i = 1, 1000 do t[i] = i end "
                 "return select(2, pcall(error, 5)) + #t + string.format('%05.1f', 2.5):len()"),
             1010);
    CHECK_EQ(run("return math.floor(math.sqrt(2) * 1000000)"), (long long)(sqrt(2.0) * 1000000));
    CHECK_EQ(run("syntax error"), -1);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(compiled_code_runs_near),
    TEST_CASE(compiled_code_runs_far),
    TEST_CASE(compiled_code_runs_elsewhere_than_written),
    TEST_CASE(zlib_works_near),
    TEST_CASE(zlib_works_far),
    TEST_CASE(lua_works),
};

TEST_MAIN("real", cases)
