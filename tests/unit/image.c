/* SPDX-License-Identifier: MIT */
/*
 * Images: prepared once, loaded many times. That their bytes are those of plain loads is
 * tests/images' business; here is what they do, alone and with others.
 */
#include "tests/lib/expect.h"
#include "tests/lib/image_file.h"

static struct blob bytes_of(struct fixture *f, const char *text)
{
    return imf_make(&f->fake.host, text);
}

static void unload(struct fixture *f, elfin_group *group)
{
    STATUS(elfin_unload(&f->space, group, &f->diag, NULL, NULL), ELFIN_OK);
}

static elfin_group *instantiate(struct fixture *f, elfin_image *image, const char *name)
{
    char text[512];

    fx_instantiate(f, image, name);
    elfin_diag_format(&f->diag, text, sizeof text);
    CHECK_MSG(f->status == ELFIN_OK, "%s", text);
    REQUIRE(f->status == ELFIN_OK);
    NO_COMPLAINT(fx_check_rights(f, f->group));
    return f->group;
}

/* Calls a function of one module, exported or not. */
static uint64_t run_in(struct fixture *f, const char *module, const char *name)
{
    elfin_module *m = elfin_find_module(&f->space, module);
    uint64_t address;

    REQUIRE(m != NULL);
    REQUIRE(elfin_module_lookup(m, name, &address) == ELFIN_OK);
    return ((uint64_t(*)(void))(uintptr_t)address)();
}

static uint64_t address_in(struct fixture *f, const char *module, const char *name)
{
    elfin_module *m = elfin_find_module(&f->space, module);
    uint64_t address = 0;

    REQUIRE(m != NULL);
    REQUIRE(elfin_module_lookup(m, name, &address) == ELFIN_OK);
    return address;
}

/* An image made of one text and objects made of others, in one load. */
static elfin_status load_beside(struct fixture *f, elfin_image *image, bool first, const char *text)
{
    struct blob object = toy(text);
    elfin_input inputs[2] = { { .file = "image.img", .image = image }, { .file = "object.o" } };
    elfin_input *other = &inputs[1];

    if (!first) {
        inputs[1] = inputs[0];
        inputs[0] = (elfin_input){ .file = "object.o" };
        other = &inputs[0];
    }
    other->data = object.data;
    other->size = object.size;
    fx_load_inputs(f, inputs, 2);
    free(object.data);
    return f->status;
}

static const char everything[] =
    "module many; fn one 1; call again one; call ext base; lea near v; var v 5; ptr p v 8; "
    "rel q one; ro r 3; bss z 100; common c 16 32; addr where ext; icall through base; abs a 77; "
    "weak undef maybe; ptr nobody maybe; ctor 1; ctor 2 100; dtor 3; init 4 0; exit 5; "
    "export one; export ext; export v; export p; export q; export where; export near; export c";

static void an_image_does_what_its_object_does(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image = fx_prepare(f, "dir/many.o", everything);
    elfin_group *group;

    LOAD(f, "base.o", "fn base 9");
    group = instantiate(f, image, NULL);
    CHECK(elfin_find_module(&f->space, "many") != NULL);
    CHECK_STR(fx_trace_text(), "2 1 4");
    CHECK_EQ(run_in(f, "many", "again"), 1);
    CHECK_EQ(fx_run(f, "ext"), 9);
    CHECK_EQ(run_in(f, "many", "through"), 9);
    CHECK_EQ(fx_run(f, "near"), fx_lookup(f, "v"));
    CHECK_EQ(fx_run(f, "where"), fx_lookup(f, "ext"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "v")), 5);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "v") + 8);
    CHECK_EQ(fx_read(f, fx_lookup(f, "q")), fx_lookup(f, "one"));
    CHECK_EQ(fx_read(f, address_in(f, "many", "nobody")), 0);
    CHECK_EQ(fx_lookup(f, "c") % 32, 0);
    CHECK_EQ(fx_lookup(f, "again"), 0); /* its records export others only */
    CHECK_EQ(address_in(f, "many", "a"), 77);
    fx_clear_trace();
    STATUS(elfin_image_release(image), ELFIN_ERR_IN_USE);
    unload(f, group);
    CHECK_STR(fx_trace_text(), "5 3");
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

