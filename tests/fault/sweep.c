/* SPDX-License-Identifier: MIT */
/*
 * Every host call fails at every position, once and for ever. After each failure nothing is leaked,
 * registered or protected, what was there before still works, and the next try succeeds. Then all
 * of it with debug data, which never makes a load fail: where its memory is missing, some of it is.
 */
#include <elfin/debug.h>

#include "loader/debug.h"
#include "tests/lib/ar_builder.h"
#include "tests/lib/expect.h"
#include "tests/lib/heir.h"
#include "tests/lib/image_file.h"
#include "tests/lib/program_file.h"

/* A scenario brings a space into a state and then makes the one call that is swept. */
struct scenario {
    const char *name;
    void (*prepare)(struct fixture *f);
    elfin_status (*act)(struct fixture *f);
    bool (*holds)(const struct fixture *f); /* after act succeeded */
    bool may_keep_room;                     /* a larger index may stay after failure */
};

static struct blob archive;

static void nothing(struct fixture *f)
{
    (void)f;
}

static void provider(struct fixture *f)
{
    LOAD(f, "base.o", "fn base 3; var base_v 4; exit 9");
}

static elfin_status one_object(struct fixture *f)
{
    return fx_load(f, "a.o", "fn f 7; var v 1; ro r 2; rel q v; bss z 5000; init 1 0; exit 2",
                   NULL);
}

static bool one_object_works(const struct fixture *f)
{
    return fx_run(f, "f") == 7 && fx_read(f, fx_lookup(f, "q")) == fx_lookup(f, "v");
}

static elfin_status a_group(struct fixture *f)
{
    return fx_load(f, "a.o", "call f g; ctor 1; dtor 2; init 3 0; exit 4; common c 64 64", "b.o",
                   "fn g 8; call h base; init 5 0; exit 6; needs base; export g; export h", "c.o",
                   "module third; rel q base_v; ctor 7 100; common c 8 8; comdat cd 1", NULL);
}

static bool a_group_works(const struct fixture *f)
{
    return fx_run(f, "g") == 8 && fx_run(f, "h") == 3 && fx_run(f, "base") == 3;
}

static elfin_status indirect_functions(struct fixture *f)
{
    return fx_load(f, "a.o",
                   "fn x 7; ifunc f x 1; call k g; ctor 2; exit 3; local ifunc l x; call m l",
                   "b.o", "fn y 8; ifunc g y 4 .init.text; ptr p f; init 5 0", NULL);
}

static bool indirect_functions_work(const struct fixture *f)
{
    return fx_run(f, "f") == 7 && fx_run(f, "k") == 8 && fx_run(f, "m") == 7 &&
           fx_read(f, fx_lookup(f, "p")) == fx_lookup(f, "f");
}

static elfin_status named_sections(struct fixture *f)
{
    return fx_load(f, "a.o", "in set 1; ptr start __start_set; fn k 1", "b.o",
                   "in set 2 16; in other 3; ptr stop __stop_set; ptr o __stop_other", NULL);
}

static bool named_sections_work(const struct fixture *f)
{
    return fx_read(f, fx_lookup(f, "stop")) - fx_read(f, fx_lookup(f, "start")) == 24;
}

static elfin_status with_an_archive(struct fixture *f)
{
    struct blob object = toy("call f one; init 1 0");
    elfin_input inputs[2] = { INPUT(object, "a.o"), INPUT(archive, "lib.a") };

    fx_load_inputs(f, inputs, 2);
    free(object.data);
    return f->status;
}

static bool the_archive_works(const struct fixture *f)
{
    return fx_run(f, "f") == 3;
}

static elfin_status two_blocks(struct fixture *f)
{
    struct blob a = toy("fn f 5; call k g; rel q f"), b = toy("call g f; init 1 0");
    elfin_input inputs[2] = { INPUT(a, "a.o"), INPUT(b, "b.o") };

    inputs[0].flags = inputs[1].flags = ELFIN_INPUT_AT;
    inputs[0].at = UINT64_C(0x3c0000000000);
    inputs[1].at = UINT64_C(0x3d0000000000);
    fx_load_inputs(f, inputs, 2);
    free(a.data);
    free(b.data);
    return f->status;
}

