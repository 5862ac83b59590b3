/* SPDX-License-Identifier: MIT */
/*
 * Executables and shared objects with any one byte or word changed, and cut off anywhere: they load
 * or are refused by a clear error, and leave nothing behind.
 */
#include "tests/lib/expect.h"
#include "tests/lib/program_file.h"

static struct fixture *f;
static unsigned loaded, refused;

static bool resolve_anything(void *ctx, const char *name, uint64_t *address)
{
    (void)ctx;
    (void)name;
    *address = 0x40001000;
    return true;
}

static void begin(void)
{
    f = fx_new_programs(FAKE_INVENTED);
    f->space.host.resolve = resolve_anything;
    f->space.host.max_image_size = 1 << 24;
    f->options.flags = ELFIN_LOAD_NO_INIT;
    loaded = refused = 0;
    /* The first load makes the index of the space; from then on everything is given back. */
    LOAD(f, "first.o", "fn first 1");
    STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
}

static void end(const char *name)
{
    printf("# %s: %u loaded, %u refused\n", name, loaded, refused);
    CHECK(loaded > 0 && refused > 0);
    END(f);
}

static void try_blob(struct blob blob)
{
    struct fx_snapshot before = fx_snapshot(f);
    elfin_inspection inspection;
    elfin_input input = INPUT(blob, "evil.so");
    elfin_status inspected = elfin_inspect(&f->fake.host, &input, NULL, &inspection, &f->diag);

    fake_host_rewind(&f->fake);
    if (fx_load_blob(f, "evil.so", blob) == ELFIN_OK) {
        loaded++;
        STATUS(inspected, ELFIN_OK);
        NO_COMPLAINT(fx_check_rights(f, f->group));
        STATUS(elfin_unload(&f->space, f->group, &f->diag, NULL, NULL), ELFIN_OK);
    } else {
        char text[512];

        refused++;
        CHECK(f->status == f->diag.status && f->status != ELFIN_ERR_INTERNAL);
        elfin_diag_format(&f->diag, text, sizeof text);
    }
    NO_COMPLAINT(fx_compare(f, &before));
}

/* Values of `width` bytes that checks are likely to forget. */
static void try_values(struct blob blob, size_t at, size_t width)
{
    uint64_t was = blob_get(&blob, at, width);
    const uint64_t values[14] = { was + 1,           UINT64_MAX, 0,       ~was,
                                  was - 1,           1,          PF_PAGE, PF_SIZE,
                                  was + PF_PAGE,     was << 8,   was / 2, INT64_MAX,
                                  UINT64_MAX - 4095, 24 };

    for (size_t i = 0; i < 2 + 12 * width / 8; i++) {
        blob_set(&blob, at, width, values[i]);
        try_blob(blob);
        REQUIRE_NO_FAILURE();
    }
    blob_set(&blob, at, width, was);
}

static void every_field(const char *name, unsigned type, uint64_t base)
{
    static struct program_file pf;
    const size_t ranges[2][2] = {
        { 0, offsetof(struct program_file, strings) },
        { offsetof(struct program_file, dynamic), offsetof(struct program_file, fini_array) + 16 },
    };
    struct blob blob;

    begin();
    pf_init(&pf, type, base);
    blob = pf_blob(&pf, PF_SIZE);
    for (int r = 0; r < 2; r++) {
        for (size_t at = ranges[r][0]; at < ranges[r][1]; at++) {
            for (size_t width = 1; width <= 8; width *= 2) {
                if (at % width == 0) {
                    try_values(blob, at, width);
                }
            }
        }
    }
    free(blob.data);
    end(name);
}

static void fields_of_a_shared_object(void)
{
    every_field("a shared object", ET_DYN, 0);
}

static void fields_of_an_executable(void)
{
    every_field("an executable", ET_EXEC, 0x10000000);
}

static void prefixes_of(const char *name, struct blob whole, size_t step)
{
    REQUIRE(whole.data != NULL);
    begin();
    try_blob(whole);
    CHECK_MSG(loaded == 1, "%s: %s", name, elfin_status_text(f->status));
    for (size_t size = 0; size < whole.size; size += step) {
        struct blob part = blob_copy(whole, size);

        try_blob(part);
        free(part.data);
        REQUIRE_NO_FAILURE();
    }
    free(whole.data);
    end(name);
}

static void every_prefix(void)
{
    static struct program_file pf;

    pf_init(&pf, ET_DYN, 0);
    prefixes_of("prefixes", pf_blob(&pf, PF_SIZE), 1);
}

static void prefixes_of_what_linkers_make(void)
{
    prefixes_of("prefixes of GNU ld's", fx_built("tests/programs/gcc-ld/relr/libbase.so"), 7);
    prefixes_of("prefixes of lld's", fx_built("tests/programs/clang-lld/pie-relr/main.elf"), 7);
}

/* The symbol table of an executable that exports nothing: found by section headers. */
static void section_headers_of(const char *name)
{
    struct blob blob = fx_built(name);
    uint64_t table, count;

    REQUIRE(blob.data != NULL);
    begin();
    table = blob_get(&blob, offsetof(Elf64_Ehdr, e_shoff), 8);
    count = blob_get(&blob, offsetof(Elf64_Ehdr, e_shnum), 2);
    for (size_t at = table; at < table + count * sizeof(Elf64_Shdr); at += 4) {
        try_values(blob, at, 4);
        if (at % 8 == 0) {
            try_values(blob, at, 8);
        }
    }
    free(blob.data);
    end(name);
}

static void section_headers_of_an_executable(void)
{
    section_headers_of("tests/programs/gcc-ld/pie/main.elf");
}

/* Without a dynamic section they tell of its resolvers too. */
static void section_headers_that_name_resolvers(void)
{
    section_headers_of("tests/programs/gcc-ld/exec-indirect/main.elf");
}

static const struct test_case cases[] = {
    TEST_CASE(fields_of_a_shared_object),
    TEST_CASE(fields_of_an_executable),
    TEST_CASE(every_prefix),
    TEST_CASE(prefixes_of_what_linkers_make),
    TEST_CASE(section_headers_of_an_executable),
    TEST_CASE(section_headers_that_name_resolvers),
};

TEST_MAIN("program_fields", cases)