static void an_instance_publishes_when_asked(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image = fx_prepare(f, "one.o", "fn one 1; fn two 2");
    struct blob object = toy("call use one");
    elfin_input inputs[2] = { { .file = "i.o", .name = "second", .image = image },
                              INPUT(object, "user.o") };
    elfin_group *groups[3];

    f->options.flags = 0;
    groups[0] = instantiate(f, image, "first");
    CHECK_EQ(fx_lookup(f, "one"), 0);
    CHECK(fx_symbol(f, "first", "one") != 0);
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "other.o", "call use one");
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK); /* its own group finds it */
    groups[1] = f->group;
    CHECK_EQ(fx_run(f, "use"), 1);
    CHECK_EQ(fx_lookup(f, "one"), 0);
    f->options.flags = ELFIN_LOAD_PUBLISH;
    groups[2] = instantiate(f, image, "third");
    CHECK_EQ(fx_lookup(f, "one"), fx_symbol(f, "third", "one"));
    for (int i = 0; i < 3; i++) {
        unload(f, groups[i]);
    }
    f->options.flags |= ELFIN_LOAD_PRIVATE;
    groups[0] = instantiate(f, image, "first");
    CHECK_EQ(fx_lookup(f, "one"), 0);
    unload(f, groups[0]);
    STATUS(elfin_image_release(image), ELFIN_OK);
    free(object.data);
    END(f);
}

static void several_instances_live_at_once(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image = fx_prepare(f, "many.o", everything);
    elfin_group *groups[3];
    elfin_symbol symbol;
    uint64_t address;

    LOAD(f, "base.o", "fn base 9");
    f->options.flags = 0;
    groups[0] = instantiate(f, image, "first");
    groups[1] = instantiate(f, image, "second");
    f->options.flags |= ELFIN_LOAD_KEEP_SECTIONS;
    groups[2] = instantiate(f, image, "third");
    STATUS(fx_instantiate(f, image, "second"), ELFIN_ERR_MODULE_NAME);
    CHECK_EQ(fx_lookup(f, "one"), 0);
    CHECK_EQ(run_in(f, "first", "again"), 1);
    CHECK_EQ(run_in(f, "second", "ext"), 9);
    CHECK(address_in(f, "first", "v") != address_in(f, "second", "v"));
    *(uint64_t *)(uintptr_t)address_in(f, "first", "v") = 6;
    CHECK_EQ(fx_read(f, address_in(f, "second", "v")), 5);
    CHECK_EQ(fx_read(f, address_in(f, "third", "p")), address_in(f, "third", "v") + 8);
    STATUS(elfin_module_lookup(elfin_find_module(&f->space, "first"), "nothing", &address),
           ELFIN_ERR_NOT_FOUND);
    for (uint32_t i = 0; elfin_module_symbol(elfin_find_module(&f->space, "third"), i, &symbol);
         i++) {
        CHECK(!symbol.exported);
        CHECK_EQ(symbol.address, address_in(f, "third", symbol.name));
    }
    STATUS(elfin_image_release(image), ELFIN_ERR_IN_USE);
    unload(f, groups[1]);
    unload(f, groups[0]);
    STATUS(elfin_image_release(image), ELFIN_ERR_IN_USE);
    unload(f, groups[2]);
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

/* Its own definitions have no names in the load; demands may be of absolute ones. */
static void a_private_instance_refers_to_an_address(void)
{
    struct fixture *f = fx_new_images(FAKE_INVENTED);
    elfin_image *image = fx_prepare(f, "near.o", "abs k 0x40000000; lea l k; fn f 1");
    uint64_t l;

    f->options.flags = ELFIN_LOAD_PRIVATE | ELFIN_LOAD_NO_INIT;
    instantiate(f, image, "near");
    l = fx_symbol(f, "near", "l");
    CHECK(l - 0x40000000 + INT32_MAX <= UINT32_MAX);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

static void a_file_of_an_image_is_loaded_like_an_object(void)
{
    for (int odd = 0; odd < 2; odd++) {
        struct fixture *f = fx_new_images(FAKE_REAL);
        struct blob bytes = bytes_of(f, everything);
        elfin_image *image;
        elfin_group *group;

        f->odd = odd;
        LOAD(f, "base.o", "fn base 9");
        STATUS(fx_load_blob(f, "x.img", bytes), ELFIN_OK);
        CHECK_EQ(fx_run(f, "ext"), 9);
        CHECK(elfin_is_image(bytes.data, bytes.size));
        CHECK(!elfin_is_image(bytes.data, 7));
        unload(f, f->group);
        STATUS(elfin_image_open(&f->fake.host, bytes.data, bytes.size, &image, &f->diag), ELFIN_OK);
        group = instantiate(f, image, "named");
        CHECK_EQ(run_in(f, "named", "ext"), 9);
        unload(f, group);
        STATUS(elfin_image_release(image), ELFIN_OK);
        free(bytes.data);
        END(f);
    }
}

static void an_image_and_objects_link_to_each_other(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image =
        fx_prepare(f, "i.o", "fn mine 1; call theirs f; addr look v; var w 3; lea seen v");

    for (int first = 0; first < 2; first++) {
        STATUS(load_beside(f, image, first, "fn f 7; var v 8; call back mine; lea far w"),
               ELFIN_OK);
        REQUIRE(f->status == ELFIN_OK);
        CHECK_EQ(fx_run(f, "theirs"), 7);
        CHECK_EQ(fx_run(f, "back"), 1);
        CHECK_EQ(fx_run(f, "look"), fx_lookup(f, "v"));
        CHECK_EQ(fx_run(f, "seen"), fx_lookup(f, "v"));
        CHECK_EQ(fx_run(f, "far"), fx_lookup(f, "w"));
        unload(f, f->group);
    }
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

/* Wherever the first lies, the last must reach it and the one before. */
static void images_lie_near_each_other(void)
{
    enum {
        COUNT = 8
    };
    struct fixture *f = fx_new_images(FAKE_INVENTED);
    elfin_input inputs[COUNT] = { 0 };
    elfin_image *images[COUNT];
    char text[80], name[16], files[COUNT][16];

    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "var v%d 1; lea l%d v%d; fn f%d 1", i, i, (i + 1) % COUNT, i);
        snprintf(files[i], sizeof(files[i]), "%d.o", i);
        images[i] = fx_prepare(f, files[i], text);
        inputs[i] = (elfin_input){ .file = files[i], .image = images[i] };
    }
    f->options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_PUBLISH;
    fx_load_inputs(f, inputs, COUNT);
    STATUS(f->status, ELFIN_OK);
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof(name), "l%d", i);
        snprintf(text, sizeof(text), "v%d", (i + 1) % COUNT);
        CHECK(fx_lookup(f, name) - fx_lookup(f, text) + INT32_MAX <= UINT32_MAX);
    }
    unload(f, f->group);
    for (int i = 0; i < COUNT; i++)
        STATUS(elfin_image_release(images[i]), ELFIN_OK);
    END(f);
}

