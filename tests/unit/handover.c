/* SPDX-License-Identifier: MIT */
/*
 * Handing over: what one space has linked becomes what another one would have loaded at the same
 * addresses, in memory and in all that the library tells; and is used, unloaded and refused like
 * what that loads.
 */
#include "tests/lib/heir.h"
#include "tests/lib/program_file.h"
#include "tests/unit/library.h"

#include <sys/mman.h>

enum {
    AREA = 16384,
    AREA_ALIGN = 64
};

static struct fixture *writer(void)
{
    return heir_new_writer(AREA, AREA_ALIGN);
}

static struct fixture *heir(enum fake_memory memory)
{
    return heir_new_space(memory, AREA, AREA_ALIGN);
}

static void adopt(struct fixture *to, const struct fixture *from)
{
    struct blob d = heir_describe(from);
    char text[512];

    heir_adopt(to, from, d);
    free(d.data);
    elfin_diag_format(&to->diag, text, sizeof text);
    CHECK_MSG(to->status == ELFIN_OK, "%s", text);
    REQUIRE(to->status == ELFIN_OK);
    for (elfin_group *g = elfin_next_group(&to->space, NULL); g != NULL;
         g = elfin_next_group(&to->space, g)) {
        NO_COMPLAINT(fx_check_rights(to, g));
    }
}

static void adopt_fails(struct fixture *to, const struct fixture *from, elfin_status status,
                        const char *word)
{
    struct blob d = heir_describe(from);
    struct fx_snapshot before = fx_snapshot(to);
    char text[512];

    STATUS(heir_adopt(to, from, d), status);
    STATUS(to->diag.status, status);
    CHECK_EQ(to->report_count, 1);
    elfin_diag_format(&to->diag, text, sizeof text);
    CHECK_MSG(strstr(text, word) != NULL, "no \"%s\" in: %s", word, text);
    NO_COMPLAINT(fx_compare(to, &before));
    free(d.data);
}

static elfin_group *group_of(const struct fixture *f, const char *module)
{
    elfin_module *m = elfin_find_module(&f->space, module);
    elfin_module_info info;

    REQUIRE(m != NULL);
    elfin_module_get(m, &info);
    return info.group;
}

/* ---- Equality ---------------------------------------------------------------------------------
 */

static const struct member members[] = {
    { "one.o", "call am1 secret; hidden undef secret; exit 41", "am1" },
    { "two.o", "hidden fn secret 42; call am2 base", "secret am2" },
    { NULL, NULL, NULL },
};

static void load_archive(struct fixture *f)
{
    struct blob lib = library(members, false);

    STATUS(load_with(f, "am.o", "call am am1", &lib, 1), ELFIN_OK);
    free(lib.data);
}

static void load_two_blocks(struct fixture *f)
{
    struct blob a = toy("fn far1 5; call far2 far3; rel fq far3; ctor 51"),
                b = toy("call far3 far1; init 52 0; dtor 53");
    elfin_input inputs[2] = { INPUT(a, "one.o"), INPUT(b, "two.o") };

    inputs[0].flags = inputs[1].flags = ELFIN_INPUT_AT;
    inputs[0].at = UINT64_C(0x3c4000000000);
    inputs[1].at = UINT64_C(0x3c5000000000);
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK);
    free(a.data);
    free(b.data);
}

static int host_counter = 10;

static int host_add(int a, int b)
{
    return a + b;
}

static void load_built(struct fixture *f, const char *name, const char *file)
{
    struct blob object = fx_built(name);
    char text[512];

    REQUIRE(object.data != NULL);
    fx_load_blob(f, file, object);
    elfin_diag_format(&f->diag, text, sizeof text);
    CHECK_MSG(f->status == ELFIN_OK, "%s", text);
    free(object.data);
}

static void export_more(struct fixture *f)
{
    const elfin_export exports[] = { { "host_add", (uint64_t)(uintptr_t)host_add },
                                     { "host_counter", (uint64_t)(uintptr_t)&host_counter } };
    const elfin_export tls[] = { { "host_tls", (uint64_t)fake_tls_host_offset(&f->fake.tls) } };

    STATUS(fx_export(f, exports, 2), ELFIN_OK);
    STATUS(fx_export_tls(f, tls, 1), ELFIN_OK);
}

/* What a compiler makes has unwind tables. */
static void load_compiled(struct fixture *f)
{
    export_more(f);
    load_built(f, "tests/objects/shapes.o", "shapes.o");
    load_built(f, "tests/objects/ifunc.o", "ifunc.o");
    load_built(f, "tests/objects/tls.o", "tls.o");
    LOAD(f, "ht.o", "tundef host_tls; ie ht host_tls");
}

