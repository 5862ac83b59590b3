/* SPDX-License-Identifier: MIT */
/* __start_NAME and __stop_NAME: the sections of one name in a group, side by side. */
#include "tests/lib/expect.h"

#define ENDS "ptr start __start_set; ptr stop __stop_set"

/* The 8-byte values between the ends, as "1 2 3"; zeros between them are left out. */
static const char *values(const struct fixture *f)
{
    static char text[200];
    uint64_t at = fx_read(f, fx_lookup(f, "start")), end = fx_read(f, fx_lookup(f, "stop"));
    size_t length = 0;

    text[0] = '\0';
    for (; at < end && length < sizeof text - 30; at += 8) {
        if (fx_read(f, at) != 0) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%llu",
                                       length != 0 ? " " : "", (unsigned long long)fx_read(f, at));
        }
    }
    return text;
}

static uint64_t size(const struct fixture *f)
{
    return fx_read(f, fx_lookup(f, "stop")) - fx_read(f, fx_lookup(f, "start"));
}

static void all_of_the_group_in_order(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD(f, "a.o", "in set 1; var v 9; in other 7", "b.o", "in set 2; in set 3; bss z 100", "c.o",
         ENDS "; addr s __start_set", "d.o", "in set 4");
    CHECK_STR(values(f), "1 2 3 4");
    CHECK_EQ(size(f), 32);
    NO_COMPLAINT(fx_check_rights(f, f->group));

    /* A load of its own has ends of its own. */
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    LOAD(f, "a.o", "in set 1; in set 2; " ENDS);
    CHECK_STR(values(f), "1 2");
    LOAD(f, "b.o", "in set 3; ptr here __start_set; ptr past __stop_set");
    CHECK_EQ(fx_read(f, fx_lookup(f, "past")) - fx_read(f, fx_lookup(f, "here")), 8);
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "here"))), 3);
    CHECK_STR(values(f), "1 2");
    END(f);
}

static void code_reaches_them_in_every_way(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    LOAD(f, "a.o", "in set 1; lea near_start __start_set; addr by_slot __stop_set; " ENDS, "b.o",
         "in set 5; hidden undef __stop_set; lea near_stop __stop_set");
    CHECK_EQ(fx_run(f, "near_start"), fx_read(f, fx_lookup(f, "start")));
    CHECK_EQ(fx_run(f, "by_slot"), fx_read(f, fx_lookup(f, "stop")));
    CHECK_EQ(fx_run(f, "near_stop"), fx_read(f, fx_lookup(f, "stop")));
    CHECK_STR(values(f), "1 5");
    END(f);
}

/* The first is aligned as the strictest of them, so that padding is what a linker's would be. */
static void alignment_and_zeros(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD(f, "a.o", "in set 1 8", "b.o", "in set 2 64", "c.o", "in set 0 16 nobits", "d.o",
         "in set 3; " ENDS);
    CHECK_EQ(fx_read(f, fx_lookup(f, "start")) % 64, 0);
    CHECK_EQ(size(f), 96);
    CHECK_STR(values(f), "1 2 3");
    END(f);
}

/* The map says where they lie, and each takes its room once. */
static void sections_are_listed_in_their_part(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    elfin_section section;
    elfin_block block;
    unsigned found = 0;

    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    LOAD(f, "a.o", "in set 1 8 a; " ENDS, "b.o", "in set 2 8 aw");
    for (elfin_module *m = elfin_next_module(f->group, NULL); m != NULL;
         m = elfin_next_module(f->group, m)) {
        for (uint32_t i = 0; elfin_module_section(m, i, &section); i++) {
            if (strcmp(section.name, "set") == 0) {
                CHECK_EQ(section.part, ELFIN_PART_DATA);
                CHECK_EQ(fx_read(f, section.address), ++found);
            }
        }
    }
    CHECK_EQ(found, 2);
    REQUIRE(elfin_group_block(f->group, 0, &block));
    CHECK_EQ(block.part[ELFIN_PART_DATA].file_size, 32); /* start, stop, 1, 2 */
    CHECK_EQ(block.part[ELFIN_PART_RODATA].size, 0);
    END(f);
}