/* One image with a definition that others may override, one that itself uses it. */
static void overridden(const char *image_text, const char *object_text, const char *symbol,
                       elfin_status status)
{
    for (int first = 0; first < 2; first++) {
        struct fixture *f = fx_new_images(FAKE_INVENTED);
        elfin_image *image = fx_prepare(f, "i.o", image_text);

        STATUS(load_beside(f, image, first, object_text), status);
        if (f->status != ELFIN_OK && symbol != NULL)
            CHECK(expect_reported(f, status, symbol));
        if (f->status == ELFIN_OK)
            unload(f, f->group);
        STATUS(elfin_image_release(image), ELFIN_OK);
        END(f);
    }
}

static void what_is_bound_inside_stays_so_or_is_refused(void)
{
    overridden("weak fn f 1; call g f", "fn f 2", "f", ELFIN_ERR_DUPLICATE);
    overridden("weak fn f 1; call g h", "fn f 2; fn h 3", NULL, ELFIN_OK); /* nobody uses it */
    overridden("common c 8 8; ptr p c", "var c 2", "c", ELFIN_ERR_DUPLICATE);
    overridden("common c 8 8; ptr p c", "common c 16 8", "c", ELFIN_ERR_DUPLICATE);
    overridden("common c 8 8; ptr p c", "common c 8 64", "c", ELFIN_ERR_DUPLICATE);
    overridden("fn f 1; call g f", "fn f 2", NULL, ELFIN_ERR_DUPLICATE);
    overridden("fn f 1; call g f", "weak fn f 2", NULL, ELFIN_OK);
    overridden("ptr h __dso_handle; fn __cxa_finalize 1", "var __dso_handle 1", "__dso_handle",
               ELFIN_ERR_DUPLICATE);
}