/* Loads of many kinds, the same in each space. */
static void load_many(struct fixture *f)
{
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    LOAD(f, "base.o", "fn base 3; var base_v 4; ctor 1; dtor 2; exit 9; tls bt 5 16");
    LOAD(f, "a.o", "call f g; ctor 11; ctor 10 100; dtor 12; init 13 0; exit 14; common c 64 64",
         "b.o", "fn g 8; call h base; init 15 0; exit 16; needs base; export g; export h", "c.o",
         "module third; interrupts; rel q base_v; ctor 17 100; common c 8 8; comdat cd 1; tls t 7; "
         "ie tt t; ie bb bt; tbss tz 9000; abs k 0x1234; tcommon tc 24 8; tptr tq base_v; "
         "in set 1; ptr ss __start_set");
    load_compiled(f);
    f->options.flags = 0;
    LOAD(f, "i.o", "fn x 7; ifunc if1 x 21; call k1 if2; ctor 22; local ifunc l x; call m1 l",
         "j.o", "fn y 8; ifunc if2 y 24 .init.text; ptr p if1; init 25 0");
    LOAD(f, "d.o", "fn __cxa_finalize 0; ptr dso __dso_handle; dtor 26; fn base 79");
    LOAD(f, "tb.o", "undef _GLOBAL_OFFSET_TABLE_; tbss only_z 8");
    LOAD(f, "nothing.o", "abs only 77; needs d");
    f->options.flags = ELFIN_LOAD_NO_INIT;
    LOAD(f, "still.o", "fn still 1; ctor 99; ifunc si still 98; ptr sp si; in .init.text 5 8 ax");
    f->options.flags = ELFIN_LOAD_PRIVATE;
    LOAD(f, "private.o", "fn base 77; call use_base base; exit 31; in .init.data 5 8 aw");
    f->options.flags = ELFIN_LOAD_REBIND | ELFIN_LOAD_KEEP_SECTIONS;
    LOAD(f, "again.o",
         "fn base 78; icall ia g; addr aa base_v; weak undef nobody; call w nobody; "
         "state 3 base base; exit 32; fini g");
    load_archive(f);
    load_two_blocks(f);
}

static void compare(const char *what, char *a, char *b)
{
    size_t at = 0, line = 0;

    CHECK(strlen(a) > 0);
    for (; a[at] != '\0' && a[at] == b[at]; at++) {
        line = a[at] == '\n' ? at + 1 : line;
    }
    if (a[at] != b[at]) {
        a[line + strcspn(a + line, "\n")] = b[line + strcspn(b + line, "\n")] = '\0';
        CHECK_MSG(false, "%s: \"%.200s\" and \"%.200s\"", what, a + line, b + line);
    }
    free(a);
    free(b);
}

struct life {
    char *told, *started, *ended;
};

static struct life live(struct fixture *f)
{
    struct life life = { heir_tell(f), heir_calls(f), NULL };

    CHECK_EQ(fake_host_count(&f->fake, FAKE_TRIM), 2);
    if (f->fake.run_calls) {
        CHECK_EQ(fx_run(f, "f"), 8);
        CHECK_EQ(fx_run(f, "k1"), 8);
        CHECK_EQ(fx_run(f, "m1"), 7);
        CHECK_EQ(fx_run(f, "am"), 42);
        CHECK_EQ(fx_run(f, "far2"), 5);
        CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(f, "bb"), 5);
        CHECK_EQ(fx_run(f, "tls_count") & 0xffffffff, 1);
    }
    fake_host_rewind(&f->fake);
    STATUS(elfin_space_destroy(&f->space), ELFIN_OK);
    life.ended = heir_calls(f);
    END(f);
    return life;
}

static void an_adopted_space_is_like_a_loaded_one(void)
{
    for (int memory = FAKE_INVENTED; memory <= FAKE_DUAL; memory++) {
        struct fixture *from = writer(), *to;
        struct life adopted, loaded;

        load_many(from);
        CHECK_EQ(fake_host_count(&from->fake, FAKE_CALL), 0);
        CHECK_EQ(fake_host_count(&from->fake, FAKE_TRIM), 0);
        to = heir((enum fake_memory)memory);
        export_more(to);
        adopt(to, from);
        END(from);
        adopted = live(to);
        to = heir((enum fake_memory)memory);
        load_many(to);
        loaded = live(to);
        printf("# compared: %zu bytes of text\n", strlen(adopted.told));
        compare("told", adopted.told, loaded.told);
        compare("started", adopted.started, loaded.started);
        compare("ended", adopted.ended, loaded.ended);
    }
}

/* ---- Use --------------------------------------------------------------------------------------
 */

static void later_groups_use_what_was_adopted(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_REAL);

    LOAD(from, "base.o", "fn base 3; var base_v 4; exit 1", "more.o", "call more base; exit 2");
    LOAD(from, "user.o", "call use more; exit 3");
    adopt(to, from);
    END(from);
    LOAD(to, "late.o", "call late use; ptr p base_v; needs base; fn more 5; exit 4");
    CHECK_EQ(fx_run(to, "late"), 3);
    CHECK_EQ(fx_read(to, fx_read(to, fx_lookup(to, "p"))), 4);
    STATUS(elfin_unload(&to->space, group_of(to, "base"), &to->diag, NULL, NULL), ELFIN_ERR_IN_USE);
    CHECK_STR(to->diag.other, "user");
    STATUS(elfin_unload(&to->space, group_of(to, "late"), NULL, NULL, NULL), ELFIN_OK);
    STATUS(elfin_unload(&to->space, group_of(to, "user"), NULL, NULL, NULL), ELFIN_OK);
    STATUS(elfin_unload(&to->space, group_of(to, "base"), NULL, NULL, NULL), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "4 3 2 1");
    CHECK_EQ(fx_lookup(to, "base"), 0);
    CHECK_EQ(to->fake.live_images, 0);
    END(to);
}

