/* SPDX-License-Identifier: MIT */
/* A newer image takes a group's place; state is handed over; what is refused changes nothing. */
#include "tests/lib/expect.h"
#include "tests/lib/replica.h"

enum {
    REBIND = ELFIN_LOAD_REBIND | ELFIN_LOAD_KEEP_SECTIONS
};

static struct fixture *space(enum fake_memory memory)
{
    struct fixture *f = fx_new(memory);

    f->options.flags = REBIND;
    f->fake.run_calls = memory != FAKE_INVENTED;
    return f;
}

/* The next loads replace this group. */
static void replaces(struct fixture *f, elfin_group *group)
{
    f->replaces = group;
}

static elfin_group *group_of(const struct fixture *f, const char *module)
{
    elfin_module_info info;
    const elfin_module *m = elfin_find_module(&f->space, module);

    REQUIRE(m != NULL);
    elfin_module_get(m, &info);
    return info.group;
}

static bool is_retired(const elfin_group *group)
{
    elfin_module_info info;

    elfin_module_get(elfin_next_module(group, NULL), &info);
    return info.flags & ELFIN_MODULE_RETIRED;
}

static void users_get_the_new_definitions(void)
{
    struct fixture *f = space(FAKE_REAL);
    elfin_group *old, *new;
    uint64_t p;

    LOAD(f, "lib.o", "fn g 1; var v 10");
    old = f->group;
    LOAD(f, "u.o", "call u g; addr a v; ptr p g; rel r v");
    p = fx_lookup(f, "p");
    replaces(f, old);
    LOAD(f, "lib.o", "fn pad 0; fn g 2; var w 1; var v 20");
    new = f->group;
    CHECK(new != old);
    CHECK(is_retired(old) && !is_retired(new));
    CHECK(group_of(f, "lib") == new);
    CHECK_EQ(fx_run(f, "u"), 2);
    CHECK_EQ(fx_run(f, "g"), 2);
    CHECK_EQ(fx_read(f, fx_run(f, "a")), 20);
    CHECK_EQ(fx_read(f, p), fx_lookup(f, "g"));
    CHECK_EQ(fx_read(f, fx_lookup(f, "r")), fx_lookup(f, "v"));
    NO_COMPLAINT(fx_check_rights(f, group_of(f, "u")));
    STATUS(elfin_unload(&f->space, new, NULL, NULL, NULL), ELFIN_ERR_IN_USE);
    STATUS(elfin_retire(&f->space, old, &f->diag), ELFIN_OK);
    CHECK_EQ(fx_run(f, "u"), 2);
    f->replaces = NULL;
    STATUS(elfin_unload(&f->space, group_of(f, "u"), NULL, NULL, NULL), ELFIN_OK);
    STATUS(elfin_unload(&f->space, new, NULL, NULL, NULL), ELFIN_OK);
    END(f);
}

static void again_and_again(void)
{
    struct fixture *f = space(FAKE_REAL);
    elfin_group *old;

    LOAD(f, "lib.o", "fn g 0");
    LOAD(f, "u.o", "call u g; ptr p g");
    for (int i = 1; i < 20; i++) {
        char text[64];

        snprintf(text, sizeof text, "fn g %d; bss z %d", i, i * 100);
        old = group_of(f, "lib");
        replaces(f, old);
        LOAD(f, "lib.o", text);
        CHECK_EQ(fx_run(f, "u"), (uint64_t)i);
        CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "g"));
        if (i % 3 != 0) {
            STATUS(elfin_retire(&f->space, old, NULL), ELFIN_OK);
        }
        REQUIRE_NO_FAILURE();
    }
    END(f);
}

