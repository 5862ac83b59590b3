/* SPDX-License-Identifier: MIT */
/* The contract between library and host, with hosts that lack something or break it. */
#include "tests/lib/expect.h"

static size_t count_rights(const struct fixture *f)
{
    return fake_host_count(&f->fake, FAKE_PROTECT);
}

static void a_host_without_rights_is_never_asked_for_them(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.flags = ELFIN_HOST_NO_RIGHTS;
    f->fake.host.protect = NULL;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    LOAD(f, "a.o", "fn f 1; ptr p f; addr a f; ro r 1");
    CHECK_EQ(count_rights(f), 0);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "f"));
    END(f);
}

static unsigned syncs;

static void count_sync(void *ctx, const elfin_region *region)
{
    (void)ctx;
    syncs += region->size != 0;
}

static void fresh_code_is_made_visible(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    f->fake.host.sync = count_sync;
    STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
    syncs = 0;
    LOAD(f, "a.o", "fn f 1");
    CHECK_EQ(syncs, 1);
    END(f);
}

static struct {
    elfin_status (*reserve)(void *ctx, const elfin_request *request, elfin_region *out);
    int lie;
} liar;

static elfin_status lying_reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    elfin_status status = liar.reserve(ctx, request, out);

    if (status != ELFIN_OK || request->purpose != ELFIN_PURPOSE_IMAGE) {
        return status;
    }
    switch (liar.lie) {
    case 0: /* outside the limits */
        out->run = 0x30000000;
        break;
    case 1: /* not aligned */
        out->run += 16;
        break;
    case 2: /* too small */
        out->size -= FAKE_PAGE;
        break;
    case 3: /* wraps */
        out->run = 0 - (uint64_t)FAKE_PAGE;
        break;
    case 4:
        out->edit = NULL;
        break;
    case 5: /* begins inside the limits, ends outside */
        out->run = request->high + 1 - FAKE_PAGE;
        break;
    default:
        break;
    }
    return status;
}

static void what_the_host_gives_is_checked(void)
{
    for (int lie = 0; lie < 6; lie++) {
        struct fixture *f = fx_new(FAKE_INVENTED);

        STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
        liar.reserve = f->fake.host.reserve;
        liar.lie = lie;
        f->fake.host.reserve = lying_reserve;
        STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
        f->options.min = 0x40000000;
        f->options.max = UINT64_C(0x23fffffff);
        CHECK_MSG(fx_load(f, "a.o", "fn f 1; var v 1", NULL) == ELFIN_ERR_HOST, "lie %d: %s", lie,
                  elfin_status_text(f->status));
        /* Even so the region goes back, as the host gave it: the fake host complains about the
         * changed fields, which are its own lie. */
        CHECK_EQ(f->fake.live_images, 0);
        f->fake.violations = 0;
        END(f);
    }
}

static elfin_status lying_plain_reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    elfin_status status = liar.reserve(ctx, request, out);

    if (status == ELFIN_OK && (int)request->purpose == liar.lie / 2) {
        if (liar.lie % 2 == 0) {
            out->size -= 1;
        } else {
            out->edit = (uint8_t *)out->edit + 1;
        }
    }
    return status;
}

static void plain_memory_is_checked_too(void)
{
    for (int lie = 2 * ELFIN_PURPOSE_RECORDS; lie < 2 * ELFIN_PURPOSE_WORK + 2; lie++) {
        struct fixture *f = fx_new(FAKE_INVENTED);

        STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
        liar.reserve = f->fake.host.reserve;
        liar.lie = lie;
        f->fake.host.reserve = lying_plain_reserve;
        STATUS(elfin_space_init(&f->space, &f->fake.host), ELFIN_OK);
        CHECK_MSG(fx_load(f, "a.o", "fn f 1", NULL) == ELFIN_ERR_HOST, "lie %d: %s", lie,
                  elfin_status_text(f->status));
        CHECK_EQ(f->fake.live_images + f->fake.live_records + f->fake.live_work, 0);
        f->fake.violations = 0;
        END(f);
    }
}

