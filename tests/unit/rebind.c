/* SPDX-License-Identifier: MIT */
/* Binding imports anew: each kind of field, near and far, and what is refused. */
#include "loader/arch.h"
#include "loader/name.h" /* to make names that collide */
#include "tests/lib/expect.h"
#include "tests/lib/image_file.h"
#include "tests/lib/replica.h"

enum {
    REBIND = ELFIN_LOAD_REBIND | ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_PUBLISH
};

/* Two addresses near the modules, and two far from them. */
#define BASE UINT64_C(0x40000000)
#define FAR  UINT64_C(0x123400000000)

/* Modules are loaded as instances of images. */
static bool as_images;

static struct fixture *space_at(uint64_t base)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    f->fake.base = base;
    f->options.near = base;
    f->options.flags = REBIND;
    f->fake.host.images = f->space.host.images = &elfin_images;
    return f;
}

static elfin_image *prepare(struct fixture *f, const char *text)
{
    struct blob object = toy(text);
    elfin_input input = INPUT(object, "u.o");
    elfin_image *image = NULL;

    STATUS(elfin_prepare(&f->fake.host, &input, NULL, &image, &f->diag), ELFIN_OK);
    free(object.data);
    REQUIRE(image != NULL);
    return image;
}

static void export(struct fixture *f, const char *name, uint64_t address)
{
    elfin_export row = { name, address };

    STATUS(fx_export(f, &row, 1), ELFIN_OK);
}

/* The group is what a load of `text` gives where x has that address. */
static void is_like_a_load(struct fixture *f, elfin_group *group, const char *text, uint64_t x)
{
    struct blob object = toy(text);
    elfin_input input = INPUT(object, "u.o");
    elfin_export imports[] = { { "x", x }, { "y", BASE + 0x5000 }, { NULL, 0 } };
    struct replica replica = {
        .inputs = &input, .count = 1, .imports = x != 0 ? imports : imports + 1, .flags = REBIND
    };

    NO_COMPLAINT(replica_compare(f, group, &replica));
    NO_COMPLAINT(fx_check_rights(f, group));
    free(object.data);
}

/* From each address to each, and back: always what a load gives. */
static void goes_everywhere(const char *text, bool only_near)
{
    static const uint64_t addresses[] = {
        BASE + 0x10000,
        BASE + 0x20000,
        BASE - 0x1000,
        BASE + 0x10002,
        FAR,
        FAR + 1,
        ~UINT64_C(0xfff),
        BASE + 0x7fff0000,
        BASE + 0x80000000u,
        BASE + 0x80000ffeu,
        BASE + 0x80000fffu,
        BASE + 0x80001010u,
    };
    size_t count = only_near ? 4 : sizeof addresses / sizeof addresses[0];
    struct fixture *f = space_at(BASE);
    elfin_image *image = NULL;

    export(f, "x", addresses[0]);
    export(f, "y", BASE + 0x5000);
    if (as_images) {
        elfin_input input = { .file = "u.o", .name = "u", .image = image = prepare(f, text) };

        STATUS(fx_load_inputs(f, &input, 1), ELFIN_OK);
    } else {
        LOAD(f, "u.o", text);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            STATUS(fx_rebind(f, "u", "x", NULL, NULL, addresses[i]), ELFIN_OK);
            is_like_a_load(f, f->group, text, addresses[i]);
            STATUS(fx_rebind(f, NULL, "x", NULL, NULL, addresses[k]), ELFIN_OK);
            is_like_a_load(f, f->group, text, addresses[k]);
            REQUIRE_NO_FAILURE();
        }
    }
    CHECK_EQ(f->left_count, 0);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    if (image != NULL) {
        STATUS(elfin_image_release(image), ELFIN_OK);
    }
    END(f);
}

static void branches(void)
{
    goes_everywhere("call a x; call b x; call c x; call d y", false);
}

static void slots(void)
{
    goes_everywhere("addr a x; addr b x; icall c x; icall d x; addr e y", false);
}

static void words(void)
{
    goes_everywhere("ptr p x; ptr q x 8; rel r x; rel s x -16; ptr t y", false);
}

static void all_at_once(void)
{
    goes_everywhere("call a x; addr b x; icall c x; ptr p x; rel r x; call d x; weak undef x2; "
                    "call e x2; addr g x2",
                    false);
}

static void displacements(void)
{
    goes_everywhere("lea a x; call b x; lea c x; icall d x", true);
}