static bool two_blocks_work(const struct fixture *f)
{
    return fx_run(f, "k") == 5;
}

static void with_programs(struct fixture *f)
{
    f->space.host.programs = &elfin_programs;
}

/* A shared object, an executable with an address, and an object that lies near the first. */
static elfin_status programs(struct fixture *f)
{
    static struct program_file pf;
    struct blob blobs[3];

    pf_init(&pf, ET_DYN, 0);
    blobs[0] = pf_blob(&pf, PF_SIZE);
    pf_init(&pf, ET_EXEC, UINT64_C(0x3c0000400000));
    pf_dynamic(&pf, PF_SONAME, DT_DEBUG, 0);
    blobs[1] = pf_blob(&pf, PF_SIZE);
    blobs[2] = toy("call g f; lea where v; init 1 0");
    fx_load_inputs(f,
                   (elfin_input[]){ INPUT(blobs[0], "a.so"), INPUT(blobs[1], "kernel.elf"),
                                    INPUT(blobs[2], "a.o") },
                   3);
    for (int i = 0; i < 3; i++) {
        free(blobs[i].data);
    }
    return f->status;
}

static bool programs_work(const struct fixture *f)
{
    return fx_run(f, "g") == 7 && fx_run(f, "where") == fx_lookup(f, "v") &&
           fx_symbol(f, "kernel", "f") == UINT64_C(0x3c0000401000);
}

static const char image_text[] = "fn x 7; ifunc f x; call k base; ptr p base_v; tls t 3; "
                                 "gd g t; ctor 1; common c 8 8; comdat d 1; in set 1; "
                                 "ptr s __start_set; addr a base";

static void with_images(struct fixture *f)
{
    f->space.host.images = &elfin_images;
    provider(f);
}

static elfin_status prepare_an_image(struct fixture *f)
{
    struct blob object = toy(image_text);
    elfin_input input = INPUT(object, "a.o");
    elfin_image *image;

    f->status = elfin_prepare(&f->fake.host, &input, NULL, &image, &f->diag);
    if (f->status == ELFIN_OK) {
        elfin_image_release(image);
    }
    free(object.data);
    return f->status;
}

static elfin_status load_an_image(struct fixture *f)
{
    static struct blob image;

    if (image.data == NULL) {
        struct fixture *maker = fx_new_images(FAKE_REAL);

        image = imf_make(&maker->fake.host, image_text);
        END(maker);
    }
    return fx_load_blob(f, "a.img", image);
}

static bool the_image_works(const struct fixture *f)
{
    return fx_run(f, "f") == 7 && fx_run(f, "k") == 3 &&
           *(uint64_t *)(uintptr_t)fx_run(f, "g") == 3;
}

static elfin_status late_name(struct fixture *f)
{
    static const elfin_export known[] = { { "late", 0x4000 }, { NULL, 0 } };

    f->fake.resolvable = known;
    return fx_load(f, "a.o", "ptr p late; fn f 1", NULL);
}

static bool late_name_bound(const struct fixture *f)
{
    return fx_read(f, fx_lookup(f, "p")) == 0x4000;
}

/* Enough names that the index has to grow, in the host's table and in a module's. */
static char many_names[600][12];

static elfin_status many_host_exports(struct fixture *f)
{
    elfin_export rows[600];

    for (size_t i = 0; i < 600; i++) {
        snprintf(many_names[i], sizeof many_names[i], "host%zu", i);
        rows[i] = (elfin_export){ many_names[i], i + 1 };
    }
    return fx_export(f, rows, 600);
}

static bool many_host_exports_found(const struct fixture *f)
{
    return fx_lookup(f, "host0") == 1 && fx_lookup(f, "host599") == 600;
}

static elfin_status many_module_exports(struct fixture *f)
{
    enum {
        COUNT = 100
    };
    char text[COUNT * 16] = "";

    for (int i = 0; i < COUNT; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "var x%d %d;", i, i);
    }
    return fx_load(f, "many.o", text, NULL);
}