/* Others have some of its names already, and one waits for them. */
static void names_are_published_as_by_a_load(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_INVENTED);
    const elfin_export late[] = { { "y", 0x7000 } };

    LOAD(from, "one.o", "var x 1; var y 11");
    LOAD(from, "two.o", "var x 2; var z 22");
    to->fake.base += 0x1000000;
    LOAD(to, "first.o", "var x 3");
    adopt(to, from);
    STATUS(fx_export(to, late, 1), ELFIN_OK);
    LOAD(to, "last.o", "var z 4");
    CHECK_EQ(fx_read(to, fx_lookup(to, "x")), 3);
    STATUS(elfin_unload(&to->space, group_of(to, "first"), NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(fx_read(to, fx_lookup(to, "x")), 1);
    STATUS(elfin_unload(&to->space, group_of(to, "one"), NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(fx_read(to, fx_lookup(to, "x")), 2);
    CHECK_EQ(fx_lookup(to, "y"), 0x7000);
    CHECK_EQ(fx_read(to, fx_lookup(to, "z")), 22);
    STATUS(elfin_unload(&to->space, group_of(to, "two"), NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(fx_read(to, fx_lookup(to, "z")), 4);
    END(from);
    END(to);
}

/* Hidden names of an archive are for its later members too. */
static void members_of_an_adopted_archive_share_hidden_names(void)
{
    static const struct member more[] = {
        { "one.o", "call am1 secret; hidden undef secret", "am1" },
        { "two.o", "hidden fn secret 42; call am2 base", "secret am2" },
        { "three.o", "call am3 secret; hidden undef secret", "am3" },
        { NULL, NULL, NULL },
    };
    struct fixture *from = writer(), *to = heir(FAKE_REAL);
    struct blob lib = library(more, false);

    LOAD(from, "base.o", "fn base 3");
    STATUS(load_with(from, "am.o", "call am am1", &lib, 1), ELFIN_OK);
    adopt(to, from);
    STATUS(load_with(to, "later.o", "call later am3", &lib, 1), ELFIN_OK);
    CHECK_EQ(fx_run(to, "later"), 42);
    CHECK_EQ(count_modules(to), 6);
    CHECK_EQ(fx_lookup(to, "secret"), 0);
    free(lib.data);
    END(from);
    END(to);
}

static void descriptions_follow_each_other(void)
{
    struct fixture *one = writer(), *two = writer(), *to = heir(FAKE_REAL);

    LOAD(one, "one.o", "fn one 1; tls t1 5; init 1 0; exit 2");
    LOAD(two, "pad.o", "tls pad 0");
    two->fake.base += 0x100000;
    LOAD(two, "two.o", "fn two 2; tls t2 6; init 3 0; exit 4");
    STATUS(elfin_unload(&two->space, group_of(two, "pad"), NULL, NULL, NULL), ELFIN_OK);
    adopt(to, one);
    adopt(to, two);
    CHECK_STR(fx_trace_text(), "1 3");
    CHECK_EQ(fx_run(to, "one") + fx_run(to, "two"), 3);
    END(one);
    END(two);
    END(to);
    CHECK_STR(fx_trace_text(), "1 3 4 2");
}

static void nothing_is_handed_over_as_nothing(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_REAL);

    adopt(to, from);
    CHECK(elfin_next_group(&to->space, NULL) == NULL);
    END(from);
    END(to);
}

static void words_reach_init(void)
{
    char one[] = "one", two[] = "two", *words[] = { one, two, NULL };
    struct fixture *from = writer(), *to = heir(FAKE_REAL);
    struct blob d;

    load_compiled(from);
    d = heir_describe(from);
    STATUS(heir_adopt_words(to, from, d, 2, words), ELFIN_OK);
    CHECK_EQ(fx_read(to, fx_lookup(to, "shapes_seen_argc")) & 0xffffffff, 2);
    CHECK_STR((const char *)(uintptr_t)fx_lookup(to, "shapes_seen_word"), "two");
    free(d.data);
    END(from);
    END(to);
}

/* It was linked so that it could be bound anew; what that needs stays where it was linked. */
static void what_was_adopted_is_not_bound_anew(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_REAL);

    from->options.flags = ELFIN_LOAD_REBIND;
    LOAD(from, "lib.o", "fn g 1");
    LOAD(from, "user.o", "call u g");
    adopt(to, from);
    STATUS(fx_rebind(to, "user", "g", NULL, NULL, 0x4000), ELFIN_ERR_FIXED);
    to->replaces = group_of(to, "lib");
    LOAD_FAILS(to, ELFIN_ERR_FIXED, "lib.o", "fn g 2");
    END(from);
    END(to);
}

/* Nobody uses it, so it can be replaced by what this space loads itself. */
static void what_was_adopted_hands_its_state_over(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_REAL);
    elfin_group *old;

    LOAD(from, "s.o", "fn save 64; fn restore 0; state 1 save restore; fn v 1; exit 1");
    adopt(to, from);
    old = group_of(to, "s");
    to->replaces = old;
    LOAD(to, "s.o", "fn save 64; fn restore 0; state 2 save restore; fn v 2; exit 2");
    CHECK_EQ(fx_run(to, "v"), 2);
    STATUS(elfin_retire(&to->space, old, &to->diag), ELFIN_OK);
    CHECK_STR(fx_trace_text(), ""); /* ELFIN_EXIT of one that has moved is not called */
    END(from);
    END(to);
    CHECK_STR(fx_trace_text(), "2");
}

static void instances_of_images_become_modules(void)
{
    struct fixture *from = fx_new_images(FAKE_INVENTED), *to = heir(FAKE_REAL);
    elfin_image *image;

    from->fake.base = UINT64_C(0x210000000000);
    from->fake.host.starting = &elfin_deferring;
    fx_again(from);
    image = fx_prepare(from, "i.o",
                       "fn one 1; call two base; ctor 1; dtor 2; init 3 0; exit 4; tls t 6; "
                       "ie tt t; weak fn w 1; ifunc if1 one 5; call k if1");
    LOAD(from, "base.o", "fn base 9");
    from->options.flags = ELFIN_LOAD_PUBLISH;
    STATUS(fx_instantiate(from, image, "seen"), ELFIN_OK);
    from->options.flags = 0;
    STATUS(fx_instantiate(from, image, "private"), ELFIN_OK);
    adopt(to, from);
    CHECK_STR(fx_trace_text(), "5 1 3 5 1 3");
    CHECK_EQ(fx_run(to, "two"), 9);
    CHECK_EQ(fx_run(to, "k"), 1);
    CHECK_EQ(fx_lookup(to, "one"), fx_symbol(to, "seen", "one"));
    CHECK(fx_symbol(to, "private", "one") != 0);
    CHECK(fx_symbol(to, "private", "one") != fx_symbol(to, "seen", "one"));
    CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(to, "tt"), 6);
    STATUS(elfin_space_destroy(&from->space), ELFIN_OK);
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(from);
    END(to);
}

/* ---- Hosts that differ ------------------------------------------------------------------------
 */

static void without_trim_init_parts_stay(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_REAL);
    elfin_block block;

    to->fake.host.trim = NULL;
    fx_again(to);
    LOAD(from, "a.o", "fn f 1; in .init.text 5 8 ax; in .init.data 6 8 aw");
    adopt(to, from);
    CHECK(elfin_group_block(group_of(to, "a"), 0, &block));
    CHECK(!block.init_freed && block.part[ELFIN_PART_INIT_TEXT].size > 0);
    CHECK_EQ(fx_read(to, block.region.run + block.part[ELFIN_PART_INIT_DATA].offset), 6);
    END(from);
    END(to);
}