static void narrow_words(void)
{
    goes_everywhere("mov32 a x; mov32s b x; call c x", true);
}

static void instances_too(void)
{
    as_images = true;
    branches();
    slots();
    words();
    all_at_once();
    displacements();
    narrow_words();
    as_images = false;
}

static void a_weak_import_comes_and_goes(void)
{
    static const char text[] = "weak undef x; call a x; addr b x; icall c x; ptr p x; rel r x";
    struct fixture *f = space_at(BASE);
    elfin_group *group;

    export(f, "y", BASE + 0x5000);
    LOAD(f, "u.o", text);
    group = f->group;
    is_like_a_load(f, group, text, 0);
    for (int i = 0; i < 3; i++) {
        STATUS(fx_rebind(f, "u", "x", NULL, NULL, BASE + 0x3000), ELFIN_OK);
        is_like_a_load(f, group, text, BASE + 0x3000);
        STATUS(fx_rebind(f, "u", "x", NULL, NULL, 0), ELFIN_OK);
        is_like_a_load(f, group, text, 0);
        STATUS(fx_rebind(f, "u", "x", NULL, NULL, FAR), ELFIN_OK);
        is_like_a_load(f, group, text, FAR);
        STATUS(fx_rebind(f, "u", "x", NULL, NULL, 0), ELFIN_OK);
    }
    END(f);
}

static void modules_run_with_what_they_are_bound_to(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    f->options.flags = REBIND;
    LOAD(f, "one.o", "fn x 1");
    LOAD(f, "two.o", "fn z 2");
    LOAD(f, "u.o", "call call_x x; addr addr_x x; icall icall_x x; ptr p x");
    CHECK_EQ(fx_run(f, "call_x"), 1);
    STATUS(fx_rebind(f, "u", "x", "two", "z", 0), ELFIN_OK);
    CHECK_EQ(fx_run(f, "call_x"), 2);
    CHECK_EQ(fx_run(f, "icall_x"), 2);
    CHECK_EQ(fx_run(f, "addr_x"), fx_lookup(f, "z"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "z"));
    END(f);
}

static void edges_follow(void)
{
    struct fixture *f = space_at(BASE);
    elfin_group *one, *two;

    LOAD(f, "one.o", "fn x 1; fn w 1");
    one = f->group;
    LOAD(f, "two.o", "fn z 2");
    two = f->group;
    LOAD(f, "u.o", "call a x; call b w");
    STATUS(elfin_unload(&f->space, one, &f->diag, NULL, NULL), ELFIN_ERR_IN_USE);
    STATUS(fx_rebind(f, "u", "x", "two", "z", 0), ELFIN_OK);
    STATUS(elfin_unload(&f->space, one, &f->diag, NULL, NULL), ELFIN_ERR_IN_USE);
    STATUS(elfin_unload(&f->space, two, &f->diag, NULL, NULL), ELFIN_ERR_IN_USE);
    STATUS(fx_rebind(f, "u", "w", NULL, NULL, BASE), ELFIN_OK);
    STATUS(elfin_unload(&f->space, one, &f->diag, NULL, NULL), ELFIN_OK);
    STATUS(fx_rebind(f, "u", "x", NULL, NULL, BASE), ELFIN_OK);
    STATUS(elfin_unload(&f->space, two, &f->diag, NULL, NULL), ELFIN_OK);
    END(f);
}

static void as_a_load_would_bind_it(void)
{
    struct fixture *f = space_at(BASE);
    uint64_t old;

    LOAD(f, "one.o", "fn x 1");
    old = fx_lookup(f, "x");
    LOAD(f, "u.o", "ptr p x");
    STATUS(fx_rebind(f, "u", "x", NULL, NULL, BASE), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), BASE);
    STATUS(elfin_rebind(&f->space, NULL, "x", NULL, NULL, &f->diag), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), old);
    END(f);
}

static void changed_data_is_left(void)
{
    struct fixture *f = space_at(BASE);
    uint64_t p, q, other = 0x1234;

    export(f, "x", BASE);
    LOAD(f, "u.o", "ptr p x; ptr q x; rel r x");
    p = fx_lookup(f, "p");
    q = fx_lookup(f, "q");
    memcpy(fake_host_edit(&f->fake, q, 8), &other, 8);
    STATUS(fx_rebind(f, NULL, "x", NULL, NULL, FAR), ELFIN_OK);
    CHECK_EQ(fx_read(f, p), FAR);
    CHECK_EQ(fx_read(f, q), other);
    REQUIRE(f->left_count == 1);
    CHECK_EQ(f->left[0].address, q);
    CHECK_EQ(f->left[0].value, other);
    CHECK_STR(f->left[0].symbol, "x");
    CHECK_STR(f->left[0].section, ".data");
    CHECK(!f->left[0].is_tls && f->left[0].module == elfin_find_module(&f->space, "u"));
    END(f);
}