static bool many_module_exports_found(const struct fixture *f)
{
    return fx_read(f, fx_lookup(f, "x99")) == 99 && fx_read(f, fx_lookup(f, "x0")) == 0;
}

static elfin_status inspect(struct fixture *f)
{
    struct blob object = toy("fn f 7; call g x; addr a x");
    elfin_input input = INPUT(object, "a.o");
    elfin_inspection out;
    elfin_status status = elfin_inspect(&f->fake.host, &input, NULL, &out, &f->diag);

    free(object.data);
    return status;
}

static elfin_status thread_local_data(struct fixture *f)
{
    return fx_load(f, "a.o", "fn f 7; tls t 5; tptr p f; gd g t; slot s t; init 1 0; exit 2", "b.o",
                   "tbss z 100; ie h z; ctor 3", NULL);
}

static bool thread_local_data_work(const struct fixture *f)
{
    return *(uint64_t *)(uintptr_t)fx_run(f, "g") == 5 &&
           *(uint64_t *)(uintptr_t)fx_run(f, "h") == 0;
}

/* What another space has linked: with names that the provider has, and all kinds of calls. */
static struct fixture *linker;

static elfin_status adopt(struct fixture *f)
{
    static struct blob description;

    if (linker == NULL) {
        linker = heir_new_writer(4096, 64);
        linker->fake.base += 0x10000000;
        linker->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
        LOAD(linker, "one.o",
             "fn one 7; var base_v 1; ctor 1; dtor 2; init 3 0; exit 4; tls t 5; "
             "gd g t; in .init.text 5 8 ax; in .eh_frame 0");
        LOAD(linker, "two.o", "call two one; ifunc i x 6; fn x 1; exit 7", "three.o",
             "call three i; ctor 8; init 9 0; var base_v 2; tbss z 8; exit 10; rel q one");
        description = heir_describe(linker);
    }
    return heir_adopt(f, linker, description);
}

static bool adopted_works(const struct fixture *f)
{
    return fx_run(f, "two") == 7 && fx_run(f, "three") == 1 &&
           fx_read(f, fx_lookup(f, "q")) == fx_lookup(f, "one") &&
           *(uint64_t *)(uintptr_t)fx_run(f, "g") == 5 && fx_read(f, fx_lookup(f, "base_v")) == 4;
}

static bool always(const struct fixture *f)
{
    (void)f;
    return true;
}

static const struct scenario scenarios[] = {
    { "one_object", nothing, one_object, one_object_works, false },
    { "a_group_that_binds_to_another", provider, a_group, a_group_works, false },
    { "indirect_functions", nothing, indirect_functions, indirect_functions_work, false },
    { "named_sections", nothing, named_sections, named_sections_work, false },
    { "with_an_archive", provider, with_an_archive, the_archive_works, false },
    { "two_blocks", nothing, two_blocks, two_blocks_work, false },
    { "programs", with_programs, programs, programs_work, false },
    { "a_name_of_last_resort", nothing, late_name, late_name_bound, false },
    { "many_host_exports", provider, many_host_exports, many_host_exports_found, true },
    { "many_module_exports", nothing, many_module_exports, many_module_exports_found, false },
    { "thread_local_data", nothing, thread_local_data, thread_local_data_work, false },
    { "adopt", provider, adopt, adopted_works, false },
    { "inspect", nothing, inspect, always, false },
    { "prepare_an_image", nothing, prepare_an_image, always, false },
    { "load_an_image", with_images, load_an_image, the_image_works, false },
};

static const struct scenario *current;
static bool debugging;
static unsigned all_kept; /* debug data, when no call fails */

static struct fixture *begin(void)
{
    struct fixture *f = fx_new_tls(FAKE_REAL, 4096, 64);

    if (debugging) {
        f->space.host.debugging = &elfin_debugging;
        f->space.host.debug =
            ELFIN_DEBUG_GDB | ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES | ELFIN_DEBUG_FRAMES;
    }
    current->prepare(f);
    return f;
}