static void weak_ones_that_come_first_stay(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image = fx_prepare(f, "i.o", "weak fn f 1; call g f; common c 16 16; ptr p c");

    STATUS(load_beside(f, image, true, "weak fn f 2; call h f; common c 8 8; ptr q c"), ELFIN_OK);
    REQUIRE(f->status == ELFIN_OK);
    CHECK_EQ(fx_run(f, "g"), 1);
    CHECK_EQ(fx_run(f, "h"), 1);
    CHECK_EQ(fx_read(f, fx_lookup(f, "q")), fx_lookup(f, "c"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "c"));
    unload(f, f->group);
    STATUS(load_beside(f, image, false, "weak fn f 2; call h f"), ELFIN_ERR_DUPLICATE);
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

static void of_section_groups_the_first_wins(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image = fx_prepare(f, "i.o", "comdat k 1; call g k");

    STATUS(load_beside(f, image, true, "comdat k 2; call h k"), ELFIN_OK);
    REQUIRE(f->status == ELFIN_OK);
    CHECK_EQ(fx_run(f, "g"), 1);
    CHECK_EQ(fx_run(f, "h"), 1);
    unload(f, f->group);
    STATUS(load_beside(f, image, false, "comdat k 2; call h k"), ELFIN_ERR_DUPLICATE);
    CHECK(expect_reported(f, ELFIN_ERR_DUPLICATE, "k"));
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

/* With two sections of the name `set`, and another between them. */
static elfin_image *prepare_apart(struct fixture *f)
{
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object = toy_build(eb, "in sat 1; in other 2; in set 3; in one 4; fn f 1");
    elfin_input input = { .data = object.data, .size = object.size, .file = "j.o" };
    uint32_t name = eb->sections[toy_section(eb, "set")].header.sh_name;
    elfin_image *image;

    blob_set(&object, eb_shdr_at(eb, toy_section(eb, "sat")) + offsetof(Elf64_Shdr, sh_name), 4,
             name);
    REQUIRE(elfin_prepare(&f->fake.host, &input, NULL, &image, &f->diag) == ELFIN_OK);
    free(object.data);
    free(eb);
    return image;
}

static void gathered_sections(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image =
        fx_prepare(f, "i.o", "in set 1; in set 3; ptr from __start_set; ptr to __stop_set");
    elfin_image *plain = prepare_apart(f);
    elfin_group *group = instantiate(f, image, NULL);

    CHECK_EQ(fx_read(f, fx_lookup(f, "to")) - fx_read(f, fx_lookup(f, "from")), 16);
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "from")) + 8), 3);
    unload(f, group);
    STATUS(load_beside(f, image, true, "fn f 1"), ELFIN_OK);
    unload(f, f->group);
    STATUS(load_beside(f, image, true, "in set 4"), ELFIN_ERR_REACH);
    STATUS(load_beside(f, image, true, "var __start_set 4"), ELFIN_ERR_DUPLICATE);
    CHECK(expect_reported(f, ELFIN_ERR_DUPLICATE, "__start_set"));
    /* Others ask for the ends of sections that nobody has put together. */
    STATUS(load_beside(f, plain, true, "ptr p __start_set"), ELFIN_ERR_REACH);
    STATUS(load_beside(f, plain, true, "ptr p __start_one; ptr q __stop_one"), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "q")) - fx_read(f, fx_lookup(f, "p")), 8);
    unload(f, f->group);
    STATUS(elfin_image_release(image), ELFIN_OK);
    STATUS(elfin_image_release(plain), ELFIN_OK);
    END(f);
}