/* All bytes of all groups, rights and users, before and after a call that has to fail. */
static void refused(struct fixture *f, elfin_status expected, const char *user, const char *name,
                    const char *module, const char *symbol, uint64_t address)
{
    struct fx_snapshot before = fx_snapshot(f);
    uint8_t *copy = NULL;
    elfin_block block;

    REQUIRE(elfin_group_block(f->group, 0, &block));
    copy = xmalloc(block.region.size);
    memcpy(copy, fake_host_edit(&f->fake, block.region.run, block.region.size), block.region.size);
    STATUS(fx_rebind(f, user, name, module, symbol, address), expected);
    STATUS(f->diag.status, expected);
    NO_COMPLAINT(fx_compare(f, &before));
    NO_COMPLAINT(fx_check_rights(f, f->group));
    CHECK(memcmp(copy, fake_host_edit(&f->fake, block.region.run, block.region.size),
                 block.region.size) == 0);
    free(copy);
}

static void what_cannot_reach_is_refused(void)
{
    struct fixture *f = space_at(BASE);

    export(f, "x", BASE);
    LOAD(f, "u.o", "call c x; lea a x; addr d x; ptr p x; mov32 b x");
    refused(f, ELFIN_ERR_RANGE, "u", "x", NULL, NULL, FAR);
    CHECK_STR(f->diag.file, "u");
    CHECK_STR(f->diag.symbol, "x");
    CHECK(f->diag.have & ELFIN_DIAG_LIMITS && f->diag.have & ELFIN_DIAG_PLACE);
    STATUS(fx_rebind(f, "u", "x", NULL, NULL, BASE + 64), ELFIN_OK);
    END(f);
}