/* Parts of modules, and groups that are found by address. */
static unsigned kept(const struct fixture *f)
{
    unsigned sum = 0;

    for (elfin_group *g = elfin_next_group(&f->space, NULL); g != NULL;
         g = elfin_next_group(&f->space, g)) {
        sum += g->index != NULL;
        for (elfin_module *m = elfin_next_module(g, NULL); m != NULL; m = elfin_next_module(g, m)) {
            sum += (unsigned)__builtin_popcount(elfin_module_debug(m));
        }
    }
    return sum;
}

static bool provider_works(const struct fixture *f)
{
    return (current->prepare != provider && current->prepare != with_images) ||
           fx_run(f, "base") == 3;
}

/* Groups that remain must have the rights they had. */
static void check_all_rights(const struct fixture *f)
{
    for (elfin_group *g = elfin_next_group(&f->space, NULL); g != NULL;
         g = elfin_next_group(&f->space, g)) {
        NO_COMPLAINT(fx_check_rights(f, g));
    }
}

/* False when the call succeeded although the n-th host call was to fail: there are fewer. */
static bool fail_nth(uint64_t n, bool for_ever)
{
    struct fixture *f = begin();
    struct fx_snapshot before;
    bool reached;
    elfin_status status;

    before = fx_snapshot(f);
    fake_host_rewind(&f->fake);
    f->fake.fail_at = n;
    f->fake.fail_for_ever = for_ever;
    status = current->act(f);
    reached = f->fake.fallible >= n;
    if (!reached) {
        STATUS(status, ELFIN_OK);
        END(f);
        return false;
    }
    if (status == ELFIN_OK && (f->fake.failed_image || kept(f) < all_kept)) {
        CHECK(current->holds(f));
        check_all_rights(f);
        END(f);
        return true;
    }
    CHECK_MSG(status != ELFIN_OK, "host call %llu failed unnoticed", (unsigned long long)n);
    CHECK_MSG(status == ELFIN_ERR_MEMORY || status == ELFIN_ERR_PROTECT ||
                  status == ELFIN_ERR_CALL || status == ELFIN_ERR_UNDEFINED,
              "host call %llu: %s", (unsigned long long)n, elfin_status_text(status));
    if (current->may_keep_room) {
        struct fx_snapshot now = fx_snapshot(f);

        before.bytes = now.bytes;
        before.stats.record_bytes = now.stats.record_bytes;
    }
    NO_COMPLAINT(fx_compare(f, &before));
    check_all_rights(f);
    CHECK(provider_works(f));
    fake_host_rewind(&f->fake);
    STATUS(current->act(f), ELFIN_OK);
    CHECK(current->holds(f));
    CHECK(provider_works(f));
    END(f);
    return true;
}

static void sweep(void)
{
    unsigned positions = 0;
    struct fixture *f = begin();

    STATUS(current->act(f), ELFIN_OK);
    CHECK(current->holds(f));
    all_kept = kept(f);
    CHECK(debugging || all_kept == 0);
    END(f);
    for (uint64_t n = 1; fail_nth(n, false); n++) {
        REQUIRE_NO_FAILURE();
        CHECK(fail_nth(n, true));
        positions++;
        REQUIRE(n < 10000);
    }
    printf("# %s%s: each of %u host calls failed once and for ever\n", current->name,
           debugging ? ", with debug data" : "", positions);
    CHECK(positions >= 1);
}

/*
 * Working memory comes in chunks, so that few of the library's allocations ask the host. A long
 * file name of every length moves the ends of the chunks over all of them, one after the other.
 */