static void missing_callbacks_are_refused(void)
{
    struct fake_host *fake = xmalloc(sizeof *fake);
    elfin_space space;
    elfin_host host;

    fake_host_init(fake, FAKE_INVENTED);
    STATUS(elfin_space_init(&space, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_space_init(NULL, &fake->host), ELFIN_ERR_ARGUMENT);
    host = fake->host;
    host.reserve = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host = fake->host;
    host.release = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host = fake->host;
    host.protect = NULL;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host = fake->host;
    host.page_size = 4095;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host = fake->host;
    host.page_size = 8;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    host = fake->host;
    host.struct_size = 0;
    STATUS(elfin_space_init(&space, &host), ELFIN_ERR_ARGUMENT);
    CHECK_EQ(fake->live_bytes, 0);
    free(fake);
}

/* A group must fit what 32-bit displacements reach, and so must a page. */
static void sizes_beyond_the_reach_of_code_are_refused(void)
{
    static const struct {
        uint64_t image, page;
        elfin_status status;
    } rows[] = {
        { 0, 0, ELFIN_OK },
        { UINT64_C(1) << 31, 0, ELFIN_OK },
        { (UINT64_C(1) << 31) + 1, 0, ELFIN_ERR_ARGUMENT },
        { UINT64_C(8) << 30, 0, ELFIN_ERR_ARGUMENT },
        { UINT64_MAX, 0, ELFIN_ERR_ARGUMENT },
        { 0, UINT64_C(1) << 31, ELFIN_OK },
        { 0, UINT64_C(1) << 32, ELFIN_ERR_ARGUMENT },
        { 0, UINT64_C(1) << 63, ELFIN_ERR_ARGUMENT },
    };
    struct fake_host *fake = xmalloc(sizeof *fake);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        elfin_space space;

        fake_host_init(fake, FAKE_INVENTED);
        fake->host.max_image_size = rows[i].image;
        fake->host.page_size = rows[i].page;
        CHECK_MSG(elfin_space_init(&space, &fake->host) == rows[i].status, "row %zu", i);
    }
    free(fake);
}

static void bad_arguments_of_a_load_are_refused(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct blob object = toy("fn f 1");
    elfin_input input = INPUT(object, "a.o"), bad;
    elfin_group *group = NULL;
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_space never = { 0 }; /* elfin_space_init was forgotten */

    STATUS(elfin_load(NULL, &input, 1, NULL, &group, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_load(&f->space, NULL, 1, NULL, &group, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_load(&f->space, &input, 1, NULL, NULL, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_load(&never, &input, 1, NULL, &group, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_load(&f->space, &input, 0, NULL, &group, NULL), ELFIN_ERR_ARGUMENT);
    bad = input;
    bad.data = NULL;
    STATUS(elfin_load(&f->space, &bad, 1, NULL, &group, NULL), ELFIN_ERR_ARGUMENT);
    bad = input;
    bad.name = "";
    STATUS(elfin_load(&f->space, &bad, 1, NULL, &group, NULL), ELFIN_ERR_ARGUMENT);
    bad = input;
    bad.file = NULL;
    STATUS(elfin_load(&f->space, &bad, 1, NULL, &group, NULL), ELFIN_ERR_ARGUMENT);
    options.struct_size = 0;
    STATUS(elfin_load(&f->space, &input, 1, &options, &group, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_unload(&f->space, NULL, NULL, NULL, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_unload(NULL, elfin_next_group(&f->space, NULL), NULL, NULL, NULL),
           ELFIN_ERR_ARGUMENT);
    CHECK(group == NULL);
    CHECK_EQ(f->fake.live_images, 0);
    STATUS(elfin_load(&f->space, &input, 1, NULL, &group, NULL), ELFIN_OK);
    free(object.data);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(a_host_without_rights_is_never_asked_for_them),
    TEST_CASE(fresh_code_is_made_visible),
    TEST_CASE(what_the_host_gives_is_checked),
    TEST_CASE(plain_memory_is_checked_too),
    TEST_CASE(missing_callbacks_are_refused),
    TEST_CASE(sizes_beyond_the_reach_of_code_are_refused),
    TEST_CASE(bad_arguments_of_a_load_are_refused),
};

TEST_MAIN("host", cases)
