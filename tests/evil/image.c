/* SPDX-License-Identifier: MIT */
/*
 * Damaged images. Without the checksum nothing gets in; with a checksum that has been made right
 * again each field of the header and the tables is overwritten, and whatever still gets in must not
 * store outside of the module's memory (the sanitizer and the fake host watch). One row for each
 * thing that is proven says that it is.
 */
#include "tests/lib/expect.h"
#include "tests/lib/image_file.h"

/* Has a row in every table but that of section indices. */
static const char toy_text[] =
    "fn f 1; call g ext; lea near ext; addr a ext; icall i ext; mov32 low v; var v 5; ptr p v 8; "
    "ptr q ext 16; rel r f; ro o 3; bss z 100; common c 16 32; abs k 0x1000; lea l k; "
    "local ifunc h f; call u h; weak undef w; call x w; tls t 7; ie tt t; tcommon tc 8 8; "
    "comdat m 2; ctor 1; init 2 0; exit 3; export f; export v; ptr d __dso_handle; "
    "undef __cxa_finalize; ptr es __start_set; in set 4; in .eh_frame 0; mov32s m2 ext";

static const elfin_export exports[] = { { "ext", 0x40001000 }, { "__cxa_finalize", 0x40002000 } };

static struct fixture *begin(void)
{
    struct fixture *f = fx_new_images(FAKE_INVENTED);

    STATUS(fx_export(f, exports, 2), ELFIN_OK);
    f->options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS;
    return f;
}

static struct blob good(struct fixture *f)
{
    return imf_make(&f->fake.host, toy_text);
}

/* Loads it; whatever comes of that, nothing is left. Returns whether it was taken. */
static bool survives(struct fixture *f, struct blob image)
{
    struct fx_snapshot before = fx_snapshot(f);
    elfin_input input = { .data = image.data, .size = image.size, .file = "evil.img" };
    elfin_inspection inspection;
    char text[1024];
    bool taken;

    fake_host_rewind(&f->fake);
    taken = fx_load_blob(f, "evil.img", image) == ELFIN_OK;
    if (taken) {
        NO_COMPLAINT(fx_check_rights(f, f->group));
        STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    } else {
        elfin_diag_format(&f->diag, text, sizeof text);
        CHECK_MSG(f->status != ELFIN_ERR_INTERNAL && f->status != ELFIN_ERR_HOST, "%s", text);
        CHECK_EQ(f->status, f->diag.status);
    }
    elfin_inspect(&f->fake.host, &input, NULL, &inspection, &f->diag);
    NO_COMPLAINT(fx_compare(f, &before));
    return taken;
}

static void the_whole_is_good(void)
{
    struct fixture *f = begin();
    struct blob image = good(f);
    uint64_t count;
    size_t size;

    CHECK(survives(f, image));
    imf_seal(&image);
    CHECK(survives(f, image));
    for (int t = 0; t < IMF_TABLE_COUNT; t++) {
        imf_table(&image, (enum imf_table)t, &count, &size);
        CHECK_MSG(t == IMF_SECTION_INDICES || count > 0, "table %d is empty", t);
    }
    free(image.data);
    END(f);
}

static void every_prefix(void)
{
    struct fixture *f = begin();
    struct blob image = good(f);

    for (size_t size = 0; size < image.size; size++) {
        struct blob prefix = { image.data, size };

        CHECK_MSG(!survives(f, prefix), "%zu bytes were taken", size);
        REQUIRE_NO_FAILURE();
    }
    free(image.data);
    END(f);
}

static void every_byte_is_in_the_checksum(void)
{
    struct fixture *f = begin();
    struct blob image = good(f);

    for (size_t at = 0; at < image.size; at++) {
        image.data[at] ^= (uint8_t)(1u << test_random_below(8));
        CHECK_MSG(fx_load_blob(f, "evil.img", image) != ELFIN_OK, "byte %zu", at);
        REQUIRE_NO_FAILURE();
        free(image.data);
        image = good(f);
    }
    free(image.data);
    END(f);
}