/* The replaced one was the first of two with that export: so is the new one. */
static void names_keep_their_places(void)
{
    struct fixture *f = space(FAKE_INVENTED);
    elfin_group *one, *three;

    LOAD(f, "one.o", "var x 1; var only 1");
    one = f->group;
    LOAD(f, "two.o", "var x 2");
    LOAD(f, "three.o", "var x 3");
    three = f->group;
    replaces(f, one);
    LOAD(f, "one.o", "var x 11; var more 1");
    CHECK_EQ(fx_read(f, fx_lookup(f, "x")), 11);
    CHECK_EQ(fx_lookup(f, "only"), 0);
    CHECK(fx_lookup(f, "more") != 0);
    STATUS(elfin_retire(&f->space, one, NULL), ELFIN_OK);
    replaces(f, three);
    LOAD(f, "three.o", "var x 33");
    CHECK_EQ(fx_read(f, fx_lookup(f, "x")), 11);
    STATUS(elfin_unload(&f->space, group_of(f, "one"), NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "x")), 2);
    STATUS(elfin_unload(&f->space, group_of(f, "two"), NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(fx_read(f, fx_lookup(f, "x")), 33);
    STATUS(elfin_retire(&f->space, three, NULL), ELFIN_OK);
    STATUS(elfin_unload(&f->space, group_of(f, "three"), NULL, NULL, NULL), ELFIN_OK);
    CHECK_EQ(fx_lookup(f, "x"), 0);
    END(f);
}

/* What the new group lacks comes from where any load looks. */
static void others_may_have_what_it_lacks(void)
{
    struct fixture *f = space(FAKE_INVENTED);
    elfin_group *one;

    LOAD(f, "one.o", "var x 1; var y 1");
    one = f->group;
    LOAD(f, "two.o", "var x 2");
    LOAD(f, "u.o", "ptr p x; ptr q y; weak undef z; ptr s z");
    replaces(f, one);
    LOAD(f, "one.o", "var y 11; var z 1");
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "p"))), 2);
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "q"))), 11);
    CHECK_EQ(fx_read(f, fx_lookup(f, "s")), 0); /* it was not bound to the old group */
    STATUS(elfin_unload(&f->space, group_of(f, "two"), NULL, NULL, NULL), ELFIN_ERR_IN_USE);
    STATUS(elfin_retire(&f->space, one, NULL), ELFIN_OK);
    END(f);
}

static void weak_imports_may_lose_theirs(void)
{
    struct fixture *f = space(FAKE_INVENTED);

    LOAD(f, "one.o", "var x 1");
    LOAD(f, "u.o", "weak undef x; ptr p x; call c x");
    replaces(f, group_of(f, "one"));
    LOAD(f, "one.o", "var y 11");
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 0);
    END(f);
}

/* A refused replacement leaves everything as it was. */
static void refused(struct fixture *f, elfin_status expected, const char *file, const char *text)
{
    uint64_t u = fx_lookup(f, "p"), was = u != 0 ? fx_read(f, u) : 0;
    struct fx_snapshot before = fx_snapshot(f);
    elfin_group *old = f->replaces;

    STATUS(fx_load(f, file, text, NULL), expected);
    if (f->status != expected || f->diag.status != expected) {
        char said[256];

        elfin_diag_format(&f->diag, said, sizeof said);
        CHECK_MSG(false, "%s", said);
    }
    NO_COMPLAINT(fx_compare(f, &before));
    CHECK(!is_retired(old));
    CHECK(group_of(f, "lib") == old);
    if (u != 0) {
        CHECK_EQ(fx_read(f, u), was);
    }
    for (elfin_group *g = NULL; (g = elfin_next_group(&f->space, g)) != NULL;) {
        NO_COMPLAINT(fx_check_rights(f, g));
    }
}

