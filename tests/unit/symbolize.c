/* SPDX-License-Identifier: MIT */
/*
 * Whose an address is: random groups of modules, loaded, unloaded and replaced, against a search of
 * all sections; parts that only init needed; what a host without debug data knows; code that is no
 * module's; text.
 */
#include <elfin/debug.h>

#include "tests/lib/expect.h"

static struct fixture *begin(uint32_t debug)
{
    struct fixture *f = fx_new_tls(FAKE_INVENTED, 4096, 16);

    f->fake.host.debugging = &elfin_debugging;
    f->fake.host.debug = debug;
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_NO_INIT;
    fx_again(f);
    return f;
}

/* A naive search. */
static const elfin_module *owner_of(struct fixture *f, uint64_t address, elfin_section *section)
{
    for (elfin_group *g = elfin_next_group(&f->space, NULL); g != NULL;
         g = elfin_next_group(&f->space, g)) {
        for (elfin_module *m = elfin_next_module(g, NULL); m != NULL; m = elfin_next_module(g, m)) {
            for (uint32_t i = 0; elfin_module_section(m, i, section); i++) {
                if (!section->tls && address - section->address < section->size) {
                    return m;
                }
            }
        }
    }
    return NULL;
}

static void compare_at(struct fixture *f, uint64_t address)
{
    elfin_section section;
    const elfin_module *owner = owner_of(f, address, &section);
    elfin_location l;
    elfin_status status = elfin_symbolize(&f->space, address, &l);

    if (owner == NULL) { /* between sections at most */
        CHECK(status == ELFIN_ERR_NOT_FOUND ? l.module == NULL && l.name[0] == '\0'
                                            : l.section[0] == '\0' && l.symbol[0] == '\0');
        return;
    }
    STATUS(status, ELFIN_OK);
    CHECK(l.module == owner);
    CHECK_STR(l.section, section.name);
    CHECK_EQ(l.section_offset, address - section.address);
}

static void compare_all(struct fixture *f)
{
    elfin_section section;

    for (elfin_group *g = elfin_next_group(&f->space, NULL); g != NULL;
         g = elfin_next_group(&f->space, g)) {
        for (elfin_module *m = elfin_next_module(g, NULL); m != NULL; m = elfin_next_module(g, m)) {
            for (uint32_t i = 0; elfin_module_section(m, i, &section); i++) {
                compare_at(f, section.address);
                compare_at(f, section.address - 1);
                compare_at(f, section.address + section.size - 1);
                compare_at(f, section.address + section.size);
                compare_at(f, section.address + test_random_below(section.size + 1));
            }
        }
    }
    compare_at(f, 0);
    compare_at(f, UINT64_MAX);
    compare_at(f, test_random());
}

/* Up to three objects of many kinds of sections; names are made of the number. */
static elfin_status load_some(struct fixture *f, unsigned number)
{
    static const char *const extra[] = { "",
                                         "; in set 1",
                                         "; in .text.x 0 16 ax",
                                         "; tls t%u_%u 1",
                                         "; ro r%u_%u 4; ptr p%u_%u r%u_%u",
                                         "; ctor 1" };
    char text[3][512], file[3][32];
    unsigned count = 1 + (unsigned)test_random_below(3);

    for (unsigned i = 0; i < 3; i++) {
        int used = snprintf(
            text[i], sizeof text[i], "local fn s%u_%u 1; fn g%u_%u 2; var v%u_%u 3; bss z%u_%u %u",
            number, i, number, i, number, i, number, i, 1 + (unsigned)test_random_below(9000));

        snprintf(file[i], sizeof file[i], "m%u_%u.o", number, i);
        for (int k = 0; k < 2; k++) {
            /* Each has at most three pairs of numbers. */
            used +=
                snprintf(text[i] + used, sizeof text[i] - (size_t)used,
                         extra[k * 3 + (int)test_random_below(3)], number, i, number, i, number, i);
        }
    }
    return fx_load(f, file[0], text[0], count > 1 ? file[1] : NULL, text[1],
                   count > 2 ? file[2] : NULL, text[2], NULL);
}