static void try_values(struct fixture *f, const struct blob *image, size_t at, size_t width,
                       unsigned *taken)
{
    uint64_t old = imf_get(image, at, width);
    const uint64_t values[] = {
        0,        1,          2,          old + 1,      old - 1, old + 8,    old ^ 64,
        old << 8, 0x7fffffff, 0x80000000, ~(uint64_t)0, 0x1000,  0xfffff000, UINT64_C(1) << 62
    };

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct blob copy = { xmalloc(image->size), image->size };

        memcpy(copy.data, image->data, image->size);
        memcpy(copy.data + at, &values[i], width);
        imf_seal(&copy);
        *taken += survives(f, copy);
        free(copy.data);
        CHECK_MSG(test_state.failures == 0, "value 0x%llx at 0x%zx of %zu bytes",
                  (unsigned long long)values[i], at, width);
        REQUIRE_NO_FAILURE();
    }
}

/* Each word, as 4 and as 8 bytes; and each byte of what has smaller fields. */
static void every_field(void)
{
    struct fixture *f = begin();
    struct blob image = good(f);
    size_t end = imf_get(&image, IMF_PARTS + 24, 8);
    unsigned taken = 0;

    for (size_t at = 8; at < end; at += 4) {
        try_values(f, &image, at, 4, &taken);
        if (at % 8 == 0)
            try_values(f, &image, at, 8, &taken);
    }
    printf("# evil image: %u of %zu changes are harmless\n", taken, 21 * (end - 8) / 4);
    free(image.data);
    END(f);
}

static void every_byte_of_streams_and_symbols(void)
{
    static const enum imf_table tables[] = { IMF_STREAM, IMF_SYMBOLS, IMF_SECTIONS, IMF_DEMANDS };
    struct fixture *f = begin();
    struct blob image = good(f);
    unsigned taken = 0;

    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        uint64_t count;
        size_t size, start = imf_table(&image, tables[t], &count, &size);

        for (size_t at = start; at < start + count * size; at++)
            try_values(f, &image, at, 1, &taken);
    }
    free(image.data);
    END(f);
}

static void several_at_once(void)
{
    struct fixture *f = begin();
    struct blob image = good(f);
    size_t end = imf_get(&image, IMF_PARTS + 24, 8);

    for (int round = 0; round < 20000; round++) {
        struct blob copy = { xmalloc(image.size), image.size };

        memcpy(copy.data, image.data, image.size);
        for (uint64_t n = 1 + test_random_below(4); n > 0; n--)
            copy.data[8 + test_random_below(end - 8)] = (uint8_t)test_random();
        imf_seal(&copy);
        survives(f, copy);
        free(copy.data);
        REQUIRE_NO_FAILURE();
    }
    free(image.data);
    END(f);
}

/* What an image defines is not looked at when it is loaded alone; imports may be bound anew. */
static void survives_alone(struct fixture *f, struct blob bytes)
{
    struct fx_snapshot before = fx_snapshot(f);
    elfin_target target = { .address = 0x40003000 };
    elfin_image *image;
    elfin_symbol symbol;
    elfin_slot slot;

    fake_host_rewind(&f->fake);
    if (elfin_image_open(&f->fake.host, bytes.data, bytes.size, &image, &f->diag) != ELFIN_OK)
        return;
    if (fx_instantiate(f, image, "alone") == ELFIN_OK) {
        elfin_module *module = elfin_find_module(&f->space, "alone");

        for (int round = 0; round < 2; round++) {
            for (uint32_t i = 0; elfin_module_symbol(module, i, &symbol); i++)
                CHECK(strlen(symbol.name) < bytes.size);
            for (uint32_t i = 0; elfin_module_slot(module, i, &slot); i++)
                CHECK(slot.address != 0);
            elfin_rebind(&f->space, module, "ext", &target, NULL, &f->diag);
        }
        STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    }
    STATUS(elfin_image_release(image), ELFIN_OK);
    NO_COMPLAINT(fx_compare(f, &before));
}

static void several_at_once_alone(void)
{
    struct fixture *f = begin();
    struct blob image = good(f);
    size_t end = imf_get(&image, IMF_PARTS + 24, 8);

    f->options.flags |= ELFIN_LOAD_PRIVATE | ELFIN_LOAD_REBIND;
    survives_alone(f, image);
    for (int round = 0; round < 20000; round++) {
        struct blob copy = { xmalloc(image.size), image.size };

        memcpy(copy.data, image.data, image.size);
        for (uint64_t n = test_random_below(4); n > 0; n--)
            copy.data[8 + test_random_below(end - 8)] = (uint8_t)test_random();
        imf_seal(&copy);
        survives_alone(f, copy);
        free(copy.data);
        REQUIRE_NO_FAILURE();
    }
    free(image.data);
    END(f);
}