static void what_users_need_must_be_there(void)
{
    struct fixture *f = space(FAKE_REAL);

    LOAD(f, "lib.o", "fn g 1; fn h 1; var v 10");
    replaces(f, NULL);
    LOAD(f, "u.o", "call u g; call w h; ptr p v; needs lib");
    replaces(f, group_of(f, "lib"));
    refused(f, ELFIN_ERR_UNDEFINED, "lib.o", "fn other 1; init 1 0");
    CHECK(expect_reported(f, ELFIN_ERR_UNDEFINED, "g"));
    CHECK(expect_reported(f, ELFIN_ERR_UNDEFINED, "h"));
    CHECK(expect_reported(f, ELFIN_ERR_UNDEFINED, "v"));
    refused(f, ELFIN_ERR_NEEDS, "lib2.o", "fn g 1; fn h 1; var v 10; init 1 0");
    CHECK_STR(f->diag.file, "u");
    CHECK_STR(f->diag.other, "lib");
    refused(f, ELFIN_ERR_TLS, "lib.o", "tls g 1; fn h 1; var v 10");
    CHECK_STR(fx_trace_text(), "");
    END(f);
}

static void users_must_be_able_to(void)
{
    struct fixture *f = space(FAKE_REAL);

    LOAD(f, "lib.o", "fn g 1; var v 10");
    f->options.flags = 0;
    LOAD(f, "u.o", "call u g; ptr p v");
    replaces(f, group_of(f, "lib"));
    refused(f, ELFIN_ERR_FIXED, "lib.o", "fn g 2; var v 1");
    CHECK_STR(f->diag.file, "u");
    END(f);
}

static void circles_are_refused(void)
{
    struct fixture *f = space(FAKE_REAL);

    LOAD(f, "lib.o", "fn g 1");
    LOAD(f, "u.o", "call u g");
    LOAD(f, "w.o", "call w u");
    replaces(f, group_of(f, "lib"));
    refused(f, ELFIN_ERR_CIRCLE, "lib.o", "fn g 2; call x u");
    refused(f, ELFIN_ERR_CIRCLE, "lib.o", "fn g 2; call x w");
    /* It does not see what it replaces either. */
    refused(f, ELFIN_ERR_UNDEFINED, "other.o", "fn k 2; call x g");
    END(f);
}

/* What the new group lacks is found elsewhere, with somebody who uses who looks for it. */
static void circles_through_others_are_refused(void)
{
    struct fixture *f = space(FAKE_REAL);

    LOAD(f, "lib.o", "fn g 1; fn k 1");
    LOAD(f, "u.o", "call u g; call u2 k");
    LOAD(f, "w.o", "fn k 2; call w u");
    replaces(f, group_of(f, "lib"));
    refused(f, ELFIN_ERR_CIRCLE, "lib.o", "fn g 2");
    CHECK_STR(f->diag.file, "u");
    CHECK_STR(f->diag.symbol, "k");
    CHECK_STR(f->diag.other, "w");
    END(f);
}

static void a_retired_group_is_out_of_play(void)
{
    struct fixture *f = space(FAKE_REAL);
    elfin_group *old, *user;

    LOAD(f, "base.o", "fn b 1");
    LOAD(f, "lib.o", "fn g 1; call h b");
    old = f->group;
    LOAD(f, "u.o", "call u g");
    user = f->group;
    STATUS(elfin_retire(&f->space, old, &f->diag), ELFIN_ERR_ARGUMENT);
    STATUS(f->diag.status, ELFIN_ERR_ARGUMENT);
    replaces(f, old);
    LOAD(f, "lib.o", "fn g 2; call h b");
    STATUS(fx_load(f, "lib.o", "fn g 3", NULL), ELFIN_ERR_ARGUMENT);
    /* It goes on using what it used, though its user has been replaced, and goes first. */
    replaces(f, group_of(f, "base"));
    old = f->replaces;
    LOAD(f, "base.o", "fn b 2");
    CHECK_EQ(fx_run(f, "h"), 2);
    STATUS(elfin_retire(&f->space, old, &f->diag), ELFIN_ERR_IN_USE);
    STATUS(elfin_unload(&f->space, user, NULL, NULL, NULL), ELFIN_OK);
    END(f);
}