/* Loads, unloads and replaces at random; what is free is taken again. */
static void random_life(uint32_t debug)
{
    struct fixture *f = begin(debug);
    elfin_group *groups[24] = { 0 };

    f->fake.host.rebinding = &elfin_rebinding;
    fx_again(f);
    for (unsigned step = 0; step < 160; step++) {
        size_t k = (size_t)test_random_below(24);

        f->fake.base = UINT64_C(0x100000) * test_random_below(64) + 0x1000;
        f->fake.ignore_near = true;
        if (groups[k] == NULL) {
            STATUS(load_some(f, step), ELFIN_OK);
            groups[k] = f->group;
        } else if (test_random_below(2)) {
            STATUS(elfin_unload(&f->space, groups[k], NULL, NULL, NULL), ELFIN_OK);
            groups[k] = NULL;
        } else {
            f->replaces = groups[k];
            f->change.flags = ELFIN_CHANGE_FRESH;
            STATUS(load_some(f, step), ELFIN_OK);
            compare_all(f);
            STATUS(elfin_retire(&f->space, groups[k], NULL), ELFIN_OK);
            f->replaces = NULL;
            groups[k] = f->group;
        }
        if (step % 8 == 0) {
            compare_all(f);
        }
        REQUIRE_NO_FAILURE();
    }
    END(f);
}

static void random_life_with_tables(void)
{
    random_life(ELFIN_DEBUG_SYMBOLS);
}

static void random_life_without(void)
{
    random_life(0);
}

static const char *symbol_at(struct fixture *f, uint64_t address)
{
    static char text[256];
    elfin_location l;

    if (elfin_symbolize(&f->space, address, &l) != ELFIN_OK) {
        return "nothing";
    }
    elfin_location_format(&l, text, sizeof text);
    return text;
}

static uint64_t address_of(const elfin_group *group, const char *name)
{
    uint64_t address = 0;

    elfin_module_lookup(elfin_next_module(group, NULL), name, &address);
    return address;
}

static void static_functions_have_names(void)
{
    static const char text[] = "fn first 1; local fn hidden_one 2; fn last 3; local var number 4";
    struct fixture *f = begin(ELFIN_DEBUG_SYMBOLS);
    uint64_t address;

    LOAD(f, "demo.o", text);
    address = address_of(f->group, "first");
    CHECK_STR(symbol_at(f, address), "first (demo+0x0)");
    CHECK_MSG(strncmp(symbol_at(f, (address + address_of(f->group, "last")) / 2 + 4),
                      "hidden_one (demo+0x", 19) == 0,
              "%s", symbol_at(f, (address + address_of(f->group, "last")) / 2 + 4));
    CHECK_EQ(elfin_module_debug(elfin_next_module(f->group, NULL)), ELFIN_DEBUG_SYMBOLS);
    END(f);
    /* Without tables the one before it has the name, unless its size is known. */
    f = begin(0);
    LOAD(f, "demo.o", text);
    address = address_of(f->group, "first");
    CHECK_STR(symbol_at(f, address), "first (demo+0x0)");
    END(f);
}

static void modules_out_of_sections_are_found(void)
{
    struct fixture *f = begin(ELFIN_DEBUG_SYMBOLS);

    f->options.flags = ELFIN_LOAD_NO_INIT;
    LOAD(f, "demo.o", "fn first 1; local fn hidden_one 2; fn last 3");
    CHECK_STR(symbol_at(f, address_of(f->group, "last")), "last (demo+0x20)");
    END(f);
}

static void parts_that_only_init_needs_are_forgotten(void)
{
    struct fixture *f = begin(ELFIN_DEBUG_SYMBOLS);
    elfin_section section;
    elfin_module *module;
    uint64_t address = 0;

    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    LOAD(f, "demo.o", "fn first 1; in .init.text 0 16 ax");
    module = elfin_next_module(f->group, NULL);
    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++) {
        if (section.discarded_after_init && section.size != 0) {
            address = section.address;
        }
    }
    CHECK(address != 0);
    CHECK_STR(symbol_at(f, address), "nothing");
    CHECK_STR(symbol_at(f, address_of(f->group, "first")), "first (demo+0x0)");
    END(f);
}

static const struct elfin_symbol_row rows[] = {
    { 0x10, 0x20, 1 }, { 0x30, 0x10, 7 }, { 0x32, 4, 11 }, { 0x50, 0x10, 900 }
};
static const char names[] = "\0alpha\0two\0in";