/* One that has to be writable makes all of them so, wherever they would lie else. */
static void rights_are_shared(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD(f, "a.o", "in set 1 8 a", "b.o", "in set 2 8 aw; " ENDS);
    CHECK_STR(values(f), "1 2");
    CHECK_EQ(fake_host_rights(&f->fake, fx_read(f, fx_lookup(f, "start"))), ELFIN_RIGHTS_RW);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    LOAD(f, "a.o", "in set 1 8 a", "b.o", "in set 2 8 a; " ENDS);
    CHECK_EQ(fake_host_rights(&f->fake, fx_read(f, fx_lookup(f, "start"))), ELFIN_RIGHTS_R);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    LOAD(f, "a.o", "in set 1 8 a", "b.o", "in set 2 8 ax; " ENDS);
    CHECK_EQ(fake_host_rights(&f->fake, fx_read(f, fx_lookup(f, "start"))), ELFIN_RIGHTS_RX);
    NO_COMPLAINT(fx_check_rights(f, f->group));
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    LOAD_FAILS(f, ELFIN_ERR_WRITE_EXEC, "a.o", "in set 1 8 aw; " ENDS, "b.o", "in set 2 8 ax");
    CHECK_STR(f->diag.section, "set");
    CHECK_STR(f->diag.other, "b.o");
    LOAD(f, "a.o", "in set 1 8 aw", "b.o", "in set 2 8 ax"); /* nobody asks for the ends */
    END(f);
}

static void who_defines_a_name_has_it(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    const elfin_export exports[] = { { "__start_set", 0x1000 }, { "__stop_other", 0x2000 } };

    STATUS(fx_export(f, exports, 2), ELFIN_OK);
    /* An object's own definition, then the group's sections, then what others export. */
    LOAD(f, "a.o", "var __stop_set 5; in set 1; " ENDS "; ptr away __stop_other");
    CHECK_EQ(fx_read(f, fx_lookup(f, "stop")), fx_lookup(f, "__stop_set"));
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "start"))), 1);
    CHECK_EQ(fx_read(f, fx_lookup(f, "away")), 0x2000);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    LOAD(f, "b.o", "ptr start __start_set");
    CHECK_EQ(fx_read(f, fx_lookup(f, "start")), 0x1000);
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "c.o", "ptr p __stop_set");
    LOAD(f, "d.o", "weak undef __stop_set; ptr p __stop_set");
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), 0);
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "e.o", "in .set 1; ptr q __stop_.set");
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "f.o", "in 2set 1; ptr q __stop_2set");
    END(f);
}

static void nobody_outside_finds_them(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);

    LOAD(f, "a.o", "in set 1; " ENDS);
    CHECK_EQ(fx_lookup(f, "__start_set"), 0);
    CHECK_EQ(fx_symbol(f, "a", "__start_set"), 0);
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "b.o", "ptr p __start_set");
    END(f);
}

static void members_of_discarded_groups_do_not_count(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct elf_builder *eb = xmalloc(sizeof *eb);
    struct blob objects[2];
    elfin_input inputs[2];

    for (int i = 0; i < 2; i++) {
        objects[i] = toy_build(eb, i == 0 ? "weak comdat cd 1; in set 1; " ENDS
                                          : "weak comdat cd 1; in set 2");
        /* set becomes the member of the group in place of the function */
        blob_set(&objects[i], eb->sections[toy_section(eb, ".group")].header.sh_offset + 4, 4,
                 (uint64_t)toy_section(eb, "set"));
        inputs[i] = (elfin_input){ .data = objects[i].data,
                                   .size = objects[i].size,
                                   .file = i == 0 ? "a.o" : "b.o" };
    }
    fx_load_inputs(f, inputs, 2);
    STATUS(f->status, ELFIN_OK);
    CHECK_STR(values(f), "1");
    free(objects[0].data);
    free(objects[1].data);
    free(eb);
    END(f);
}