static void init_runs_before_users_are_redirected(void)
{
    struct fixture *f = space(FAKE_REAL);
    elfin_group *old;

    LOAD(f, "lib.o", "fn g 1; init 1 0; exit 2");
    old = f->group;
    LOAD(f, "u.o", "call u g; ptr p g");
    replaces(f, old);
    fx_clear_trace();
    refused(f, ELFIN_ERR_INIT, "lib.o", "fn g 2; ctor 3; dtor 4; init 5 9; exit 6");
    CHECK_STR(fx_trace_text(), "3 5 4");
    fx_clear_trace();
    LOAD(f, "lib.o", "fn g 2; init 5 0; exit 6");
    CHECK_STR(fx_trace_text(), "5");
    STATUS(elfin_retire(&f->space, old, NULL), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "5 2");
    END(f);
}

static void changed_words_are_told(void)
{
    struct fixture *f = space(FAKE_INVENTED);
    uint64_t p, other = 77;

    LOAD(f, "lib.o", "var v 1");
    LOAD(f, "u.o", "ptr p v; ptr q v");
    p = fx_lookup(f, "p");
    memcpy(fake_host_edit(&f->fake, p, 8), &other, 8);
    replaces(f, group_of(f, "lib"));
    LOAD(f, "lib.o", "var v 2");
    CHECK_EQ(fx_read(f, p), 77);
    CHECK_EQ(fx_read(f, fx_lookup(f, "q")), fx_lookup(f, "v"));
    REQUIRE(f->left_count == 1);
    CHECK_EQ(f->left[0].address, p);
    END(f);
}

/* ---- State ----------------------------------------------------------------------------------- */

static uint64_t taken;
static uint32_t taken_version;
static int answer;

static int take(uint64_t state, uint32_t version)
{
    fx_note(90);
    taken = state;
    taken_version = version;
    return answer;
}

static struct fixture *space_with_state(void)
{
    struct fixture *f = space(FAKE_REAL);
    elfin_export row = { "take", (uint64_t)(uintptr_t)take };

    STATUS(fx_export(f, &row, 1), ELFIN_OK);
    answer = 0;
    taken = 0;
    return f;
}

#define STATEFUL "var box 1; lea save box; call restore take; "

static void state_is_handed_over(void)
{
    struct fixture *f = space_with_state();
    uint64_t box;
    elfin_group *old;

    LOAD(f, "lib.o", STATEFUL "state 7 save restore; init 1 0; exit 2; dtor 3; fn g 1");
    old = f->group;
    box = fx_lookup(f, "box");
    LOAD(f, "u.o", "call u g; ptr p g");
    replaces(f, old);
    fx_clear_trace();
    LOAD(f, "lib.o", STATEFUL "state 8 save restore; init 4 0; exit 5; dtor 6; fn g 2");
    CHECK_STR(fx_trace_text(), "4 90");
    CHECK_EQ(taken, box);
    CHECK_EQ(taken_version, 7);
    CHECK_EQ(fx_run(f, "u"), 2);
    fx_clear_trace();
    STATUS(elfin_retire(&f->space, old, NULL), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "3"); /* what exit gives back is the new one's */
    f->replaces = NULL;
    fx_clear_trace();
    STATUS(elfin_unload(&f->space, group_of(f, "u"), NULL, NULL, NULL), ELFIN_OK);
    STATUS(elfin_unload(&f->space, group_of(f, "lib"), NULL, NULL, NULL), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "5 6");
    END(f);
}

/* Its state is lost, also for a module of its name that has none. */
static void a_failed_module_hands_nothing_over(void)
{
    static const char text[] = STATEFUL "state 8 save restore; init 4 0; exit 5; dtor 6; fn g 2";
    struct fixture *f = space_with_state();
    elfin_group *old;

    for (int move = 0; move < 2; move++) {
        LOAD(f, "lib.o", text);
        old = f->group;
        LOAD(f, "u.o", "call u g; ptr p g");
        elfin_module_fail(elfin_find_module(&f->space, "lib"));
        f->move = move;
        replaces(f, old);
        fx_clear_trace();
        if (move)
            LOAD(f, "lib.o", text);
        else
            LOAD(f, "lib.o", "fn g 3");
        CHECK_STR(fx_trace_text(), move ? "4" : "");
        CHECK_EQ(fx_run(f, "u"), move ? 2 : 3);
        fx_clear_trace();
        STATUS(elfin_retire(&f->space, old, NULL), ELFIN_OK);
        CHECK_STR(fx_trace_text(), "");
        f->replaces = NULL;
        STATUS(elfin_unload(&f->space, group_of(f, "u"), NULL, NULL, NULL), ELFIN_OK);
        STATUS(elfin_unload(&f->space, group_of(f, "lib"), NULL, NULL, NULL), ELFIN_OK);
        CHECK_STR(fx_trace_text(), move ? "5 6" : "");
    }
    END(f);
}