static void unwind_tables_need_two_hosts(void)
{
    for (int who = 0; who < 2; who++) {
        struct fixture *from = writer(), *to = heir(FAKE_REAL), *without = who ? from : to;
        elfin_block block;

        without->fake.host.unwind_add = NULL;
        without->fake.host.unwind_remove = NULL;
        fx_again(without);
        load_built(from, "tests/objects/ifunc.o", "ifunc.o");
        adopt(to, from);
        CHECK(elfin_group_block(group_of(to, "ifunc"), 0, &block));
        CHECK(block.unwind.frames == 0 && block.unwind.index == 0);
        CHECK_EQ(to->fake.live_unwind, 0);
        END(from);
        END(to);
    }
}

static void pages_may_be_smaller_not_larger(void)
{
    for (int larger = 0; larger < 2; larger++) {
        struct fixture *from = writer(), *to = heir(FAKE_INVENTED);

        (larger ? to : from)->fake.host.page_size = 16384;
        fx_again(larger ? to : from);
        LOAD(from, "a.o", "fn f 1; var v 2; ro r 3");
        if (larger) {
            adopt_fails(to, from, ELFIN_ERR_HAND_OVER, "smaller pages");
        } else {
            adopt(to, from);
        }
        END(from);
        END(to);
    }
}

static void take_out(elfin_host *host, int part)
{
    switch (part) {
    case 0:
        host->starting = NULL;
        host->records = NULL;
        break;
    case 1:
        host->users = NULL;
        host->starting = NULL;
        host->records = NULL;
        host->rebinding = NULL;
        break;
    case 2:
        host->threads = NULL;
        host->tls_size = 0;
        break;
    case 3:
        host->waiting = NULL;
        break;
    case 4:
        host->starting = &elfin_deferring;
        break;
    default:
        break;
    }
}

/* What a host leaves out of the library is refused where there is some of it. */
static void hosts_may_lack_parts_of_the_library(void)
{
    static const struct {
        const char *one, *two, *word;
        elfin_status status;
    } rows[] = {
        { "fn f 1; dtor 1", "fn g 1", "would have to be called", ELFIN_ERR_TYPE },
        { "fn f 1", "call g f", "do not use each other", ELFIN_ERR_TYPE },
        { "fn f 1", "tls t 1", "thread-local", ELFIN_ERR_TLS },
        { "fn f 1", "fn f 2", "another group or the host", ELFIN_ERR_DUPLICATE },
        { "fn f 1; ifunc i f", "fn g 2", "puts off", ELFIN_ERR_ARGUMENT },
    };

    for (int i = 0; i < 5; i++) {
        struct fixture *from = writer(), *to = heir(FAKE_REAL), *plain = writer();

        take_out(&to->fake.host, i);
        fx_again(to);
        LOAD(plain, "plain.o", "fn plain 1; var v 2");
        plain->fake.base += 0x1000000;
        adopt(to, plain);
        from->fake.base += 0x2000000;
        LOAD(from, "one.o", rows[i].one);
        LOAD(from, "two.o", rows[i].two);
        adopt_fails(to, from, rows[i].status, rows[i].word);
        END(plain);
        END(from);
        END(to);
    }
}