static void every_allocation_meets_the_end_of_a_chunk(void)
{
    enum {
        LONGEST = 16600,
        STEP = 16
    };
    char *file = xmalloc(LONGEST + 4);
    struct blob object =
        toy("call a x; call g base; comdat f 1; needs base; export g; ctor 1; "
            "dtor 2; init 3 0; rel q base_v; common c 8 8; addr h base; ifunc i a; in set 1; ptr "
            "s __start_set");
    struct blob user = toy("call x one; comdat f 2; call y g");
    unsigned tried = 0;

    for (size_t length = 1; length <= LONGEST; length += STEP) {
        elfin_input inputs[3] = { INPUT(user, "user.o"), INPUT(object, file),
                                  INPUT(archive, "lib.a") };
        struct fixture *f = fx_new(FAKE_INVENTED);
        struct fx_snapshot before;

        memset(file, 'n', length);
        memcpy(file + length, ".o", 3);
        LOAD(f, "base.o", "fn base 3; var base_v 4");
        before = fx_snapshot(f);
        for (uint64_t try = 2; try < 80; try++) {
            uint64_t n = try / 2;

            fake_host_rewind(&f->fake);
            f->fake.fail_at = n;
            f->fake.fail_for_ever = try % 2 != 0;
            if (fx_load_inputs(f, inputs, 3) == ELFIN_OK) {
                CHECK_MSG(f->fake.fallible < n || f->fake.failed_image,
                          "host call %llu failed unnoticed", (unsigned long long)n);
                if (f->fake.fallible < n)
                    break;
                STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
                continue;
            }
            CHECK(f->diag.status == f->status);
            NO_COMPLAINT(fx_compare(f, &before));
            tried++;
        }
        STATUS(f->status, ELFIN_OK);
        END(f);
        REQUIRE_NO_FAILURE();
    }
    printf("# %u failing allocations around the ends of chunks\n", tried);
    CHECK(tried > 1000);
    free(file);
    free(object.data);
    free(user.data);
}

/* Unloading cannot fail: whatever module code does, everything goes. */
static void unload_goes_on_when_calls_fail(void)
{
    for (uint64_t n = 1; n <= 4; n++) {
        struct fixture *f = fx_new(FAKE_REAL);

        LOAD(f, "a.o", "exit 1; dtor 2", "b.o", "exit 3; dtor 4");
        fake_host_rewind(&f->fake);
        f->fake.fail_at = n;
        f->fake.fail_for_ever = n % 2 == 0;
        STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
        CHECK_EQ(fake_host_count(&f->fake, FAKE_CALL), 4);
        CHECK_EQ(f->fake.live_images, 0);
        END(f);
    }
}

/* An init that fails in earnest, while the host's calls fail as well. */
static void a_failing_init_is_undone_when_calls_fail(void)
{
    for (uint64_t n = 1; n <= 40; n++) {
        struct fixture *f = fx_new(FAKE_REAL);
        struct fx_snapshot before = fx_snapshot(f);

        fake_host_rewind(&f->fake);
        f->fake.fail_at = n;
        f->fake.fail_for_ever = true;
        CHECK(fx_load(f, "a.o", "ctor 1; init 2 0; exit 3; dtor 4", "b.o", "init 5 9; exit 6",
                      NULL) != ELFIN_OK);
        NO_COMPLAINT(fx_compare(f, &before));
        END(f);
    }
}

int main(void)
{
    static const struct test_case more[] = {
        TEST_CASE(every_allocation_meets_the_end_of_a_chunk),
        TEST_CASE(unload_goes_on_when_calls_fail),
        TEST_CASE(a_failing_init_is_undone_when_calls_fail),
    };
    char *arguments[] = { NULL };
    struct blob one = toy("call one two"), two = toy("call two base");
    struct ar_builder *ar = xmalloc(sizeof *ar);
    int status;

    ar_init(ar);
    ar_member(ar, "one.o", one, "one");
    ar_member(ar, "two.o", two, "two");
    archive = ar_finish(ar);
    status = test_run_all("fault", more, sizeof more / sizeof more[0], 0, arguments);
    for (size_t i = 0; i < 2 * (sizeof scenarios / sizeof scenarios[0]); i++) {
        struct test_case row = { scenarios[i / 2].name, sweep };

        current = &scenarios[i / 2];
        debugging = i % 2 != 0;
        status |= test_run_all("fault", &row, 1, 0, arguments);
    }
    free(one.data);
    free(two.data);
    free(ar);
    free(archive.data);
    status |= linker != NULL && fx_end(linker) != NULL;
    return status;
}
