/* SPDX-License-Identifier: MIT */
/* Line tables of every form that DWARF 2 to 5 have. */
#include "tests/evil/lines.h"

static void every_version_and_format(void)
{
    for (unsigned version = 2; version <= 5; version++) {
        for (unsigned width = 4; width <= 8; width += 4) {
            elfin_module *m;

            begin();
            lb_sample(lb, version, width);
            m = load(lb_object(lb));
            CHECK_STR(logged, "");
            CHECK_EQ(elfin_module_debug(m), ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES);
            CHECK_STR(at(m, ".text", 0), version == 5 ? "a+0 ./a.c:10:0" : "a+0 /a.c:10:0");
            CHECK_STR(at(m, ".text", 5), version == 5 ? "a+5 ./a.c:11:0" : "a+5 /a.c:11:0");
            CHECK_STR(at(m, ".text", 11), version == 5 ? "a+11 ./a.c:12:7" : "a+11 /a.c:12:7");
            CHECK_STR(at(m, ".text", 12), version == 5 ? "+0 ./a.c:12:7" : "+0 /a.c:12:7");
            CHECK_STR(at(m, ".text.b", 7), "b+7 d/b.c:20:0");
            CHECK_STR(at(m, ".text.b", 8), "b+8 d/b.c:21:0");
            CHECK_STR(at(m, ".text.c", 0), "c+0 d/b.c:20:0");
            CHECK_STR(at(m, ".text.c", 15), "+0 d/b.c:21:0");
            unload();
            end();
        }
    }
}

static void every_standard_opcode(void)
{
    elfin_module *m;

    begin();
    lb_unit(lb, 4, 4, (struct lb_header){ 1, 1, 10, 20, -3 });
    lb_address(lb, 0, 0);
    lb_put(lb, 1, 20 + 3);      /* special: address 0, line 1 + 0 */
    lb_put(lb, 1, 20 + 10 + 5); /* address + 1, line + 2 */
    lb_put(lb, 1, 8); /* as special opcode 255: (255 - 20) / 10 = 23, beyond the section */
    lb_put(lb, 1, 2);
    lb_uleb(lb, UINT64_MAX - 20); /* back to 3 */
    lb_put(lb, 1, 3);
    lb_sleb(lb, 100000);
    lb_put(lb, 2, 6 | 7 << 8);   /* negate_stmt, set_basic_block */
    lb_put(lb, 2, 10 | 11 << 8); /* set_prologue_end, set_epilogue_begin */
    lb_put(lb, 2, 12 | 5 << 8);  /* set_isa 5 */
    lb_put(lb, 1, 5);
    lb_uleb(lb, 70000); /* a column that a row cannot hold */
    lb_put(lb, 1, 1);
    lb_put(lb, 3, 9 | 4 << 8);             /* fixed_advance_pc 4 */
    lb_put(lb, 3, 13 | 9 << 8 | 14 << 16); /* unknown ones, of 1, 2, 3, 0 operands */
    lb_put(lb, 2, 9 | 8 << 8);
    lb_put(lb, 4, 15 | 1 << 8 | 2 << 16 | 3 << 24);
    lb_put(lb, 1, 16);
    lb_put(lb, 1, 3);
    lb_sleb(lb, -100000);
    lb_put(lb, 2, 4 | 9 << 8); /* a file that is not there */
    lb_put(lb, 1, 1);
    lb_put(lb, 3, 0 | 2 << 8 | 4 << 16); /* set_discriminator */
    lb_put(lb, 1, 3);
    lb_put(lb, 3, 0 | 3 << 8 | 0x90 << 16); /* unknown extended */
    lb_put(lb, 2, 0x0101);
    lb_put(lb, 3, 0 | 6 << 8 | 3 << 16); /* define_file: the third */
    lb_put(lb, 2, 'n');
    lb_put(lb, 3, 1);
    lb_put(lb, 2, 4 | 3 << 8);
    lb_row(lb, 2, 0);
    lb_put(lb, 2, 2 | 3 << 8);
    lb_end_sequence(lb);
    lb_end(lb);
    m = load(lb_object(lb));
    CHECK_STR(logged, "");
    CHECK_STR(at(m, ".text", 0), "a+0 /a.c:1:0");
    CHECK_STR(at(m, ".text", 1), "a+1 /a.c:3:0");
    CHECK_STR(at(m, ".text", 2), "a+2 /a.c:3:0");
    CHECK_STR(at(m, ".text", 3), "a+3 /a.c:100003:0");
    CHECK_STR(at(m, ".text", 6), "a+6 /a.c:100003:0");
    CHECK_STR(at(m, ".text", 7), "a+7 /:3:0");
    CHECK_STR(at(m, ".text", 9), "a+9 d/n:3:0");
    CHECK_STR(at(m, ".text", 11), "a+11 d/n:3:0");
    CHECK_STR(at(m, ".text", 12), "+0 /:0:0");
    unload();
    end();
}