static void code_that_is_no_module(void)
{
    static const elfin_symbol_table table = { .version = ELFIN_SYMBOL_TABLE_VERSION,
                                              .count = 4,
                                              .rows = rows,
                                              .names = names,
                                              .names_size = sizeof names };
    static const elfin_symbol_table other = { .version = ELFIN_SYMBOL_TABLE_VERSION + 1 };
    static const elfin_code_image old = {
        .name = "old", .base = 0x9000, .size = 0x100, .symbols = &other
    };
    static const elfin_code_image bare = {
        .next = &old, .name = "bare", .base = 0x8000, .size = 0x100
    };
    static const elfin_code_image image = { .next = &bare,
                                            .name = "host",
                                            .base = 0x1000,
                                            .size = 0x1000,
                                            .text = 0x1100,
                                            .symbols = &table };
    struct fixture *f = begin(0);

    f->fake.host.code_images = &image;
    fx_again(f);
    CHECK_STR(symbol_at(f, 0xfff), "nothing");
    CHECK_STR(symbol_at(f, 0x1000), "host+0x0");
    CHECK_STR(symbol_at(f, 0x110f), "host+0x10f");
    CHECK_STR(symbol_at(f, 0x1110), "alpha (host+0x110)");
    CHECK_STR(symbol_at(f, 0x112f), "alpha (host+0x12f)");
    CHECK_STR(symbol_at(f, 0x1133), "in (host+0x133)");
    CHECK_STR(symbol_at(f, 0x1137), "two (host+0x137)");
    CHECK_STR(symbol_at(f, 0x1140), "host+0x140");
    CHECK_STR(symbol_at(f, 0x1150), "host+0x150"); /* its name is not there */
    CHECK_STR(symbol_at(f, 0x1fff), "host+0xfff");
    CHECK_STR(symbol_at(f, 0x2000), "nothing");
    CHECK_STR(symbol_at(f, 0x8001), "bare+0x1");
    CHECK_STR(symbol_at(f, 0x9001), "old+0x1");
    STATUS(elfin_symbolize(NULL, 0, NULL), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_symbolize(&f->space, 0, NULL), ELFIN_ERR_ARGUMENT);
    END(f);
}

static void texts_of_locations(void)
{
    elfin_location l = { .address = 0x1234,
                         .name = "demo",
                         .offset = 0x1c,
                         .section = ".text",
                         .section_offset = 0x2c,
                         .symbol = "crash",
                         .directory = "src",
                         .file = "demo.c",
                         .line = 12,
                         .column = 3 };
    char text[64];

    CHECK_EQ(elfin_location_format(&l, text, sizeof text), 30);
    CHECK_STR(text, "crash at demo.c:12 (demo+0x1c)");
    l.line = 0;
    elfin_location_format(&l, text, sizeof text);
    CHECK_STR(text, "crash (demo+0x1c)");
    CHECK_EQ(elfin_location_format(&l, text, 6), 17);
    CHECK_STR(text, "crash");
    CHECK_EQ(elfin_location_format(&l, NULL, 0), 17);
    l.symbol = "a\nb\x7f";
    elfin_location_format(&l, text, sizeof text);
    CHECK_STR(text, "a?b? (demo+0x1c)");
    l.symbol = "";
    elfin_location_format(&l, text, sizeof text);
    CHECK_STR(text, "demo(.text)+0x2c");
    l.line = 7;
    elfin_location_format(&l, text, sizeof text);
    CHECK_STR(text, "demo.c:7 (demo(.text)+0x2c)");
    l.section = l.file = "";
    elfin_location_format(&l, text, sizeof text);
    CHECK_STR(text, "demo+0x1c");
    l.name = "";
    elfin_location_format(&l, text, sizeof text);
    CHECK_STR(text, "0x1234");
}

static const struct test_case cases[] = {
    TEST_CASE(random_life_with_tables),
    TEST_CASE(random_life_without),
    TEST_CASE(static_functions_have_names),
    TEST_CASE(modules_out_of_sections_are_found),
    TEST_CASE(parts_that_only_init_needs_are_forgotten),
    TEST_CASE(code_that_is_no_module),
    TEST_CASE(texts_of_locations),
};
TEST_MAIN("symbolize", cases)