static void restore_may_refuse(void)
{
    struct fixture *f = space_with_state();

    LOAD(f, "lib.o", STATEFUL "state 7 save restore; exit 2; fn g 1");
    LOAD(f, "u.o", "call u g; ptr p g");
    replaces(f, group_of(f, "lib"));
    answer = -5;
    fx_clear_trace();
    refused(f, ELFIN_ERR_STATE, "lib.o", STATEFUL "state 8 save restore; exit 5; dtor 6; fn g 2");
    CHECK_EQ(f->diag.value, (uint64_t)-5);
    CHECK_STR(fx_trace_text(), "90 5 6");
    answer = 0;
    refused(f, ELFIN_ERR_STATE, "lib.o", "fn g 2");
    refused(f, ELFIN_ERR_STATE, "lib.o",
            "fn g 2; call restore take; fn save 0; state 1 save restore; "
            "init 1 0; module other");
    CHECK_EQ(fx_run(f, "u"), 1);
    END(f);
}

/* What only init needs is given back when nothing can fail any more, so that it is not twice. */
static void a_refused_one_has_been_initialised(void)
{
    struct fixture *f = space_with_state();
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct fx_snapshot before;
    struct blob lib, early;

    LOAD(f, "lib.o", STATEFUL "state 7 save restore");
    eb_init(eb);
    eb_section(eb, ".init.text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    eb_section(eb, ".init.data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, "\1", 1, 16);
    early = eb_finish(eb);
    lib = toy(STATEFUL "state 8 save restore");
    elfin_input inputs[] = {
        { .data = lib.data, .size = lib.size, .file = "lib.o" },
        { .data = early.data, .size = early.size, .file = "early.o" },
    };
    replaces(f, f->group);
    answer = -5;
    before = fx_snapshot(f);
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_ERR_STATE);
    NO_COMPLAINT(fx_compare(f, &before));
    CHECK_EQ(fake_host_count(&f->fake, FAKE_TRIM), 0);
    answer = 0;
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK);
    CHECK_EQ(fake_host_count(&f->fake, FAKE_TRIM), 1);
    free(lib.data);
    free(early.data);
    free(eb);
    END(f);
}

static void nothing_to_save_is_an_error(void)
{
    struct fixture *f = space_with_state();

    LOAD(f, "lib.o", "fn save 0; call restore take; state 7 save restore; exit 2; fn g 1");
    replaces(f, group_of(f, "lib"));
    refused(f, ELFIN_ERR_STATE, "lib.o", STATEFUL "state 8 save restore; fn g 2");
    f->change.flags = ELFIN_CHANGE_FRESH;
    fx_clear_trace();
    {
        elfin_group *old = f->replaces;

        LOAD(f, "lib.o", STATEFUL "state 8 save restore; fn g 2");
        CHECK_STR(fx_trace_text(), "");
        STATUS(elfin_retire(&f->space, old, NULL), ELFIN_OK);
        CHECK_STR(fx_trace_text(), "2");
    }
    END(f);
}