/* Two instructions of two bytes in a bundle of three operations; few standard opcodes. */
static void bundles_and_small_opcode_bases(void)
{
    elfin_module *m;

    begin();
    lb_unit(lb, 4, 4, (struct lb_header){ 2, 3, 4, 4, 0 });
    lb_address(lb, 0, 0);
    lb_put(lb, 1, 4);          /* operation 0 */
    lb_put(lb, 1, 4 + 4 + 1);  /* operation 1 of the same address, line 2 */
    lb_put(lb, 1, 4 + 8 + 1);  /* operation 3: the next address, line 3 */
    lb_put(lb, 2, 2 | 4 << 8); /* and four more: operation 1 of address 4 */
    lb_put(lb, 1, 4 + 1);      /* line 4 */
    lb_put(lb, 2, 2 | 17 << 8);
    lb_end_sequence(lb);
    lb_end(lb);
    m = load(lb_object(lb));
    CHECK_STR(logged, "");
    CHECK_STR(at(m, ".text", 1), "a+1 /a.c:2:0");
    CHECK_STR(at(m, ".text", 2), "a+2 /a.c:3:0");
    CHECK_STR(at(m, ".text", 4), "a+4 /a.c:4:0");
    CHECK_STR(at(m, ".text", 15), "+0 /a.c:4:0");
    unload();
    end();
}

/* One entry with a value of the form before its name. */
static void put_form(unsigned form, size_t bytes)
{
    lb_begin(lb, 5, 4, LB_USUAL);
    lb_put(lb, 3, 1 | 1 << 8 | 8 << 16);
    lb_uleb(lb, 1);
    lb_text(lb, "dir");
    lb_put(lb, 1, 2);
    lb_uleb(lb, 0x2001);
    lb_uleb(lb, form);
    lb_put(lb, 2, 1 | 8 << 8);
    lb_uleb(lb, 2);
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < bytes; k++) {
            lb_put(lb, 1,
                   k == 0 && form >= 3 && form <= 10 && form != 5 && form != 6 && form != 7 &&
                           form != 8
                       ? bytes - (form == 3   ? 2
                                  : form == 4 ? 4
                                              : 1)
                       : 0);
        }
        lb_text(lb, i == 0 ? "no.c" : "yes.c");
    }
    lb_program(lb);
    lb_address(lb, 0, 0);
    lb_row(lb, 0, 4);
    lb_put(lb, 2, 2 | 16 << 8);
    lb_end_sequence(lb);
    lb_end(lb);
}

static void every_form(void)
{
    static const struct {
        unsigned form;
        size_t bytes;
    } forms[] = {
        { 0x03, 9 }, { 0x04, 11 }, { 0x05, 2 }, { 0x06, 4 }, { 0x07, 8 },  { 0x08, 1 },
        { 0x09, 6 }, { 0x0a, 7 },  { 0x0b, 1 }, { 0x0c, 1 }, { 0x0d, 1 },  { 0x0e, 4 },
        { 0x0f, 1 }, { 0x17, 4 },  { 0x1a, 1 }, { 0x1d, 4 }, { 0x1e, 16 }, { 0x1f, 4 },
        { 0x25, 1 }, { 0x26, 2 },  { 0x27, 3 }, { 0x28, 4 },
    };

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        elfin_module *m;

        begin();
        put_form(forms[i].form, forms[i].bytes);
        m = load(lb_object(lb));
        CHECK_STR(logged, "");
        CHECK_MSG(strcmp(at(m, ".text", 1), "a+1 dir/yes.c:5:0") == 0, "form 0x%x: %s",
                  forms[i].form, at(m, ".text", 1));
        unload();
        end();
    }
    /* Unknown ones: the names are not known, the lines are. */
    for (unsigned form = 0; form < 0x200; form += form == 0x30 ? 0x1d0 : 1) {
        bool known = false;

        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
            known |= forms[i].form == form;
        }
        if (!known) {
            elfin_module *m;

            begin();
            put_form(form, 4);
            m = load(lb_object(lb));
            CHECK_STR(logged, "");
            CHECK_STR(at(m, ".text", 1), "a+1 /:5:0");
            unload();
            end();
        }
    }
}

static void sections_that_are_not_there(void)
{
    elfin_module *m;
    struct blob object;

    /* A section that is excluded, and one that is compressed. */
    begin();
    lb_sample(lb, 4, 4);
    object = lb_object(lb);
    blob_set(&object, eb_shdr_at(&lb->elf, lb->sections[2]) + 8, 8,
             SHF_ALLOC | SHF_EXECINSTR | SHF_EXCLUDE);
    m = load(object);
    CHECK_STR(logged, "");
    CHECK_STR(at(m, ".text.b", 8), "b+8 d/b.c:21:0");
    unload();
    lb->debug_flags = SHF_COMPRESSED;
    m = load(lb_object(lb));
    CHECK_STR(logged, "");
    CHECK_EQ(elfin_module_debug(m), ELFIN_DEBUG_SYMBOLS);
    CHECK_STR(at(m, ".text.b", 8), "b+8 /:0:0");
    unload();
    end();
}

static const struct test_case cases[] = {
    TEST_CASE(every_version_and_format),       TEST_CASE(every_standard_opcode),
    TEST_CASE(bundles_and_small_opcode_bases), TEST_CASE(every_form),
    TEST_CASE(sections_that_are_not_there),
};
TEST_MAIN("evil_lines", cases)