static void what_makes_no_sense_is_refused(void)
{
    struct fixture *f = space_at(BASE);

    export(f, "x", BASE);
    LOAD(f, "one.o", "fn w 1; call h w");
    f->options.flags = 0;
    LOAD(f, "plain.o", "call p x");
    f->options.flags = REBIND;
    LOAD(f, "u.o", "call z0 x; call z1 w");
    refused(f, ELFIN_ERR_NOT_FOUND, NULL, "nothing", NULL, NULL, BASE);
    refused(f, ELFIN_ERR_NOT_FOUND, "u", "h", NULL, NULL, BASE);
    refused(f, ELFIN_ERR_NOT_FOUND, "u", "x", "one", "nothing", 0);
    refused(f, ELFIN_ERR_NOT_FOUND, "u", "x", "one", NULL, 0);
    refused(f, ELFIN_ERR_FIXED, "plain", "x", NULL, NULL, BASE);
    refused(f, ELFIN_ERR_UNDEFINED, "u", "x", NULL, NULL, 0);
    STATUS(elfin_rebind(&f->space, NULL, NULL, NULL, NULL, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_rebind(&f->space, NULL, "", NULL, NULL, NULL), ELFIN_ERR_ARGUMENT);
    END(f);
}

static void circles_are_refused(void)
{
    struct fixture *f = space_at(BASE);

    export(f, "x", BASE);
    LOAD(f, "low.o", "fn l 1; call c x");
    LOAD(f, "middle.o", "call m l");
    LOAD(f, "high.o", "call h m");
    refused(f, ELFIN_ERR_CIRCLE, "low", "x", "high", "h", 0);
    CHECK(expect_names(&f->diag, "low", "high"));
    STATUS(fx_rebind(f, "low", "x", "low", "l", 0), ELFIN_OK);
    END(f);
}

/* All that import it, but the target's own group: it calls the function that it stands before. */
static void one_stands_before_another(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    f->options.flags = REBIND;
    LOAD(f, "lib.o", "fn x 1");
    LOAD(f, "a.o", "call a x");
    LOAD(f, "hook.o", "fn hook 7; call under x");
    STATUS(fx_rebind(f, NULL, "x", "hook", "hook", 0), ELFIN_OK);
    CHECK_EQ(fx_run(f, "a"), 7);
    CHECK_EQ(fx_run(f, "under"), 1);
    END(f);
}

static void needs_a_host_that_wants_it(void)
{
    struct fixture *f = space_at(BASE);

    f->space.host.rebinding = NULL;
    LOAD_FAILS(f, ELFIN_ERR_ARGUMENT, "a.o", "fn f 1");
    f->space.host.rebinding = &elfin_rebinding;
    LOAD(f, "a.o", "fn f 1");
    END(f);
}

/* Each host call fails once, and from then on. */
static void host_calls_fail(void)
{
    unsigned tried = 0;

    for (uint64_t n = 1; n < 100; n++) {
        struct fixture *f = space_at(BASE);
        uint64_t calls;

        export(f, "x", BASE);
        LOAD(f, "a.o", "call a x; icall b x; addr c x; ptr p x; rel r x");
        LOAD(f, "b.o", "call d x; icall e x; rel s x; ro k 1");
        fake_host_rewind(&f->fake);
        f->fake.fail_at = n;
        calls = f->fake.fallible;
        if (fx_rebind(f, NULL, "x", NULL, NULL, FAR) == ELFIN_OK) {
            CHECK(f->fake.fallible - calls < n);
            END(f);
            break;
        }
        f->fake.fail_at = 0;
        refused(f, ELFIN_ERR_UNDEFINED, NULL, "x", NULL, NULL, 0);
        CHECK_EQ(fx_read(f, fx_lookup(f, "p")), BASE);
        CHECK_EQ(fx_read(f, fx_lookup(f, "s")), BASE);
        for (elfin_group *g = NULL; (g = elfin_next_group(&f->space, g)) != NULL;)
            NO_COMPLAINT(fx_check_rights(f, g));
        STATUS(fx_rebind(f, NULL, "x", NULL, NULL, FAR), ELFIN_OK);
        CHECK_EQ(fx_read(f, fx_lookup(f, "s")), FAR);
        END(f);
        tried++;
        REQUIRE_NO_FAILURE();
    }
    printf("# %u failing host calls\n", tried);
    CHECK(tried >= 8);
}

static void thread_local_imports(void)
{
    static const char text[] = "tundef x; gd a x; ie b x; desc d x; slot e x";
    struct fixture *f = fx_new_tls(FAKE_INVENTED, 4096, 64);
    struct blob object = toy(text);
    elfin_input input = INPUT(object, "u.o");
    elfin_export one[] = { { "x", (uint64_t)-8192 }, { NULL, 0 } };
    elfin_export two[] = { { "x", (uint64_t)-8200 }, { NULL, 0 } };
    struct replica replica = { .inputs = &input, .count = 1, .flags = REBIND };

    f->options.flags = REBIND;
    STATUS(fx_export_tls(f, one, 1), ELFIN_OK);
    STATUS(fx_load_blob(f, "u.o", object), ELFIN_OK);
    replica.tls_imports = one;
    NO_COMPLAINT(replica_compare(f, f->group, &replica));
    STATUS(fx_rebind(f, "u", "x", NULL, NULL, two[0].address), ELFIN_OK);
    replica.tls_imports = two;
    NO_COMPLAINT(replica_compare(f, f->group, &replica));
    LOAD(f, "v.o", "fn g 1");
    STATUS(fx_rebind(f, "u", "x", "v", "g", 0), ELFIN_ERR_TLS);
    NO_COMPLAINT(fx_violation(f));
    free(object.data);
    END(f);
}

/* ---- Many imports at once -------------------------------------------------------------------- */

/* Which import gets which target; the others are kept. Ends with a NULL name. */
struct wish {
    const char *name;
    elfin_target target;
    elfin_choice choice;
};

static elfin_choice wanted(void *ctx, const elfin_import *import, elfin_target *target)
{
    for (const struct wish *wish = ctx; wish->name != NULL; wish++) {
        if (strcmp(wish->name, import->name) == 0) {
            *target = wish->target;
            return wish->choice;
        }
    }
    return ELFIN_CHOICE_KEEP;
}

static elfin_status rebind_all(struct fixture *f, const char *user, struct wish *wishes)
{
    elfin_module *module = user != NULL ? elfin_find_module(&f->space, user) : NULL;

    f->left_count = 0;
    return elfin_rebind_all(&f->space, module, wishes != NULL ? wanted : NULL, wishes, &f->change,
                            &f->diag);
}

static void many_at_once(void)
{
    static const char text[] = "call a x; addr b x; icall c y; ptr p x; rel r y; call d y; ptr q y";
    struct fixture *f = space_at(BASE);
    struct wish wishes[] = { { "x", { .address = FAR }, ELFIN_CHOICE_TARGET },
                             { "y", { .address = BASE + 0x7000 }, ELFIN_CHOICE_TARGET },
                             { 0 } };
    elfin_export near[] = { { "x", BASE }, { "y", BASE + 0x5000 }, { NULL, 0 } };
    elfin_export far[] = { { "x", FAR }, { "y", BASE + 0x7000 }, { NULL, 0 } };
    struct blob object = toy(text);
    elfin_input input = INPUT(object, "u.o");
    struct replica replica = { .inputs = &input, .count = 1, .flags = REBIND };
    uint64_t q, other = 77;

    STATUS(fx_export(f, near, 2), ELFIN_OK);
    LOAD(f, "u.o", text);
    for (int i = 0; i < 2; i++) {
        STATUS(rebind_all(f, "u", wishes), ELFIN_OK);
        replica.imports = far;
        NO_COMPLAINT(replica_compare(f, f->group, &replica));
        NO_COMPLAINT(fx_check_rights(f, f->group));
        STATUS(rebind_all(f, NULL, NULL), ELFIN_OK);
        replica.imports = near;
        NO_COMPLAINT(replica_compare(f, f->group, &replica));
    }
    CHECK_EQ(f->left_count, 0);
    q = fx_lookup(f, "q");
    memcpy(fake_host_edit(&f->fake, q, 8), &other, 8);
    STATUS(rebind_all(f, "u", NULL), ELFIN_OK); /* nothing is written: nothing is left */
    CHECK_EQ(f->left_count, 0);
    STATUS(rebind_all(f, "u", wishes), ELFIN_OK);
    REQUIRE(f->left_count == 1);
    CHECK_EQ(f->left[0].address, q);
    free(object.data);
    END(f);
}

static void all_or_nothing(void)
{
    struct fixture *f = space_at(BASE);
    struct wish wishes[] = { { "x", { .address = BASE + 0x10 }, ELFIN_CHOICE_TARGET },
                             { "y", { .address = FAR }, ELFIN_CHOICE_TARGET },
                             { "z", { .address = FAR }, ELFIN_CHOICE_TARGET },
                             { 0 } };
    uint64_t p;

    export(f, "x", BASE);
    export(f, "y", BASE);
    export(f, "z", BASE);
    LOAD(f, "u.o", "call a x; mov32 b y; ptr p x; mov32 c z");
    p = fx_lookup(f, "p");
    f->report_count = 0;
    STATUS(rebind_all(f, "u", wishes), ELFIN_ERR_RANGE);
    CHECK_EQ(f->report_count, 2);
    CHECK_EQ(fx_read(f, p), BASE);
    wishes[1].target.address = wishes[2].target.address = BASE;
    wishes[1].target.module = elfin_find_module(&f->space, "u");
    STATUS(rebind_all(f, "u", wishes), ELFIN_ERR_NOT_FOUND);
    CHECK_STR(f->diag.symbol, "y");
    wishes[1].choice = ELFIN_CHOICE_KEEP;
    for (uint64_t n = 1;; n++) { /* each host call fails once */
        elfin_status status;

        fake_host_rewind(&f->fake);
        f->fake.fail_at = n;
        status = rebind_all(f, NULL, wishes);
        f->fake.fail_at = 0;
        NO_COMPLAINT(fx_check_rights(f, f->group));
        NO_COMPLAINT(fx_violation(f));
        if (status == ELFIN_OK) {
            CHECK(n > 2);
            break;
        }
        CHECK_EQ(fx_read(f, p), BASE);
        REQUIRE_NO_FAILURE();
    }
    CHECK_EQ(fx_read(f, p), BASE + 0x10);
    f->options.flags = 0;
    LOAD(f, "plain.o", "call h x");
    STATUS(rebind_all(f, "plain", wishes), ELFIN_ERR_FIXED);
    END(f);
}

/* Neither edge is there before: only both together are a circle. */
static void circles_of_new_edges_are_refused(void)
{
    struct fixture *f = space_at(BASE);
    struct wish wishes[] = { { "x", { .symbol = "fb" }, ELFIN_CHOICE_TARGET },
                             { "y", { .symbol = "fa" }, ELFIN_CHOICE_TARGET },
                             { 0 } };
    elfin_group *a;

    export(f, "x", BASE);
    export(f, "y", BASE);
    LOAD(f, "a.o", "fn fa 1; ptr pa x");
    a = f->group;
    LOAD(f, "b.o", "fn fb 1; ptr pb y");
    wishes[0].target.module = elfin_find_module(&f->space, "b");
    wishes[1].target.module = elfin_find_module(&f->space, "a");
    STATUS(rebind_all(f, NULL, wishes), ELFIN_ERR_CIRCLE);
    CHECK_EQ(fx_read(f, fx_lookup(f, "pa")), BASE);
    CHECK_EQ(fx_read(f, fx_lookup(f, "pb")), BASE);
    CHECK(elfin_module_uses(elfin_find_module(&f->space, "a"), 0) == NULL);
    STATUS(rebind_all(f, "b", wishes), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "pb")), fx_lookup(f, "fa"));
    STATUS(elfin_unload(&f->space, a, NULL, NULL, NULL), ELFIN_ERR_IN_USE);
    /* Turned around at once: what was used on the way does not count. */
    wishes[1] = (struct wish){ "y", { 0 }, ELFIN_CHOICE_LOAD };
    STATUS(rebind_all(f, NULL, wishes), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "pa")), fx_lookup(f, "fb"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "pb")), BASE);
    END(f);
}