static void moves(void)
{
    static const char text[] = STATEFUL "state 7 save restore; fn g 1; exit 2; init 1 0; ptr q g";
    struct fixture *f = space_with_state();
    elfin_group *old;
    uint64_t was;

    LOAD(f, "lib.o", text);
    old = f->group;
    LOAD(f, "u.o", "call u g; ptr p g");
    was = fx_lookup(f, "g");
    f->move = true;
    replaces(f, old);
    refused(f, ELFIN_ERR_ARGUMENT, "other.o", text);
    LOAD(f, "lib.o", text);
    CHECK(fx_lookup(f, "g") != was);
    CHECK_EQ(fx_run(f, "u"), 1);
    CHECK_EQ(taken_version, 7);
    STATUS(elfin_retire(&f->space, old, NULL), ELFIN_OK);
    replaces(f, group_of(f, "u"));
    f->status = fx_load(f, "u.o", "call u g; ptr p g", NULL);
    STATUS(f->status, ELFIN_ERR_STATE);
    f->change.flags = ELFIN_CHANGE_FRESH;
    STATUS(fx_load(f, "u.o", "call u g; ptr p g", NULL), ELFIN_ERR_ARGUMENT);
    END(f);
}

static void what_has_not_run_moves_without_state(void)
{
    struct fixture *f = space_with_state();
    elfin_group *old;
    uint64_t was;

    f->options.flags = REBIND | ELFIN_LOAD_NO_INIT;
    LOAD(f, "lib.o", "fn g 1; init 1 0; exit 2");
    old = f->group;
    was = fx_lookup(f, "g");
    LOAD(f, "u.o", "call u g; ptr p g");
    f->options.flags = REBIND; /* NO_INIT goes without saying */
    f->move = true;
    replaces(f, old);
    fx_clear_trace();
    LOAD(f, "lib.o", "fn g 1; init 1 0; exit 2");
    CHECK(fx_lookup(f, "g") != was);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, "g"));
    STATUS(elfin_retire(&f->space, old, NULL), ELFIN_OK);
    CHECK_STR(fx_trace_text(), "");
    END(f);
}

/* Both have their thread-local blocks and unwind tables until the old one goes. */
static void thread_local_exports(void)
{
    struct fixture *f = fx_new_tls(FAKE_REAL, 4096, 64);
    elfin_group *old;
    int64_t offset = 0;

    f->options.flags = REBIND;
    f->fake.run_calls = true;
    LOAD(f, "lib.o", "tls t 5; tls w 1");
    old = f->group;
    LOAD(f, "u.o", "tundef t; gd a t; ie b t; slot c t; desc d t");
    CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(f, "a"), 5);
    f->replaces = old;
    LOAD(f, "lib.o", "tls x 1; tls y 1; tls t 6; tls w 1");
    CHECK_EQ(f->fake.tls.count, 2);
    CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(f, "a"), 6);
    CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(f, "b"), 6);
    STATUS(elfin_lookup_tls(&f->space, "t", &offset, NULL), ELFIN_OK);
    CHECK_EQ(fx_run(f, "c"), offset);
    CHECK_EQ(*(uint64_t *)(uintptr_t)fx_run(f, "d"), 6);
    STATUS(elfin_retire(&f->space, old, NULL), ELFIN_OK);
    CHECK_EQ(f->fake.tls.count, 1);
    END(f);
}

/* What unload will call follows, too. */
static void destructors_of_others_follow(void)
{
    struct fixture *f = space(FAKE_REAL);
    elfin_group *old;

    LOAD(f, "lib.o", "fn g 1; call __cxa_finalize g");
    old = f->group;
    LOAD(f, "u.o", "ptr h __dso_handle; ptr p g");
    replaces(f, old);
    LOAD(f, "lib.o", "fn k 3; fn g 1; call __cxa_finalize g");
    STATUS(elfin_retire(&f->space, old, NULL), ELFIN_OK);
    f->replaces = NULL;
    fake_host_rewind(&f->fake);
    {
        uint64_t finalize = fx_lookup(f, "__cxa_finalize");

        STATUS(elfin_unload(&f->space, group_of(f, "u"), NULL, NULL, NULL), ELFIN_OK);
        REQUIRE(fake_host_count(&f->fake, FAKE_CALL) == 1);
        for (size_t i = 0; i < f->fake.event_count; i++) {
            if (f->fake.events[i].op == FAKE_CALL) {
                CHECK_EQ(f->fake.events[i].address, finalize);
            }
        }
    }
    END(f);
}