/* ---- One row for each thing that is proven ----------------------------------------------------
 */

struct row {
    const char *name;
    int table; /* NONE: the header */
    size_t record, field, width;
    uint64_t value;
    elfin_status status;
    const char *word; /* of the report */
};

enum {
    NONE = -1,
    LAST = 1000 /* the last record */
};

static const struct row rows[] = {
    { "magic", NONE, 0, 1, 1, 'E', ELFIN_ERR_NOT_ELF, "magic" },
    { "version", NONE, 0, 8, 4, 2, ELFIN_ERR_IMAGE, "version" },
    { "machine", NONE, 0, 12, 4, 183, ELFIN_ERR_IMAGE, "machine" },
    { "larger", NONE, 0, 16, 8, 1 << 30, ELFIN_ERR_TRUNCATED, "cut off" },
    { "smaller", NONE, 0, 16, 8, 600, ELFIN_ERR_IMAGE, "header" },
    { "page_size", NONE, 0, 32, 8, 3000, ELFIN_ERR_IMAGE, "header" },
    { "block_size", NONE, 0, 40, 8, 0x100000, ELFIN_ERR_IMAGE, "parts" },
    { "huge_block", NONE, 0, 40, 8, 0x7ffff000, ELFIN_ERR_IMAGE, "header" },
    { "block_align", NONE, 0, 48, 8, 8, ELFIN_ERR_IMAGE, "header" },
    { "flags", NONE, 0, 56, 4, 16, ELFIN_ERR_IMAGE, "header" },
    { "first_global", NONE, 0, 60, 4, 1, ELFIN_ERR_IMAGE, "header" },
    { "name", NONE, 0, 64, 4, 0, ELFIN_ERR_IMAGE, "header" },
    { "name_outside", NONE, 0, 64, 4, 1 << 20, ELFIN_ERR_IMAGE, "header" },
    { "slot_count", NONE, 0, 68, 4, 1 << 20, ELFIN_ERR_IMAGE, "parts" },
    { "stub_count", NONE, 0, 72, 4, 1 << 20, ELFIN_ERR_IMAGE, "parts" },
    { "trap", NONE, 0, 76, 4, 1000, ELFIN_ERR_IMAGE, "parts" },
    { "handle", NONE, 0, 80, 4, 1000, ELFIN_ERR_IMAGE, "parts" },
    { "handle_symbol", NONE, 0, 84, 4, 1, ELFIN_ERR_IMAGE, "not there" },
    { "got", NONE, 0, 88, 8, 0, ELFIN_ERR_IMAGE, "parts" },
    { "plt", NONE, 0, 96, 8, 0x1000, ELFIN_ERR_IMAGE, "parts" },
    { "tls_image", NONE, 0, 104, 8, 0, ELFIN_ERR_IMAGE, "parts" },
    { "tls_size", NONE, 0, 112, 8, 1, ELFIN_ERR_IMAGE, "parts" },
    { "tls_align", NONE, 0, 128, 8, 3, ELFIN_ERR_IMAGE, "parts" },
    { "unwind_index", NONE, 0, 136, 8, 2, ELFIN_ERR_IMAGE, "parts" },
    { "frames_end", NONE, 0, 144, 8, 0, ELFIN_ERR_IMAGE, "parts" },
    { "frame_count", NONE, 0, 152, 8, 1 << 20, ELFIN_ERR_IMAGE, "parts" },
    { "part_offset", NONE, 0, IMF_PARTS + 32, 8, 0, ELFIN_ERR_IMAGE, "parts" },
    { "part_filled", NONE, 0, IMF_PARTS + 16, 8, 0x1000000, ELFIN_ERR_IMAGE, "parts" },
    { "part_content", NONE, 0, IMF_PARTS + 24, 8, 1 << 30, ELFIN_ERR_IMAGE, "parts" },
    { "table_outside", NONE, 0, IMF_TABLES, 8, 1 << 30, ELFIN_ERR_IMAGE, "table" },
    { "uses_missing", NONE, 0, IMF_TABLES + 16 * IMF_USES + 8, 8, 1, ELFIN_ERR_IMAGE, "header" },
    { "no_imports", NONE, 0, IMF_TABLES + 16 * IMF_IMPORTS + 8, 8, 0, ELFIN_ERR_IMAGE, "header" },
    { "no_names", NONE, 0, IMF_TABLES + 16 * IMF_NAMES + 8, 8, 0, ELFIN_ERR_IMAGE, "header" },
    { "section_address", IMF_SECTIONS, 2, 8, 8, 1 << 30, ELFIN_ERR_IMAGE, "section" },
    { "section_size", IMF_SECTIONS, 2, 16, 8, 1 << 30, ELFIN_ERR_IMAGE, "section" },
    { "section_align", IMF_SECTIONS, 2, 24, 8, 3, ELFIN_ERR_IMAGE, "section" },
    { "section_name", IMF_SECTIONS, 2, 32, 4, 1 << 20, ELFIN_ERR_IMAGE, "section" },
    { "section_null", IMF_SECTIONS, 2, 36, 4, 0, ELFIN_ERR_IMAGE, "section" },
    { "section_part", IMF_SECTIONS, 2, 48, 1, 6, ELFIN_ERR_IMAGE, "section" },
    { "section_frames", IMF_SECTIONS, 2, 49, 1, 1, ELFIN_ERR_IMAGE, "section" },
    { "anchor", IMF_SECTIONS, 1, 8, 8, 16, ELFIN_ERR_IMAGE, "section" },
    { "symbol_name", IMF_SYMBOLS, 2, 0, 4, 1 << 20, ELFIN_ERR_IMAGE, "symbol" },
    { "symbol_binding", IMF_SYMBOLS, 2, 4, 1, 0x12, ELFIN_ERR_IMAGE, "symbol" },
    { "symbol_section", IMF_SYMBOLS, 2, 6, 2, 500, ELFIN_ERR_IMAGE, "symbol" },
    { "symbol_undefined", IMF_SYMBOLS, LAST, 6, 2, 0, ELFIN_ERR_IMAGE, "symbol" },
    { "symbol_0", IMF_SYMBOLS, 0, 0, 4, 0xffffff00, ELFIN_ERR_IMAGE, "symbol" },
    { "symbol_anchor", IMF_SYMBOLS, 1, 8, 8, 1, ELFIN_ERR_IMAGE, "symbol" },
    { "use", IMF_USES, 2, 0, 2, 0x2000, ELFIN_ERR_IMAGE, "symbol" },
    { "slot_symbol", IMF_SLOTS, 0, 0, 4, 1 << 20, ELFIN_ERR_IMAGE, "not there" },
    { "slot_number", IMF_SLOTS, 0, 4, 4, 0, ELFIN_ERR_IMAGE, "not there" },
    { "slot_of_indirect", IMF_SLOTS, 0, 4, 4, 1, ELFIN_ERR_IMAGE, "not there" },
    { "slot_stub", IMF_SLOTS, 0, 8, 4, 1 << 20, ELFIN_ERR_IMAGE, "not there" },
    { "slot_order", IMF_SLOTS, LAST, 0, 4, 1, ELFIN_ERR_IMAGE, "not there" },
    { "common_symbol", IMF_COMMONS, 0, 0, 4, 1, ELFIN_ERR_IMAGE, "not there" },
    { "common_offset", IMF_COMMONS, 0, 8, 8, 0, ELFIN_ERR_IMAGE, "not there" },
    { "common_tls", IMF_COMMONS, LAST, 8, 8, 1 << 20, ELFIN_ERR_IMAGE, "not there" },
    { "indirect", IMF_INDIRECT, 0, 0, 4, 1, ELFIN_ERR_IMAGE, "not there" },
    { "comdat", IMF_COMDATS, 0, 0, 4, 1 << 20, ELFIN_ERR_IMAGE, "not there" },
    { "own_symbol", IMF_OWN, 0, 16, 4, 1 << 20, ELFIN_ERR_IMAGE, "not there" },
    { "own_symbol_0", IMF_OWN, 0, 16, 4, 0, ELFIN_ERR_IMAGE, "not there" },
    { "own_base", IMF_OWN, 0, 20, 1, 3, ELFIN_ERR_IMAGE, "not there" },
    { "demand_symbol", IMF_DEMANDS, 0, 16, 4, 1 << 20, ELFIN_ERR_IMAGE, "not there" },
    { "demand_type", IMF_DEMANDS, 0, 20, 4, 9, ELFIN_ERR_IMAGE, "not there" },
    { "demand_term", IMF_DEMANDS, 0, 26, 1, 2, ELFIN_ERR_IMAGE, "not there" },
    { "demand_order", IMF_DEMANDS, 0, 0, 8, INT64_MAX, ELFIN_ERR_IMAGE, "not there" },
    { "import_start", IMF_IMPORTS, 0, 0, 4, 1 << 20, ELFIN_ERR_IMAGE, "fixups" },
    { "import_end", IMF_IMPORTS, LAST, 0, 4, 1 << 20, ELFIN_ERR_IMAGE, "fixups" },
    { "other_symbol", IMF_OTHERS, 0, 0, 4, 1, ELFIN_ERR_IMAGE, "fixups" },
    { "other_end", IMF_OTHERS, LAST, 8, 4, 1 << 20, ELFIN_ERR_IMAGE, "fixups" },
    { "other_start", IMF_OTHERS, LAST, 4, 4, 0, ELFIN_ERR_IMAGE, "fixups" },
    { "run_type", IMF_STREAM, 0, 0, 1, 0xc0 | 9, ELFIN_ERR_IMAGE, "fixups" },
    { "run_field", IMF_STREAM, 0, 1, 1, 0xff, ELFIN_ERR_IMAGE, "fixups" },
};