/* An instance that publishes nothing is there for whom the host connects with it. */
static void private_instances_can_be_bound_to(void)
{
    struct fixture *f = space_at(BASE);
    elfin_image *image = prepare(f, "fn x 1; hidden var h 2; ptr q base");
    elfin_input input = { .file = "i.o", .name = "first", .image = image };
    elfin_group *group, *moved;
    elfin_change change = f->change;

    export(f, "base", BASE);
    export(f, "x", BASE + 0x30);
    LOAD(f, "u.o", "ptr p x; call c x");
    f->options.flags = ELFIN_LOAD_REBIND;
    STATUS(fx_load_inputs(f, &input, 1), ELFIN_OK);
    group = f->group;
    CHECK_EQ(fx_lookup(f, "x"), BASE + 0x30);
    STATUS(fx_rebind(f, "u", "x", "first", "nothing", 0), ELFIN_ERR_NOT_FOUND);
    STATUS(fx_rebind(f, "u", "x", "first", "x", 0), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_symbol(f, "first", "x"));
    CHECK(elfin_module_uses(elfin_find_module(&f->space, "u"), 0) ==
          elfin_find_module(&f->space, "first"));
    STATUS(elfin_unload(&f->space, group, NULL, NULL, NULL), ELFIN_ERR_IN_USE);
    moved = group;
    for (uint64_t nth = 1; nth < 100 && moved == group; nth++) { /* nothing is left of the others */
        f->fake.fail_at = f->fake.fallible + nth;
        elfin_replace(&f->space, group, &input, 1, &f->options, &change, &moved, &f->diag);
        NO_COMPLAINT(fx_violation(f));
    }
    f->fake.fail_at = 0;
    CHECK(moved != group);
    STATUS(elfin_retire(&f->space, group, NULL), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_symbol(f, "first", "x"));
    STATUS(elfin_rebind_all(&f->space, NULL, NULL, NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), BASE + 0x30);
    STATUS(elfin_unload(&f->space, moved, NULL, NULL, NULL), ELFIN_OK);
    STATUS(elfin_image_release(image), ELFIN_OK);
    END(f);
}