static void names_of_modules_are_new(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_INVENTED);

    LOAD(from, "other.o", "fn f 1");
    LOAD(from, "same.o", "fn g 1");
    to->fake.base += 0x1000000;
    LOAD(to, "same.o", "fn h 1");
    adopt_fails(to, from, ELFIN_ERR_MODULE_NAME, "same");
    CHECK_STR(to->diag.file, "same");
    STATUS(elfin_unload(&to->space, group_of(to, "same"), NULL, NULL, NULL), ELFIN_OK);
    adopt(to, from);
    END(from);
    END(to);
}

/* Places of thread-local blocks are in the code. */
static void thread_local_places_are_free(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_INVENTED), *small;

    LOAD(from, "pad.o", "tls pad 0");
    LOAD(from, "a.o", "tls a 1");
    to->fake.base += 0x1000000;
    LOAD(to, "x.o", "tls x 1");
    adopt_fails(to, from, ELFIN_ERR_TLS, "has its place");
    STATUS(elfin_unload(&from->space, group_of(from, "pad"), NULL, NULL, NULL), ELFIN_OK);
    adopt(to, from);
    LOAD(to, "y.o", "tls y 1; ie yy y");
    CHECK_EQ(to->fake.tls.count, 3);
    END(from);
    END(to);
    for (int align = 0; align < 2; align++) {
        from = writer();
        LOAD(from, "a.o", align ? "tls a 1 64" : "tls a 1; tbss b 1000");
        small = align ? heir_new_space(FAKE_INVENTED, AREA, 16)
                      : heir_new_space(FAKE_INVENTED, 512, AREA_ALIGN);
        adopt_fails(small, from, ELFIN_ERR_TLS, "outside of the host's");
        END(from);
        END(small);
    }
}

/* The host has given it up before it was handed over: none of its code is called, so it fails. */
static void a_failed_module_stays_failed(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_REAL);
    elfin_module_info info;

    from->options.flags = ELFIN_LOAD_NO_INIT;
    LOAD(from, "a.o", "fn f 1; exit 1");
    elfin_module_fail(elfin_find_module(&from->space, "a"));
    adopt(to, from);
    elfin_module_get(elfin_find_module(&to->space, "a"), &info);
    CHECK(info.flags & ELFIN_MODULE_FAILED);
    from->options.flags = 0;
    LOAD(from, "b.o", "fn g 1; init 1 0");
    STATUS(elfin_space_destroy(&to->space), ELFIN_OK);
    fx_again(to);
    elfin_module_fail(elfin_find_module(&from->space, "b"));
    adopt_fails(to, from, ELFIN_ERR_CALL, "b.o");
    CHECK_STR(fx_trace_text(), "");
    END(from);
    END(to);
}

/* ---- Failures ---------------------------------------------------------------------------------
 */

static void what_ran_is_undone_when_init_fails(void)
{
    static const struct {
        const char *last, *word, *trace;
        elfin_status status;
    } rows[] = {
        { "ctor 8; init 9 5; exit 10", "error number", "1 2 3 4 8 9 4 3 2", ELFIN_ERR_INIT },
        { "fn x 1; ifunc f 0; ctor 8", "returned 0", "1 2 3 4 3 2", ELFIN_ERR_RESOLVER },
    };

    for (int i = 0; i < 2; i++) {
        struct fixture *from = writer(), *to = heir(FAKE_REAL);

        LOAD(from, "one.o", "ctor 1; exit 2; tls t 1");
        LOAD(from, "two.o", "init 2 0; exit 3", "three.o", "init 3 0; needs two");
        LOAD(from, "four.o", "init 4 0; exit 4; dtor 4");
        fx_clear_trace();
        LOAD(from, "last.o", rows[i].last);
        adopt_fails(to, from, rows[i].status, rows[i].word);
        CHECK_STR(fx_trace_text(), i == 0 ? "1 2 3 4 8 9 4 4 3 2" : "1 2 3 4 4 4 3 2");
        CHECK_STR(to->fake.tls.order, "ad");
        END(from);
        END(to);
    }
}

/* The first of two fails: the second has its own, which must not hide that. */
static void one_resolver_fails_of_several(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_REAL);

    LOAD(from, "one.o", "fn x 1; ifunc f 0; exit 1", "two.o", "fn y 1; ifunc g y; init 2 0");
    adopt_fails(to, from, ELFIN_ERR_RESOLVER, "one.o");
    CHECK_STR(fx_trace_text(), "");
    END(from);
    END(to);
}

/* Callbacks that a host may leave out. */
static void hosts_need_not_be_told(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_REAL);

    to->fake.host.tls_attach = NULL;
    to->fake.host.tls_detach = NULL;
    to->fake.host.unwinding = NULL;
    to->fake.host.unwind_add = NULL;
    to->fake.host.unwind_remove = NULL;
    to->fake.host.trim = NULL;
    fx_again(to);
    LOAD(from, "a.o", "fn f 7; tls t 1; in .eh_frame 0; in .init.text 5 8 ax; init 1 0");
    adopt(to, from);
    CHECK_EQ(fx_run(to, "f"), 7);
    CHECK_EQ(to->fake.tls.count, 0);
    END(from);
    END(to);
}