/* Each host call, calls into module code included, fails once and from then on. */
static bool fail_nth(uint64_t n, bool for_ever)
{
    static const char u[] = "call u g; icall w g; addr a v; ptr p g; rel r v";
    struct fixture *f = space_with_state();
    struct blob object = toy(u);
    elfin_input input = INPUT(object, "u.o");
    elfin_export imports[3] = { { "g", 0 }, { "v", 0 }, { NULL, 0 } };
    struct replica replica = { .inputs = &input, .count = 1, .imports = imports, .flags = REBIND };
    elfin_group *old, *user;
    elfin_status status;
    bool reached;

    LOAD(f, "lib.o", STATEFUL "state 7 save restore; init 1 0; exit 2; dtor 3; fn g 1; var v 1");
    old = f->group;
    LOAD(f, "u.o", u);
    user = f->group;
    imports[0].address = fx_lookup(f, "g");
    imports[1].address = fx_lookup(f, "v");
    replaces(f, old);
    fake_host_rewind(&f->fake);
    f->fake.fail_at = n;
    f->fake.fail_for_ever = for_ever;
    status = fx_load(f, "lib.o",
                     STATEFUL "state 8 save restore; ctor 4; init 5 0; exit 6; fn g 2; var v 2; "
                              "bss b 5000",
                     NULL);
    reached = f->fake.fallible >= n;
    if (status == ELFIN_OK) {
        CHECK(!reached || f->fake.failed_image);
    } else {
        struct fx_snapshot now = fx_snapshot(f);

        CHECK_EQ(now.stats.groups, 2);
        CHECK_EQ(now.images, 2);
        CHECK(!is_retired(old) && group_of(f, "lib") == old);
        CHECK_EQ(fx_lookup(f, "g"), imports[0].address);
        /* For ever: rights cannot be set back either. */
        if (!for_ever) {
            NO_COMPLAINT(fx_check_rights(f, user));
            NO_COMPLAINT(replica_compare(f, user, &replica));
            CHECK_EQ(fx_run(f, "u"), 1);
        }
        f->fake.fail_at = 0;
        fx_clear_trace();
    }
    f->fake.fail_at = 0;
    END(f);
    free(object.data);
    return reached;
}

static void host_calls_fail(void)
{
    unsigned tried = 0;

    for (uint64_t n = 1; fail_nth(n, false); n++) {
        REQUIRE_NO_FAILURE();
        CHECK(fail_nth(n, true));
        tried++;
        REQUIRE(n < 1000);
    }
    printf("# each of %u host calls failed once and for ever\n", tried);
    CHECK(tried > 10);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        TEST_CASE(users_get_the_new_definitions),
        TEST_CASE(again_and_again),
        TEST_CASE(names_keep_their_places),
        TEST_CASE(others_may_have_what_it_lacks),
        TEST_CASE(weak_imports_may_lose_theirs),
        TEST_CASE(what_users_need_must_be_there),
        TEST_CASE(users_must_be_able_to),
        TEST_CASE(circles_are_refused),
        TEST_CASE(circles_through_others_are_refused),
        TEST_CASE(a_retired_group_is_out_of_play),
        TEST_CASE(init_runs_before_users_are_redirected),
        TEST_CASE(changed_words_are_told),
        TEST_CASE(state_is_handed_over),
        TEST_CASE(a_failed_module_hands_nothing_over),
        TEST_CASE(restore_may_refuse),
        TEST_CASE(a_refused_one_has_been_initialised),
        TEST_CASE(nothing_to_save_is_an_error),
        TEST_CASE(moves),
        TEST_CASE(what_has_not_run_moves_without_state),
        TEST_CASE(thread_local_exports),
        TEST_CASE(destructors_of_others_follow),
        TEST_CASE(host_calls_fail),
    };

    return test_run_all("replace", cases, sizeof cases / sizeof cases[0], argc, argv);
}