enum {
    CROWD = 100
};

static bool is_crowd_name(const char *name)
{
    return name[0] == 'n' && strlen(name) == 9;
}

/* Names that all belong at the end of a table for so many. */
static void crowd(char *names, uint64_t size)
{
    uint32_t from = 0;

    for (size_t at = 1; at + 10 <= size; at++) {
        char name[16] = "";

        if (names[at - 1] != 0 || !is_crowd_name(names + at)) {
            continue;
        }
        do {
            snprintf(name, sizeof name, "n%08x", from++);
        } while (elfin_name(name).hash >= UINT32_MAX / (2 * CROWD));
        memcpy(names + at, name, 9);
    }
}

/* Each name goes on with all that follow. */
static void overlap(char *names, uint64_t size)
{
    for (size_t at = 0; at + 20 <= size; at++) {
        if (is_crowd_name(names + at) && is_crowd_name(names + at + 10)) {
            names[at + 9] = 'a';
            at += 9;
        }
    }
}

/* The image of CROWD functions, with other names. */
static struct blob renamed_image(struct fixture *f, void (*rename)(char *names, uint64_t size))
{
    char text[CROWD * 32];
    elfin_image *image;
    struct blob blob;
    uint64_t count;
    size_t used = 0, size;

    for (int i = 0; i < CROWD; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "fn n%08x 1; ", i);
    }
    text[used - 2] = 0;
    image = prepare(f, text);
    blob = imf_copy(image);
    elfin_image_release(image);
    size = imf_table(&blob, IMF_NAMES, &count, &used);
    rename((char *)blob.data + size, count);
    imf_seal(&blob);
    return blob;
}