/* What the host gives is not what was asked for. */
static uint64_t wrong_run;
static bool wrong_edit, wrong_size;
static elfin_region given;
static unsigned released;

static elfin_status wrong_take(void *ctx, const elfin_taking *taking, elfin_region *out)
{
    static uint8_t memory[1 << 16] __attribute__((aligned(4096)));

    (void)ctx;
    *out = (elfin_region){ .run = taking->run + wrong_run,
                           .edit = wrong_edit ? NULL : memory,
                           .size = wrong_size ? 0 : taking->size,
                           .cookie = memory };
    given = *out;
    return ELFIN_OK;
}

static void (*fake_release)(void *ctx, const elfin_region *region);

static void count_release(void *ctx, const elfin_region *region)
{
    if (region->cookie == given.cookie) {
        CHECK_MEM(region, &given, sizeof given);
        released++;
    } else {
        fake_release(ctx, region);
    }
}

static void mistakes_of_the_host_are_met(void)
{
    for (int i = 0; i < 3; i++) {
        struct fixture *from = writer(), *to = heir(FAKE_REAL);
        elfin_adoption adoption = ELFIN_ADOPTION_INIT;
        struct blob d;

        fake_release = to->fake.host.release;
        to->fake.host.release = count_release;
        fx_again(to);
        LOAD(from, "a.o", "fn f 1");
        d = heir_describe(from);
        adoption.take = wrong_take;
        wrong_run = i == 0 ? 4096 : 0;
        wrong_edit = i == 1;
        wrong_size = i == 2;
        released = 0;
        STATUS(elfin_space_adopt(&to->space, d.data, d.size, &adoption, &to->diag), ELFIN_ERR_HOST);
        CHECK_EQ(released, 1);
        free(d.data);
        END(from);
        END(to);
    }
}

static elfin_status refuse_second(void *ctx, const elfin_taking *taking, elfin_region *out)
{
    unsigned *count = ctx;

    if (++*count == 2) {
        return ELFIN_ERR_HOST;
    }
    return wrong_take(ctx, taking, out);
}

static void blocks_are_released_that_were_taken(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_REAL);
    elfin_adoption adoption = ELFIN_ADOPTION_INIT;
    unsigned count = 0;
    struct blob d;

    fake_release = to->fake.host.release;
    to->fake.host.release = count_release;
    fx_again(to);
    LOAD(from, "a.o", "fn f 1");
    LOAD(from, "b.o", "fn g 1");
    LOAD(from, "c.o", "fn h 1");
    d = heir_describe(from);
    adoption.take = refuse_second;
    adoption.ctx = &count;
    wrong_run = 0;
    wrong_edit = wrong_size = false;
    released = 0;
    STATUS(elfin_space_adopt(&to->space, d.data, d.size, &adoption, &to->diag), ELFIN_ERR_MEMORY);
    CHECK_STR(to->diag.file, "b.o");
    CHECK_EQ(count, 2);
    CHECK_EQ(released, 1);
    free(d.data);
    END(from);
    END(to);
}

/* Where unwind tables are damaged. */
enum {
    AT_INDEX,
    AT_FRAMES,
    AT_FDE, /* the first */
    AT_END, /* the word behind the last */
    PLACES
};

static const struct {
    int where;
    size_t offset;
    uint32_t value;
} unwind_damages[] = {
    { AT_FRAMES, 0, 0 },
    { AT_FRAMES, 0, 2 },
    { AT_FRAMES, 0, 0xffffffff },
    { AT_FRAMES, 0, 0x7ffffff0 },
    { AT_FDE, 0, 0xffffffff },
    { AT_FDE, 0, 0x10000000 },
    { AT_FDE, 4, 4 },
    { AT_FDE, 4, 0x7ffffff0 },
    { AT_FDE, 4, 0xffffffff },
    { AT_FDE, 4, 16 },
    { AT_END, 0, 1 },
    { AT_END, 0, 4 },
    { AT_INDEX, 0, 0x3b031b02 },
    { AT_INDEX, 0, 0xffff1b01 },
    { AT_INDEX, 4, 0x10 },
    { AT_INDEX, 8, 1 },
    { AT_INDEX, 8, 0x20000000 },
    { AT_INDEX, 12, 0x7fffffff },
    { AT_INDEX, 16, 0 },
    { AT_INDEX, 16, 0x7fffffff },
    { AT_INDEX, 16, 0x80000000 },
};

/* Returns how long the CIE is. */
static uint32_t find_unwind(const elfin_block *b, uint8_t *bytes[PLACES])
{
    uint32_t length;

    bytes[AT_INDEX] = (uint8_t *)b->region.edit + (b->unwind.index - b->region.run);
    bytes[AT_FRAMES] = (uint8_t *)b->region.edit + (b->unwind.frames - b->region.run);
    memcpy(&length, bytes[AT_FRAMES], sizeof length);
    bytes[AT_FDE] = bytes[AT_FRAMES] + 4 + length;
    bytes[AT_END] = bytes[AT_FRAMES] + b->unwind.frames_size - 4;
    return length;
}