static const struct row *current;

static void run_row(void)
{
    struct fixture *f = begin();
    struct blob image = good(f);
    size_t at = current->field;
    char text[1024];

    if (current->table != NONE) {
        uint64_t count, record = current->record;
        size_t size, start = imf_table(&image, (enum imf_table)current->table, &count, &size);

        if (record == LAST)
            record = count - 1;
        REQUIRE(record < count);
        at += start + record * size;
    }
    memcpy(image.data + at, &current->value, current->width);
    imf_seal(&image);
    STATUS(fx_load_blob(f, "evil.img", image), current->status);
    if (f->status != ELFIN_OK) {
        elfin_diag_format(&f->diag, text, sizeof text);
        CHECK_MSG(strstr(text, current->word) != NULL, "no \"%s\" in: %s", current->word, text);
    }
    free(image.data);
    END(f);
}

/* The module's list of slots has room for each once. */
static void one_slot_for_two_symbols(void)
{
    struct fixture *f = begin();
    struct blob image = good(f);
    uint64_t count;
    size_t size, start = imf_table(&image, IMF_SLOTS, &count, &size);

    REQUIRE(count > 2);
    for (uint64_t i = 0; i + 1 < count; i++) {
        struct blob copy = { xmalloc(image.size), image.size };

        memcpy(copy.data, image.data, image.size);
        memcpy(copy.data + start + (i + 1) * size + 4, copy.data + start + i * size + 4, 4);
        imf_seal(&copy);
        STATUS(fx_load_blob(f, "evil.img", copy), ELFIN_ERR_IMAGE);
        free(copy.data);
    }
    free(image.data);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(one_slot_for_two_symbols),
    TEST_CASE(the_whole_is_good),
    TEST_CASE(every_prefix),
    TEST_CASE(every_byte_is_in_the_checksum),
    TEST_CASE(every_field),
    TEST_CASE(every_byte_of_streams_and_symbols),
    TEST_CASE(several_at_once),
    TEST_CASE(several_at_once_alone),
};

int main(int argc, char **argv)
{
    int status = 0;

    for (size_t i = 0; argc < 2 && i < sizeof rows / sizeof rows[0]; i++) {
        struct test_case one = { rows[i].name, run_row };

        current = &rows[i];
        status |= test_run_all("image", &one, 1, 0, argv);
    }
    return status | test_run_all("image", cases, sizeof cases / sizeof cases[0], argc, argv);
}