/* Definitions of an instance that nobody published: their names were in no table before. */
static void refuses_names(void (*rename)(char *names, uint64_t size))
{
    struct fixture *f = space_at(BASE);
    struct blob blob = renamed_image(f, rename);
    struct wish wishes[] = { { "x", { .symbol = "nothing" }, ELFIN_CHOICE_TARGET }, { 0 } };
    elfin_input input = { .file = "i.o", .name = "first" };
    elfin_image *image = NULL;

    STATUS(elfin_image_open(&f->fake.host, blob.data, blob.size, &image, &f->diag), ELFIN_OK);
    REQUIRE(image != NULL);
    export(f, "x", BASE);
    LOAD(f, "u.o", "ptr p x");
    input.image = image;
    f->options.flags = ELFIN_LOAD_REBIND;
    STATUS(fx_load_inputs(f, &input, 1), ELFIN_OK);
    wishes[0].target.module = elfin_find_module(&f->space, "first");
    STATUS(rebind_all(f, "u", wishes), ELFIN_ERR_LIMIT);
    CHECK_EQ(f->diag.status, ELFIN_ERR_LIMIT);
    CHECK_EQ(f->diag.phase, ELFIN_PHASE_REBIND);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), BASE);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    STATUS(elfin_image_release(image), ELFIN_OK);
    free(blob.data);
    END(f);
}

static void names_that_no_table_holds_are_refused(void)
{
    refuses_names(crowd);
}

static void names_that_overlap_are_refused(void)
{
    refuses_names(overlap);
}

/* ---- What unload calls ----------------------------------------------------------------------- */

static void unloads_with(struct fixture *f, const uint64_t *addresses, size_t count)
{
    size_t seen = 0;

    fake_host_rewind(&f->fake);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    for (size_t i = 0; i < f->fake.event_count; i++) {
        if (f->fake.events[i].op == FAKE_CALL) {
            CHECK(seen < count);
            CHECK_EQ(f->fake.events[i].address, seen < count ? addresses[seen] : 0);
            seen++;
        }
    }
    CHECK_EQ(seen, count);
}

static void final_calls_follow_their_words(void)
{
    struct fixture *f = space_at(BASE);
    uint64_t own, expected[3];

    LOAD(f, "lib.o", "fn x 1; fn y 2; fn z 3");
    LOAD(f, "u.o", "fn own 1; fini own; fini x; fini y; call c x");
    own = fx_lookup(f, "own");
    STATUS(fx_rebind(f, "u", "x", NULL, NULL, own), ELFIN_OK);
    STATUS(fx_rebind(f, "u", "x", NULL, NULL, fx_lookup(f, "z")), ELFIN_OK);
    expected[0] = fx_lookup(f, "y");
    expected[1] = fx_lookup(f, "z");
    expected[2] = own;
    unloads_with(f, expected, 3);
    END(f);
}

static void nothing_is_called_at_zero(void)
{
    struct fixture *f = space_at(BASE);
    uint64_t address;

    LOAD(f, "lib.o", "fn z 3");
    address = fx_lookup(f, "z");
    LOAD(f, "u.o", "weak undef x; fini x");
    STATUS(fx_rebind(f, "u", "x", NULL, NULL, address), ELFIN_OK);
    unloads_with(f, &address, 1);
    LOAD(f, "u.o", "weak undef x; fini x");
    STATUS(fx_rebind(f, "u", "x", NULL, NULL, address), ELFIN_OK);
    STATUS(fx_rebind(f, "u", "x", NULL, NULL, 0), ELFIN_OK);
    unloads_with(f, NULL, 0);
    END(f);
}

