/* SPDX-License-Identifier: MIT */
/*
 * Line tables that may say anything, tables in memory that somebody has written over, and memory
 * that is missing: answers may be wrong, but nothing else is read.
 */
#include "tests/evil/lines.h"

/* Every answer is looked at; the sanitizer watches. */
static void ask_everything(const elfin_module *module)
{
    elfin_section section;
    elfin_location l;
    char text[128];

    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++) {
        for (uint64_t k = 0; k <= section.size; k++) {
            if (elfin_symbolize(&f->space, section.address + k, &l) == ELFIN_OK) {
                CHECK(strlen(l.symbol) + strlen(l.section) + strlen(l.file) + strlen(l.directory) <
                      LB_MAX);
                elfin_location_format(&l, text, sizeof text);
            }
        }
    }
}

static void every_prefix_and_every_byte(void)
{
    for (unsigned version = 3; version <= 5; version++) {
        begin();
        lb_sample(lb, version, 4);
        for (size_t size = 0; size < lb->size; size++) {
            struct line_builder *cut = xmalloc(sizeof *cut);

            *cut = *lb;
            cut->size = size;
            while (cut->fix_count > 0 && cut->fixes[cut->fix_count - 1].at + 8 > size) {
                cut->fix_count--;
            }
            ask_everything(load(lb_object(cut)));
            CHECK((size == 0) == (logged[0] == '\0') || size == lb->unit - 4);
            unload();
            free(cut);
        }
        for (size_t i = 0; i < lb->size; i++) {
            static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
            uint8_t was = lb->bytes[i];

            for (size_t k = 0; k < sizeof values; k++) {
                lb->bytes[i] = values[k];
                ask_everything(load(lb_object(lb)));
                unload();
            }
            lb->bytes[i] = was;
        }
        end();
    }
}

static void random_programs(void)
{
    begin();
    for (int round = 0; round < 3000; round++) {
        lb_init(lb);
        lb_unit(lb, 2 + (unsigned)test_random_below(4), 4, LB_USUAL);
        for (int i = 0; i < 40; i++) {
            if (test_random_below(8) == 0 && lb->fix_count < LB_MAX_FIXES) {
                lb_address(lb, (int)test_random_below(3), (int64_t)test_random_below(20));
            } else {
                lb_put(lb, 1, test_random_below(3) ? test_random_below(14) : test_random());
            }
        }
        lb_end(lb);
        ask_everything(load(lb_object(lb)));
        unload();
    }
    end();
}

/* Symbols: fields of each overwritten, and tables that end elsewhere. */
static void damaged_symbol_tables(void)
{
    static const uint64_t values[] = { 0, 1, 11, 16, 17, 0xfff1, 0xffff, 0x7fffffff, UINT64_MAX };
    static const size_t fields[][2] = { { 0, 4 }, { 4, 1 }, { 6, 2 }, { 8, 8 }, { 16, 8 } };

    begin();
    lb_sample(lb, 4, 4);
    for (int symbol = 0; symbol < 5; symbol++) {
        for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
            for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
                struct blob object = lb_object(lb);

                blob_set(&object, eb_sym_at(&lb->elf, symbol) + fields[k][0], fields[k][1],
                         values[v]);
                if (fx_load_blob(f, "lines.o", object) == ELFIN_OK) {
                    ask_everything(elfin_next_module(f->group, NULL));
                    unload();
                }
                free(object.data);
            }
        }
    }
    end();
}

/* What modules may do to what is kept of them. */
static void tables_that_were_written_over(void)
{
    elfin_module *m;

    begin();
    lb_sample(lb, 5, 4);
    m = load(lb_object(lb));
    for (int part = DEBUG_SYMBOLS; part <= DEBUG_LINES; part++) {
        uint8_t *bytes = debug_part(m, (enum debug_part_number)part);
        size_t size = ((elfin_region *)(void *)bytes)->size;
        uint8_t *whole = xmalloc(size);

        memcpy(whole, bytes, size);
        for (int round = 0; round < 400; round++) {
            for (uint64_t n = 1 + test_random_below(20); n > 0; n--) {
                /* Where the table lies is read before its seal is. */
                bytes[test_random_below(size)] =
                    test_random_below(3) ? (uint8_t)test_random() : 0xff;
            }
            ask_everything(m);
            memcpy(bytes, whole, size);
        }
        memset(bytes, 0xff, size);
        ask_everything(m);
        memset(bytes, 0, size);
        ask_everything(m);
        memcpy(bytes, whole, size);
        free(whole);
    }
    CHECK_STR(at(m, ".text.b", 8), "b+8 d/b.c:21:0");
    unload();
    end();
}

/* Memory that is missing makes less debug data, not less modules. */
static void no_memory(void)
{
    uint32_t seen = 0;
    uint64_t plain;

    begin();
    lb_sample(lb, 5, 4);
    f->fake.host.debug = 0;
    fx_again(f);
    fake_host_rewind(&f->fake);
    load(lb_object(lb));
    unload();
    f->fake.host.debug = ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES;
    fx_again(f);
    plain = 0;
    for (uint64_t nth = 1; nth < 60; nth++) {
        struct blob object = lb_object(lb);

        fake_host_rewind(&f->fake);
        f->fake.fail_at = nth;
        f->fake.fail_for_ever = nth % 2;
        if (fx_load_blob(f, "lines.o", object) == ELFIN_OK) {
            elfin_module *m = elfin_next_module(f->group, NULL);

            f->fake.fail_at = 0;
            seen |= 1u << elfin_module_debug(m);
            ask_everything(m);
            CHECK(at(m, ".text.b", 0)[0] == 'b');
            unload();
        } else {
            plain++;
        }
        f->fake.fail_at = 0;
        free(object.data);
    }
    CHECK(plain > 0);
    CHECK_EQ(seen & 1u, 1);
    CHECK(seen & 1u << ELFIN_DEBUG_SYMBOLS);
    CHECK(seen & 1u << (ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES));
    end();
}

static const struct test_case cases[] = {
    TEST_CASE(every_prefix_and_every_byte),
    TEST_CASE(random_programs),
    TEST_CASE(damaged_symbol_tables),
    TEST_CASE(tables_that_were_written_over),
    TEST_CASE(no_memory),
};
TEST_MAIN("evil_lines_any", cases)