/* What the blocks hold, changed behind the loader's back: unwinders would believe it. */
static void damaged_unwind_tables_are_refused(void)
{
    struct fixture *from = writer(), *to = heir(FAKE_INVENTED);
    uint32_t length, *word;
    uint8_t *bytes[PLACES];
    elfin_block b;

    load_built(from, "tests/objects/ifunc.o", "ifunc.o");
    REQUIRE(elfin_group_block(from->group, 0, &b));
    REQUIRE(b.unwind.frames_size > 64 && b.unwind.index_size >= 12 + 2 * 8);
    REQUIRE(mprotect(b.region.edit, b.region.size, PROT_READ | PROT_WRITE) == 0);
    length = find_unwind(&b, bytes);
    for (size_t i = 0; i < sizeof unwind_damages / sizeof unwind_damages[0]; i++) {
        uint32_t old;

        word = (uint32_t *)(void *)(bytes[unwind_damages[i].where] + unwind_damages[i].offset);
        old = *word;
        CHECK(old != unwind_damages[i].value);
        *word = unwind_damages[i].value;
        adopt_fails(to, from, ELFIN_ERR_HAND_OVER, "unwind tables");
        *word = old;
        CHECK_MSG(test_state.failures == 0, "damage %zu", i);
        REQUIRE_NO_FAILURE();
    }
    /* The first row leads to the CIE, which is no function's. */
    word = (uint32_t *)(void *)(bytes[AT_INDEX] + 16);
    *word = (uint32_t)(b.unwind.frames - b.unwind.index);
    adopt_fails(to, from, ELFIN_ERR_HAND_OVER, "unwind tables");
    *word += 4 + length;
    adopt(to, from);
    END(from);
    END(to);
}

/* ---- The space that links ---------------------------------------------------------------------
 */

static void hand_over_refuses(const struct fixture *f, elfin_status status, const char *word)
{
    uint8_t bytes[16384];
    uint64_t size = 0;
    elfin_diag diag;
    char text[512];

    STATUS(elfin_space_hand_over(&f->space, NULL, bytes, sizeof bytes, &size, &diag), status);
    STATUS(diag.status, status);
    elfin_diag_format(&diag, text, sizeof text);
    CHECK_MSG(strstr(text, word) != NULL, "no \"%s\" in: %s", word, text);
}

/* Here its code may be in another kernel's addresses: it is never called. */
static void a_space_that_defers_calls_nothing(void)
{
    struct fixture *f = writer();
    elfin_indirect indirect;
    uint64_t n = 0;

    LOAD(f, "a.o", "ctor 1; dtor 2; init 3 0; exit 4; fn x 1; ifunc i x 5");
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    LOAD(f, "a.o", "ctor 1; dtor 2; init 3 0; exit 4; fn x 1; ifunc i x 5");
    CHECK(elfin_module_indirect(elfin_next_module(f->group, NULL), 0, &indirect));
    CHECK(fx_read(f, indirect.slot) != 0); /* a trap */
    do {
        fake_host_rewind(&f->fake);
        f->fake.fail_at = ++n;
        f->fake.fail_for_ever = true;
    } while (fx_load(f, "b.o", "ctor 1; exit 4", NULL) != ELFIN_OK);
    f->fake.fail_at = 0;
    CHECK(n > 5);
    CHECK_EQ(fake_host_count(&f->fake, FAKE_CALL), 0);
    END(f);
}

static void what_has_run_is_not_handed_over(void)
{
    struct fixture *f = heir(FAKE_REAL), *to;

    f->options.flags = ELFIN_LOAD_NO_INIT;
    LOAD(f, "still.o", "fn f 1; init 1 0");
    to = heir(FAKE_INVENTED);
    adopt(to, f);
    CHECK_EQ(fake_host_count(&to->fake, FAKE_CALL), 0);
    f->options.flags = 0;
    LOAD(f, "ran.o", "fn g 1");
    hand_over_refuses(f, ELFIN_ERR_ARGUMENT, "ran.o: ");
    hand_over_refuses(f, ELFIN_ERR_ARGUMENT, "run here already");
    END(to);
    END(f);
}

static void linked_files_are_not_handed_over(void)
{
    struct fixture *f = fx_new_programs(FAKE_INVENTED);
    static struct program_file pf;
    struct blob file;

    pf_init(&pf, ET_DYN, 0);
    file = pf_blob(&pf, PF_SIZE);
    f->options.flags = ELFIN_LOAD_NO_INIT;
    STATUS(fx_load_blob(f, "a.so", file), ELFIN_OK);
    hand_over_refuses(f, ELFIN_ERR_TYPE, "shared object cannot be handed over");
    f->fake.host.starting = &elfin_deferring;
    fx_again(f);
    STATUS(fx_load_blob(f, "a.so", file), ELFIN_ERR_TYPE);
    free(file.data);
    END(f);
}

static void retired_groups_and_younger_ones_stay(void)
{
    struct fixture *f = writer();
    elfin_group *old;

    f->options.flags = ELFIN_LOAD_REBIND;
    LOAD(f, "a.o", "fn g 1; var spare 1");
    LOAD(f, "user.o", "call u g; weak undef h; ptr p h");
    LOAD(f, "young.o", "fn h 1");
    STATUS(fx_rebind(f, "user", "h", "young", NULL, 0), ELFIN_OK);
    hand_over_refuses(f, ELFIN_ERR_CIRCLE, "user.o");
    STATUS(fx_rebind(f, "user", "h", NULL, NULL, 0), ELFIN_OK);
    old = group_of(f, "a");
    f->replaces = old;
    LOAD(f, "a.o", "fn g 2");
    hand_over_refuses(f, ELFIN_ERR_ARGUMENT, "was replaced");
    STATUS(elfin_retire(&f->space, old, NULL), ELFIN_OK);
    hand_over_refuses(f, ELFIN_ERR_CIRCLE, "user.o"); /* it uses the new one */
    END(f);
}