static void finalize_can_be_bound_anew(void)
{
    struct fixture *f = space_at(BASE);
    uint64_t expected[2];

    LOAD(f, "lib.o", "fn __cxa_finalize 1; fn z 3");
    expected[0] = fx_lookup(f, "__cxa_finalize");
    expected[1] = fx_lookup(f, "z");
    export(f, "y", expected[0]);
    LOAD(f, "u.o", "ptr p __dso_handle; fini y");
    STATUS(fx_rebind(f, "u", "__cxa_finalize", NULL, NULL, expected[1]), ELFIN_OK);
    unloads_with(f, expected, 2);
    END(f);
}

/* ---- Corners --------------------------------------------------------------------------------- */

/* The first field names its target itself, the last one reaches the stub, the one between neither.
 */
static void fields_between_are_checked(void)
{
    static const uint32_t offsets[] = { 0, 0x100, 0x200 };
    struct arch_fields run = { .fields = offsets,
                               .count = 3,
                               .kind = FOLLOW_BRANCH,
                               .addend = (INT64_C(1) << 31) + 0x180,
                               .address = BASE };
    struct arch_binding to = { .value = BASE - (UINT64_C(1) << 32) - 0x100,
                               .stub = BASE - 0x10,
                               .has_stub = true };
    struct arch_failure failure = { 0 };
    unsigned use = 0;

    CHECK(!elfin_arch_follow_check(&run, &to, &use, &failure));
    CHECK_EQ(failure.record, 1);
    run.count = 1;
    CHECK(elfin_arch_follow_check(&run, &to, &use, &failure));
    run.fields = offsets + 2;
    CHECK(elfin_arch_follow_check(&run, &to, &use, &failure));
}

static void a_slot_may_be_at_address_0(void)
{
    struct fixture *f = space_at(BASE);
    struct elf_builder eb;
    elfin_input input = { .file = "u.o", .flags = ELFIN_INPUT_AT };
    elfin_slot slot;
    int data;

    export(f, "x", FAR);
    eb_init(&eb);
    data = eb_section(&eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 8, 8);
    eb_rela(&eb, data, 0, R_X86_64_GOTPCREL, eb_reference(&eb, "x"), 0);
    eb_finish(&eb);
    input.data = eb.object.data;
    input.size = eb.object.size;
    STATUS(fx_load_inputs(f, &input, 1), ELFIN_OK);
    REQUIRE(elfin_module_slot(elfin_next_module(f->group, NULL), 0, &slot));
    CHECK_EQ(slot.address, 0);
    CHECK_STR(slot.name, "x");
    STATUS(fx_rebind(f, "u", "x", NULL, NULL, BASE), ELFIN_OK);
    REQUIRE(elfin_module_slot(elfin_next_module(f->group, NULL), 0, &slot));
    CHECK_EQ(slot.target, BASE);
    CHECK(!elfin_module_slot(elfin_next_module(f->group, NULL), 1, &slot));
    free(eb.object.data);
    END(f);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        TEST_CASE(branches),
        TEST_CASE(slots),
        TEST_CASE(words),
        TEST_CASE(all_at_once),
        TEST_CASE(displacements),
        TEST_CASE(narrow_words),
        TEST_CASE(instances_too),
        TEST_CASE(a_weak_import_comes_and_goes),
        TEST_CASE(modules_run_with_what_they_are_bound_to),
        TEST_CASE(edges_follow),
        TEST_CASE(as_a_load_would_bind_it),
        TEST_CASE(changed_data_is_left),
        TEST_CASE(what_cannot_reach_is_refused),
        TEST_CASE(what_makes_no_sense_is_refused),
        TEST_CASE(circles_are_refused),
        TEST_CASE(one_stands_before_another),
        TEST_CASE(needs_a_host_that_wants_it),
        TEST_CASE(host_calls_fail),
        TEST_CASE(thread_local_imports),
        TEST_CASE(many_at_once),
        TEST_CASE(all_or_nothing),
        TEST_CASE(circles_of_new_edges_are_refused),
        TEST_CASE(private_instances_can_be_bound_to),
        TEST_CASE(names_that_no_table_holds_are_refused),
        TEST_CASE(names_that_overlap_are_refused),
        TEST_CASE(final_calls_follow_their_words),
        TEST_CASE(nothing_is_called_at_zero),
        TEST_CASE(finalize_can_be_bound_anew),
        TEST_CASE(fields_between_are_checked),
        TEST_CASE(a_slot_may_be_at_address_0),
    };

    return test_run_all("rebind", cases, sizeof cases / sizeof cases[0], argc, argv);
}