/* Sections that must lie side by side cannot lie in two blocks; what only refers to them can. */
static void blocks(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct blob one = toy("in set 1"), two = toy("in set 2"), user = toy(ENDS);
    elfin_input inputs[3] = { INPUT(one, "one.o"), INPUT(two, "two.o"), INPUT(user, "user.o") };
    const elfin_export exports[] = { { "far", UINT64_C(0x7f0000000000) } };

    inputs[0].flags = inputs[2].flags = ELFIN_INPUT_AT;
    inputs[0].at = 0x400000;
    inputs[2].at = UINT64_C(0x3d0000000000);
    STATUS(fx_load_inputs(f, inputs, 3), ELFIN_OK);
    CHECK_STR(values(f), "1 2");
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    inputs[1].flags = ELFIN_INPUT_AT;
    inputs[1].at = 0x500000;
    STATUS(fx_load_inputs(f, inputs, 3), ELFIN_ERR_REACH);
    CHECK_STR(f->diag.section, "set");
    CHECK_STR(f->diag.other, "two.o");

    /* One must lie low, another one far: the set stays together, its user does not. */
    STATUS(fx_export(f, exports, 1), ELFIN_OK);
    LOAD(f, "low.o", "in set 1; var v 1; mov32 m v", "set.o", "in set 2", "high.o",
         "lea l far; in rest 3; " ENDS "; hidden undef __start_rest; ptr r __start_rest");
    CHECK_STR(values(f), "1 2");
    CHECK(fx_lookup(f, "l") > UINT64_C(0x7e0000000000));
    CHECK(fx_read(f, fx_lookup(f, "start")) < UINT64_C(1) << 32);
    CHECK_EQ(fx_read(f, fx_read(f, fx_lookup(f, "r"))), 3);
    LOAD_FAILS(f, ELFIN_ERR_REACH, "low2.o", "in set 1; var v2 1; mov32 m2 v2", "high2.o",
               "lea l2 far; in set 2; ptr s __start_set");
    free(one.data);
    free(two.data);
    free(user.data);
    END(f);
}

static void as_a_compiler_writes_them(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob object = fx_built("tests/objects/named.o"), more = toy("fn more 40; rel x more");
    elfin_input inputs[2] = { INPUT(object, "named.o"), INPUT(more, "more.o") };
    int (*all)(int);

    REQUIRE(object.data != NULL);
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK);
    all = (int (*)(int))fx_lookup(f, "all_steps");
    CHECK_EQ(fx_run(f, "count_steps"), 2);
    CHECK_EQ(all(100), 111);
    free(object.data);
    free(more.data);
    END(f);
}

static void inspect_takes_them_for_its_own(void)
{
    struct fixture *f = fx_new(FAKE_INVENTED);
    struct blob object = toy("in set 1; lea l __start_set; ptr q __stop_none");
    elfin_input input = INPUT(object, "a.o");
    elfin_inspection out;

    STATUS(elfin_inspect(&f->fake.host, &input, NULL, &out, &f->diag), ELFIN_OK);
    CHECK_EQ(out.imports, 1); /* __stop_none */
    CHECK_EQ(out.defined, 2);
    CHECK_EQ(out.demands, 0);
    free(object.data);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(all_of_the_group_in_order),
    TEST_CASE(code_reaches_them_in_every_way),
    TEST_CASE(alignment_and_zeros),
    TEST_CASE(sections_are_listed_in_their_part),
    TEST_CASE(rights_are_shared),
    TEST_CASE(who_defines_a_name_has_it),
    TEST_CASE(nobody_outside_finds_them),
    TEST_CASE(members_of_discarded_groups_do_not_count),
    TEST_CASE(blocks),
    TEST_CASE(as_a_compiler_writes_them),
    TEST_CASE(inspect_takes_them_for_its_own),
};

TEST_MAIN("gather", cases)