static void indirect_functions(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image = fx_prepare(
        f, "i.o",
        "fn x 7; ifunc f x 1; local ifunc l x 2; call m l; ptr p f; addr a f; call e ext");
    elfin_group *group;

    LOAD(f, "base.o", "fn ext 3; fn y 1; ifunc theirs y");
    group = instantiate(f, image, NULL);
    CHECK_STR(fx_trace_text(), "2 1");
    CHECK_EQ(fx_run(f, "f"), 7);
    CHECK_EQ(fx_run(f, "m"), 7);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "f"));
    CHECK_EQ(fx_run(f, "a"), fx_lookup(f, "f"));
    CHECK_EQ(fx_run(f, "e"), 3);
    unload(f, group);
    f->options.flags = ELFIN_LOAD_PRIVATE;
    group = instantiate(f, image, "own");
    CHECK_EQ(run_in(f, "own", "f"), 7);
    unload(f, group);
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

static void thread_local_variables(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image = fx_prepare(
        f, "i.o",
        "tls t 5; tbss u 8 8; tcommon w 8 8; var v 1; tptr s v; gd get t; ie far theirs; ie l u");
    const elfin_module *owner;
    elfin_group *groups[2];
    int64_t offset, other;

    LOAD(f, "base.o", "tls theirs 6");
    groups[0] = instantiate(f, image, "one");
    STATUS(elfin_lookup_tls(&f->space, "t", &offset, &owner), ELFIN_OK);
    f->options.flags = ELFIN_LOAD_PRIVATE;
    groups[1] = instantiate(f, image, "two");
    STATUS(elfin_lookup_tls(&f->space, "t", &other, &owner), ELFIN_OK);
    CHECK_EQ(offset, other);
    unload(f, groups[0]);
    unload(f, groups[1]);
    STATUS(elfin_image_release(image), ELFIN_OK);
    /* What an import is has to suit its uses. */
    image = fx_prepare(f, "i.o", "ie get theirs");
    f->options.flags = ELFIN_LOAD_PUBLISH;
    LOAD(f, "wrong.o", "var notls 6");
    STATUS(elfin_image_release(image), ELFIN_OK);
    image = fx_prepare(f, "i.o", "ie get notls");
    STATUS(fx_instantiate(f, image, NULL), ELFIN_ERR_TLS);
    CHECK_STR(f->diag.symbol, "notls");
    STATUS(elfin_image_release(image), ELFIN_OK);
    image = fx_prepare(f, "i.o", "ptr p theirs");
    STATUS(fx_instantiate(f, image, NULL), ELFIN_ERR_TLS);
    CHECK_STR(f->diag.symbol, "theirs");
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

static void imports_that_are_missing_are_all_told(void)
{
    struct fixture *f = fx_new_images(FAKE_INVENTED);
    elfin_image *image = fx_prepare(f, "i.o", "call a x; ptr b y; weak undef z; ptr c z");
    struct fx_snapshot before = fx_snapshot(f);

    STATUS(fx_instantiate(f, image, NULL), ELFIN_ERR_UNDEFINED);
    CHECK(expect_reported(f, ELFIN_ERR_UNDEFINED, "x"));
    CHECK(expect_reported(f, ELFIN_ERR_UNDEFINED, "y"));
    CHECK_EQ(f->report_count, 2);
    NO_COMPLAINT(fx_compare(f, &before));
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

static void limits_are_told_with_their_fields(void)
{
    struct fixture *f = fx_new_images(FAKE_INVENTED);
    elfin_image *image = fx_prepare(f, "i.o", "var v 1; mov32s where v; lea near far");
    const elfin_export far = { "far", UINT64_C(0x700000000000) };

    STATUS(fx_export(f, &far, 1), ELFIN_OK);
    STATUS(fx_instantiate(f, image, NULL), ELFIN_ERR_REACH);
    CHECK(expect_reported(f, ELFIN_ERR_REACH, "far"));
    CHECK(expect_reported(f, ELFIN_ERR_REACH, "the module itself"));
    CHECK_STR(f->reports[0].section, ".text");
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

static void pages_may_be_smaller_not_larger(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    struct blob bytes;

    f->fake.host.page_size = 16384;
    bytes = bytes_of(f, "fn f 4; var v 1; ro r 2; bss b 5; ptr p v");
    STATUS(fx_load_blob(f, "x.img", bytes), ELFIN_OK);
    CHECK_EQ(fx_run(f, "f"), 4);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "v"));
    NO_COMPLAINT(fx_check_rights(f, f->group));
    unload(f, f->group);
    free(bytes.data);
    f->fake.host.page_size = 1024;
    bytes = bytes_of(f, "fn f 4");
    f->fake.host.page_size = 0;
    STATUS(fx_load_blob(f, "x.img", bytes), ELFIN_ERR_IMAGE);
    free(bytes.data);
    END(f);
}

static void hosts_that_differ(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    struct blob bytes =
        bytes_of(f, "fn f 4; in .init.text 1 8 ax; in .init.data 2; in .eh_frame 0");

    /* Made for one that gives memory back and knows unwind tables; loaded by one that does not. */
    f->fake.host.trim = NULL;
    f->fake.host.unwind_add = NULL;
    f->fake.host.unwind_remove = NULL;
    fx_again(f);
    f->space.host.images = &elfin_images;
    STATUS(fx_load_blob(f, "x.img", bytes), ELFIN_OK);
    CHECK_EQ(fx_run(f, "f"), 4);
    unload(f, f->group);
    free(bytes.data);
    END(f);

    f = fx_new_images(FAKE_REAL);
    f->fake.host.unwind_add = NULL;
    bytes = (struct blob){ 0 };
    {
        elfin_host without = f->fake.host;

        without.unwind_remove = NULL;
        bytes = imf_make(&without, "fn f 4; in .eh_frame 0");
    }
    STATUS(fx_load_blob(f, "x.img", bytes), ELFIN_ERR_IMAGE);
    CHECK_STR(f->diag.section, ".eh_frame");
    free(bytes.data);
    f->space.host.images = NULL;
    bytes = imf_make(&f->space.host, "fn f 4");
    STATUS(fx_load_blob(f, "x.img", bytes), ELFIN_ERR_TYPE);
    free(bytes.data);
    END(f);
}

static void not_everything_can_be_prepared(void)
{
    struct fixture *f = fx_new_images(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob object = toy_build(eb, "ptr p q; ptr r q");
    elfin_input input = { .data = object.data, .size = object.size, .file = "a.o" };
    elfin_image *image = NULL;
    elfin_inspection inspection;

    /* Two records for one place. */
    blob_set(&object, eb_rela_at(eb, toy_section(eb, ".data"), 1), 8, 4);
    STATUS(elfin_prepare(&f->fake.host, &input, NULL, &image, &f->diag), ELFIN_ERR_RELOCATION);
    CHECK_EQ(f->diag.relocation_index, 1);
    CHECK(image == NULL);
    free(object.data);
    free(eb);
    object = bytes_of(f, "fn f 1");
    input.data = object.data;
    input.size = object.size;
    STATUS(elfin_prepare(&f->fake.host, &input, NULL, &image, &f->diag), ELFIN_ERR_TYPE);
    STATUS(elfin_inspect(&f->fake.host, &input, NULL, &inspection, &f->diag), ELFIN_OK);
    CHECK(inspection.image);
    input.size = 20;
    STATUS(elfin_prepare(&f->fake.host, &input, NULL, &image, &f->diag), ELFIN_ERR_TRUNCATED);
    STATUS(elfin_prepare(&f->fake.host, NULL, NULL, &image, &f->diag), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_prepare(&f->fake.host, &input, NULL, NULL, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_image_open(&f->fake.host, NULL, 0, &image, &f->diag), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_image_release(NULL), ELFIN_ERR_ARGUMENT);
    free(object.data);
    END(f);
}

static void an_instance_is_bound_anew(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image = fx_prepare(f, "i.o",
                                    "call a x; addr b x; icall c x; ptr d x; "
                                    "weak undef w; ptr e w; call h y");
    elfin_group *group;

    LOAD(f, "base.o", "fn x 1; fn y 2; fn z 3");
    f->options.flags = ELFIN_LOAD_REBIND | ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_PUBLISH;
    group = instantiate(f, image, "user");
    CHECK_EQ(fx_run(f, "a"), 1);
    STATUS(fx_rebind(f, "user", "x", "base", "z", 0), ELFIN_OK);
    CHECK_EQ(fx_run(f, "a"), 3);
    CHECK_EQ(fx_run(f, "b"), fx_lookup(f, "z"));
    CHECK_EQ(fx_run(f, "c"), 3);
    CHECK_EQ(fx_read(f, fx_lookup(f, "d")), fx_lookup(f, "z"));
    CHECK_EQ(fx_run(f, "h"), 2);
    /* Far away: through slots and stubs; and back. */
    STATUS(fx_rebind(f, "user", "x", NULL, NULL, (uint64_t)(uintptr_t)fx_trace_text), ELFIN_OK);
    CHECK_EQ(fx_run(f, "b"), (uint64_t)(uintptr_t)fx_trace_text);
    CHECK_EQ(fx_run(f, "a"), (uint64_t)(uintptr_t)fx_trace_text());
    CHECK_EQ(fx_run(f, "c"), (uint64_t)(uintptr_t)fx_trace_text());
    STATUS(fx_rebind(f, "user", "x", "base", "x", 0), ELFIN_OK);
    CHECK_EQ(fx_run(f, "a"), 1);
    CHECK_EQ(fx_run(f, "b"), fx_lookup(f, "x"));
    CHECK_EQ(fx_run(f, "c"), 1);
    unload(f, group);
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

/* A host that has its own copies of pages, in the way of one that maps them. */
static uint64_t offered, offered_bytes;

static bool share(void *ctx, const elfin_region *region, uint64_t offset, uint64_t size,
                  const elfin_image *image, const void *bytes)
{
    (void)ctx;
    CHECK(image != NULL);
    CHECK_EQ(offset % 4096, 0);
    CHECK_EQ(size % 4096, 0);
    CHECK(offset + size <= region->size);
    if (offered++ % 2)
        return false;
    offered_bytes += size;
    memcpy((uint8_t *)region->edit + offset, bytes, size);
    return true;
}

static void pages_without_fixups_may_be_shared(void)
{
    struct fixture *f = fx_new_images(FAKE_REAL);
    elfin_image *image;
    char text[4096] = "call a ext; lea b v; var v 3; ptr p v";
    elfin_group *plain, *shared;
    elfin_block x, y;

    for (int i = 0; i < 5; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "; in .text.%d 1 4096 ax; in .rodata.%d %d 4096 a", i, i, i);
    image = fx_prepare(f, "i.o", text);
    LOAD(f, "base.o", "fn ext 9");
    f->options.flags = ELFIN_LOAD_PRIVATE;
    plain = instantiate(f, image, "plain");
    f->space.host.share = share;
    offered = offered_bytes = 0;
    shared = instantiate(f, image, "shared");
    CHECK(offered >= 2);
    CHECK(offered_bytes >= 4096);
    CHECK_EQ(run_in(f, "shared", "a"), 9);
    CHECK_EQ(run_in(f, "shared", "b"), address_in(f, "shared", "v"));
    REQUIRE(elfin_group_block(plain, 0, &x) && elfin_group_block(shared, 0, &y));
    CHECK_EQ(x.region.size, y.region.size);
    /* What is not the same in both has been written: nothing in constants here. */
    CHECK_MEM((uint8_t *)x.region.edit + x.part[ELFIN_PART_RODATA].offset,
              (uint8_t *)y.region.edit + y.part[ELFIN_PART_RODATA].offset,
              x.part[ELFIN_PART_RODATA].size);
    unload(f, plain);
    unload(f, shared);
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(an_image_does_what_its_object_does),
    TEST_CASE(an_instance_publishes_when_asked),
    TEST_CASE(several_instances_live_at_once),
    TEST_CASE(a_private_instance_refers_to_an_address),
    TEST_CASE(a_file_of_an_image_is_loaded_like_an_object),
    TEST_CASE(an_image_and_objects_link_to_each_other),
    TEST_CASE(images_lie_near_each_other),
    TEST_CASE(what_is_bound_inside_stays_so_or_is_refused),
    TEST_CASE(weak_ones_that_come_first_stay),
    TEST_CASE(of_section_groups_the_first_wins),
    TEST_CASE(gathered_sections),
    TEST_CASE(indirect_functions),
    TEST_CASE(thread_local_variables),
    TEST_CASE(imports_that_are_missing_are_all_told),
    TEST_CASE(limits_are_told_with_their_fields),
    TEST_CASE(pages_may_be_smaller_not_larger),
    TEST_CASE(hosts_that_differ),
    TEST_CASE(not_everything_can_be_prepared),
    TEST_CASE(an_instance_is_bound_anew),
    TEST_CASE(pages_without_fixups_may_be_shared),
};
TEST_MAIN("image", cases)
