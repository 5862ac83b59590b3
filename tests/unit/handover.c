/* SPDX-License-Identifier: MIT */
/*
 * Handing over: what one space has linked becomes what another one would have loaded at the same
 * addresses, in memory and in all that the library tells.
 */
#include "tests/lib/ar_builder.h"
#include "tests/lib/expect.h"
#include "tests/lib/heir.h"

/* Loads of many kinds, the same in each space. */
static void load_many(struct fixture *f)
{
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    LOAD(f, "base.o", "fn base 3; var base_v 4; ctor 1; dtor 2; exit 9; tls bt 5 16");
    LOAD(f, "a.o", "call f g; ctor 11; ctor 10 100; dtor 12; init 13 0; exit 14; common c 64 64",
         "b.o", "fn g 8; call h base; init 15 0; exit 16; needs base; export g; export h", "c.o",
         "module third; interrupts; rel q base_v; ctor 17 100; common c 8 8; comdat cd 1; tls t 7; "
         "ie tt t; ie bb bt; tbss tz 100; abs k 0x1234");
    f->options.flags = 0;
    LOAD(f, "i.o", "fn x 7; ifunc if1 x 21; call k1 if2; ctor 22; local ifunc l x; call m1 l",
         "j.o", "fn y 8; ifunc if2 y 24 .init.text; ptr p if1; init 25 0");
    f->options.flags = ELFIN_LOAD_NO_INIT;
    LOAD(f, "still.o", "fn still 1; ctor 99; ifunc si still 98; ptr sp si");
    f->options.flags = ELFIN_LOAD_PRIVATE;
    LOAD(f, "private.o", "fn base 77; call use_base base; exit 31");
    f->options.flags = ELFIN_LOAD_REBIND | ELFIN_LOAD_KEEP_SECTIONS;
    LOAD(f, "again.o",
         "fn base 78; icall ia g; addr aa base_v; weak undef nobody; call w nobody; "
         "state 3 base base; exit 32; fini g");
}

static struct fixture *written(void)
{
    struct fixture *f = heir_new_writer(4096, 64);

    load_many(f);
    CHECK_EQ(fake_host_count(&f->fake, FAKE_CALL), 0);
    return f;
}

static void compare(const char *what, char *a, char *b)
{
    size_t at = 0, line = 0;

    while (a[at] != '\0' && a[at] == b[at]) {
        at++;
        if (a[at] == '\n')
            line = at + 1;
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

static void adopt(struct fixture *to, const struct fixture *from, struct blob d)
{
    char text[512];

    heir_adopt(to, from, d);
    elfin_diag_format(&to->diag, text, sizeof text);
    CHECK_MSG(to->status == ELFIN_OK, "%s", text);
    REQUIRE(to->status == ELFIN_OK);
}

static struct life live(struct fixture *f)
{
    struct life life = { heir_tell(f), heir_calls(f), NULL };

    for (elfin_group *g = elfin_next_group(&f->space, NULL); g != NULL;
         g = elfin_next_group(&f->space, g)) {
        NO_COMPLAINT(fx_check_rights(f, g));
    }
    fake_host_rewind(&f->fake);
    while (elfin_next_group(&f->space, NULL) != NULL) {
        for (elfin_group *g = elfin_next_group(&f->space, NULL), *next; g != NULL; g = next) {
            next = elfin_next_group(&f->space, g);
            elfin_unload(&f->space, g, NULL, NULL, NULL);
        }
    }
    life.ended = heir_calls(f);
    END(f);
    return life;
}

static void an_adopted_space_is_like_a_loaded_one(void)
{
    for (int memory = FAKE_INVENTED; memory <= FAKE_DUAL; memory++) {
        struct fixture *from = written();
        struct blob d = heir_describe(from);
        struct fixture *to = heir_new_space((enum fake_memory)memory, 4096, 64);
        struct life adopted, loaded;

        adopt(to, from, d);
        free(d.data);
        END(from);
        adopted = live(to);
        to = heir_new_space((enum fake_memory)memory, 4096, 64);
        load_many(to);
        loaded = live(to);
        compare("told", adopted.told, loaded.told);
        compare("started", adopted.started, loaded.started);
        compare("ended", adopted.ended, loaded.ended);
    }
}

static const struct test_case cases[] = {
    TEST_CASE(an_adopted_space_is_like_a_loaded_one),
};

TEST_MAIN("handover", cases)