static uint64_t odd_physical(void *ctx, const elfin_region *region)
{
    (void)ctx;
    return region->run + 8;
}

static void arguments(void)
{
    struct fixture *f = writer(), *to = heir(FAKE_INVENTED);
    elfin_hand_over options = ELFIN_HAND_OVER_INIT;
    elfin_adoption adoption = ELFIN_ADOPTION_INIT;
    uint64_t size = 0, small = 0;
    uint8_t byte = 0xa5;
    struct blob d;

    LOAD(f, "a.o", "fn f 1");
    d = heir_describe(f);
    STATUS(elfin_space_hand_over(&f->space, NULL, NULL, 0, &size, NULL), ELFIN_OK);
    CHECK_EQ(size, d.size);
    STATUS(elfin_space_hand_over(&f->space, NULL, &byte, 1, &small, &f->diag), ELFIN_ERR_ARGUMENT);
    CHECK_STR(elfin_diag_detail(&f->diag), "the buffer is too small");
    CHECK(small == size && byte == 0xa5);
    STATUS(elfin_space_hand_over(NULL, NULL, NULL, 0, &size, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_space_hand_over(&f->space, NULL, NULL, 0, NULL, NULL), ELFIN_ERR_ARGUMENT);
    options.physical = odd_physical;
    STATUS(elfin_space_hand_over(&f->space, &options, NULL, 0, &size, &f->diag),
           ELFIN_ERR_ARGUMENT);
    CHECK_STR(f->diag.file, "a.o");
    options.struct_size = 0;
    STATUS(elfin_space_hand_over(&f->space, &options, NULL, 0, &size, NULL), ELFIN_ERR_ARGUMENT);

    STATUS(elfin_space_adopt(&to->space, d.data, d.size, &adoption, &to->diag), ELFIN_ERR_ARGUMENT);
    adoption.take = wrong_take;
    STATUS(elfin_space_adopt(NULL, d.data, d.size, &adoption, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_space_adopt(&to->space, NULL, 0, &adoption, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_space_adopt(&to->space, d.data, d.size, NULL, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_space_adopt(&to->space, d.data, 0, &adoption, NULL), ELFIN_ERR_TRUNCATED);
    adoption.struct_size = 0;
    STATUS(elfin_space_adopt(&to->space, d.data, d.size, &adoption, NULL), ELFIN_ERR_ARGUMENT);
    free(d.data);
    END(f);
    END(to);
}

/* The same space is described by the same bytes, wherever the host keeps its own. */
static void descriptions_hold_no_pointer(void)
{
    struct fixture *one = writer(), *two = writer();
    void *between = xmalloc(123456);
    struct blob a, b;

    load_many(one);
    LOAD(two, "other.o", "fn other 1");
    STATUS(elfin_unload(&two->space, two->group, NULL, NULL, NULL), ELFIN_OK);
    load_many(two);
    a = heir_describe(one);
    b = heir_describe(two);
    CHECK_EQ(a.size, b.size);
    CHECK(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
    free(between);
    free(a.data);
    free(b.data);
    END(one);
    END(two);
}

static const struct test_case cases[] = {
    TEST_CASE(an_adopted_space_is_like_a_loaded_one),
    TEST_CASE(later_groups_use_what_was_adopted),
    TEST_CASE(names_are_published_as_by_a_load),
    TEST_CASE(members_of_an_adopted_archive_share_hidden_names),
    TEST_CASE(descriptions_follow_each_other),
    TEST_CASE(nothing_is_handed_over_as_nothing),
    TEST_CASE(words_reach_init),
    TEST_CASE(what_was_adopted_is_not_bound_anew),
    TEST_CASE(what_was_adopted_hands_its_state_over),
    TEST_CASE(instances_of_images_become_modules),
    TEST_CASE(without_trim_init_parts_stay),
    TEST_CASE(unwind_tables_need_two_hosts),
    TEST_CASE(pages_may_be_smaller_not_larger),
    TEST_CASE(hosts_may_lack_parts_of_the_library),
    TEST_CASE(names_of_modules_are_new),
    TEST_CASE(thread_local_places_are_free),
    TEST_CASE(a_failed_module_stays_failed),
    TEST_CASE(what_ran_is_undone_when_init_fails),
    TEST_CASE(one_resolver_fails_of_several),
    TEST_CASE(hosts_need_not_be_told),
    TEST_CASE(mistakes_of_the_host_are_met),
    TEST_CASE(blocks_are_released_that_were_taken),
    TEST_CASE(damaged_unwind_tables_are_refused),
    TEST_CASE(a_space_that_defers_calls_nothing),
    TEST_CASE(what_has_run_is_not_handed_over),
    TEST_CASE(linked_files_are_not_handed_over),
    TEST_CASE(retired_groups_and_younger_ones_stay),
    TEST_CASE(arguments),
    TEST_CASE(descriptions_hold_no_pointer),
};

TEST_MAIN("handover", cases)
