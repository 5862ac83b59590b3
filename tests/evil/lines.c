/* SPDX-License-Identifier: MIT */
/*
 * Line tables of every form that DWARF 2 to 5 have, and damaged ones: the module is loaded all the
 * same, nothing of a malformed table is kept, and the log says what is wrong. After that, tables in
 * memory that somebody has written over: answers may be wrong, but nothing else is read.
 */
#include <elfin/debug.h>

#include "loader/lines.h"
#include "tests/lib/expect.h"
#include "tests/lib/line_builder.h"

static struct fixture *f;
static struct line_builder *lb;
static char logged[512];

static void log_line(void *ctx, const char *text)
{
    (void)ctx;
    snprintf(logged, sizeof logged, "%s", text);
}

static void begin(void)
{
    f = fx_new(FAKE_INVENTED);
    f->fake.host.debugging = &elfin_debugging;
    f->fake.host.debug = ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES;
    f->fake.host.log = log_line;
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_NO_INIT;
    fx_again(f);
    lb = xmalloc(sizeof *lb);
    lb_init(lb);
}

static void end(void)
{
    END(f);
    free(lb);
}

/* Takes the object's bytes; the group must be unloaded. */
static elfin_module *load(struct blob object)
{
    logged[0] = '\0';
    if (fx_load_blob(f, "lines.o", object) != ELFIN_OK) {
        char text[512];

        elfin_diag_format(&f->diag, text, sizeof text);
        CHECK_MSG(false, "%s", text);
    }
    free(object.data);
    REQUIRE(f->status == ELFIN_OK);
    return elfin_next_module(f->group, NULL);
}

static void unload(void)
{
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
}

static uint64_t address_of(const elfin_module *module, const char *name)
{
    elfin_section section;

    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++) {
        if (strcmp(section.name, name) == 0) {
            return section.address;
        }
    }
    return 0;
}

/* What is known there, as "symbol+offset directory/file:line:column". */
static const char *at(const elfin_module *module, const char *section, uint64_t offset)
{
    static char text[512];
    elfin_location l;

    STATUS(elfin_symbolize(&f->space, address_of(module, section) + offset, &l), ELFIN_OK);
    snprintf(text, sizeof text, "%s+%llu %s/%s:%u:%u", l.symbol,
             (unsigned long long)l.symbol_offset, l.directory, l.file, l.line, l.column);
    return text;
}

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

/* ---- Damage ---------------------------------------------------------------------------------- */

/* The first unit of the sample: offsets in the section by version, for 32-bit lengths. */
struct damage {
    const char *what;
    size_t offset, width;
    uint64_t value;
    const char *log; /* part of the log, or NULL: nothing is wrong */
};

static void check_damage(unsigned version, const struct damage *d)
{
    elfin_module *m;

    begin();
    lb_sample(lb, version, 4);
    for (size_t i = 0; i < d->width; i++) {
        lb->bytes[d->offset + i] = (uint8_t)(d->value >> 8 * i);
    }
    m = load(lb_object(lb));
    if (d->log == NULL) {
        CHECK_MSG(logged[0] == '\0', "%u %s: %s", version, d->what, logged);
    } else {
        CHECK_MSG(strstr(logged, d->log) != NULL && strncmp(logged, "lines: no lines", 15) == 0,
                  "%u %s: \"%s\"", version, d->what, logged);
        CHECK_EQ(elfin_module_debug(m), ELFIN_DEBUG_SYMBOLS);
        CHECK_STR(at(m, ".text", 5), "a+5 /:0:0");
    }
    unload();
    end();
}

static void each_field_of_a_header(void)
{
    static const struct damage v4[] = {
        { "unit_length too large", 0, 4, 0x10000, "longer than its section" },
        { "unit_length reserved", 0, 4, 0xfffffff0, "longer than its section" },
        { "unit_length of 64 bits", 0, 4, 0xffffffff, "longer than its section" },
        { "unit_length 1", 0, 4, 1, "a header is cut" },
        { "unit_length 5", 0, 4, 5, "a header is cut" },
        { "version 1", 4, 2, 1, NULL },
        { "version 6", 4, 2, 6, NULL },
        { "version 0xffff", 4, 2, 0xffff, NULL },
        { "header_length too large", 6, 4, 0x10000, "a header is cut" },
        { "header_length 3", 6, 4, 3, "a header is cut" },
        { "header_length without names", 6, 4, 20, "names is cut" },
        { "minimum_instruction_length 0", 10, 1, 0, NULL },
        { "maximum_operations 0", 11, 1, 0, "a zero" },
        { "line_range 0", 14, 1, 0, "a zero" },
        { "opcode_base 0", 15, 1, 0, "a zero" },
        { "opcode_base 255", 15, 1, 255, "a header is cut" },
    };
    static const struct damage v5[] = {
        { "address_size 4", 6, 1, 4, "8 bytes" },
        { "segment_selector_size 1", 7, 1, 1, "8 bytes" },
        { "entries without forms", 30, 1, 0, "" },
        { "an offset outside", 34, 4, 0x7fffffff, NULL }, /* the relocation overwrites it */
    };

    for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++) {
        check_damage(4, &v4[i]);
    }
    for (size_t i = 0; i < sizeof v5 / sizeof v5[0]; i++) {
        check_damage(5, &v5[i]);
    }
}

/* A program of these bytes, after the address has been set. */
static void check_program(const char *what, const uint8_t *bytes, size_t size, const char *log)
{
    begin();
    lb_unit(lb, 4, 4, LB_USUAL);
    lb_address(lb, 0, 0);
    lb_row(lb, 0, 3);
    for (size_t i = 0; i < size; i++) {
        lb_put(lb, 1, bytes[i]);
    }
    lb_end(lb);
    load(lb_object(lb));
    CHECK_MSG(log == NULL ? logged[0] == '\0' : strstr(logged, log) != NULL, "%s: \"%s\"", what,
              logged);
    unload();
    end();
}

static void each_operand_that_is_cut(void)
{
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
    check_program("advance_pc", BYTES(2), "a program is cut");
    check_program("advance_pc, unended", BYTES(2, 0x80, 0x80), "a program is cut");
    check_program("advance_pc, 11 bytes",
                  BYTES(2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0),
                  "a program is cut");
    check_program("advance_pc, 10 bytes",
                  BYTES(2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0), NULL);
    check_program("advance_line", BYTES(3), "a program is cut");
    check_program("set_file", BYTES(4), "a program is cut");
    check_program("set_column", BYTES(5), "a program is cut");
    check_program("fixed_advance_pc", BYTES(9, 1), "a program is cut");
    check_program("set_isa", BYTES(12), "a program is cut");
    check_program("extended", BYTES(0), "a program is cut");
    check_program("extended, too long", BYTES(0, 5, 2), "a program is cut");
    check_program("extended, empty", BYTES(0, 0), "an extended opcode");
    check_program("set_address of 4", BYTES(0, 5, 2, 1, 2, 3, 4), "an extended opcode");
    check_program("set_address of 9", BYTES(0, 10, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9),
                  "an extended opcode");
    check_program("define_file", BYTES(0, 4, 3, 'a', 0, 0), "an extended opcode");
    check_program("define_file, unended", BYTES(0, 3, 3, 'a', 'b'), "an extended opcode");
    check_program("no end of the sequence", BYTES(1), NULL);
    check_program("nothing", BYTES(2, 0), NULL);
}

static void tables_of_names(void)
{
    static const struct {
        const char *what;
        uint8_t bytes[24];
        size_t size;
        const char *log;
    } rows[] = {
        { "no forms, entries", { 0, 2 }, 2, "are empty" },
        { "no forms, many entries", { 0, 0xff, 0xff, 0xff, 0xff, 0x7f }, 6, "are empty" },
        { "more entries than bytes",
          { 1, 1, 8, 0xff, 0xff, 0xff, 0xff, 0x7f, 'a', 0 },
          10,
          "names is cut" },
        { "forms are cut", { 200, 1, 8 }, 3, "names is cut" },
        { "a block is cut", { 1, 2, 9, 1, 0xff, 0x7f }, 6, "names is cut" },
        { "a text is cut", { 1, 1, 8, 1, 'a' }, 5, "names is cut" },
        { "line_strp outside", { 1, 1, 0x1f, 1, 0xff, 0xff, 0, 0 }, 8, "not in its section" },
        { "strp outside", { 1, 1, 0x0e, 1, 0xff, 0xff, 0, 0 }, 8, "not in its section" },
        { "strp at the end", { 1, 1, 0x0e, 1, 1, 0, 0, 0 }, 8, "not in its section" },
        { "nothing", { 0, 0, 0, 0 }, 4, NULL },
        { "the same twice", { 2, 1, 8, 1, 8, 1, 'a', 0, 'b', 0, 0, 0 }, 12, NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        lb_begin(lb, 5, 4, LB_USUAL);
        for (size_t k = 0; k < rows[i].size; k++) {
            lb_put(lb, 1, rows[i].bytes[k]);
        }
        lb_program(lb);
        lb_address(lb, 0, 0);
        lb_row(lb, 0, 3);
        lb_end(lb);
        load(lb_object(lb));
        CHECK_MSG(rows[i].log == NULL ? logged[0] == '\0' : strstr(logged, rows[i].log) != NULL,
                  "%s: \"%s\"", rows[i].what, logged);
        unload();
        end();
    }
}

static void each_field_of_a_relocation(void)
{
    static const struct {
        const char *what;
        bool header;
        size_t offset, width;
        uint64_t value;
        const char *log;
    } rows[] = {
        { "r_offset outside", false, 0, 8, 0x100000, "outside of its section" },
        { "r_offset -1", false, 0, 8, UINT64_MAX, "outside of its section" },
        { "type PC32", false, 8, 4, R_X86_64_PC32, "another type" },
        { "type 255", false, 8, 4, 255, "another type" },
        { "type NONE", false, 8, 4, R_X86_64_NONE, NULL },
        { "symbol outside", false, 12, 4, 1000, "names no symbol" },
        { "type 32, a high value", false, 8, 4, R_X86_64_32, "does not fit" },
        { "sh_entsize", true, 56, 8, 25, "relocations is malformed" },
        { "sh_size", true, 32, 8, 25, "relocations is malformed" },
        { "sh_size outside", true, 32, 8, 0x1000000, "" },
        { "sh_link 0", true, 40, 4, 0, "relocations is malformed" },
        { "sh_link outside", true, 40, 4, 500, "relocations is malformed" },
        { "SHT_REL", true, 4, 4, SHT_REL, "no addends" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct blob object;
        size_t place;

        begin();
        f->options.min = UINT64_C(0x200000000);
        lb_sample(lb, 4, 4);
        object = lb_object(lb);
        place = rows[i].header ? eb_shdr_at(&lb->elf, lb->elf.rela_section[lb->line_section])
                               : eb_rela_at(&lb->elf, lb->line_section, 0);
        blob_set(&object, place + rows[i].offset, rows[i].width, rows[i].value);
        logged[0] = '\0';
        fx_load_blob(f, "lines.o", object);
        free(object.data);
        if (f->status == ELFIN_OK) {
            CHECK_MSG(rows[i].log == NULL ? logged[0] == '\0' : strstr(logged, rows[i].log) != NULL,
                      "%s: \"%s\"", rows[i].what, logged);
            unload();
        }
        logged[0] = '\0';
        end();
    }
}

/* The object with so many more section headers, copies of one of its own. */
static struct blob with_copies(struct blob object, size_t header, unsigned copies)
{
    uint64_t count = blob_get(&object, offsetof(Elf64_Ehdr, e_shnum), 2);
    uint64_t table = blob_get(&object, offsetof(Elf64_Ehdr, e_shoff), 8);
    struct blob out = { .size = object.size + (count + copies) * sizeof(Elf64_Shdr) };
    uint8_t *to;

    out.data = xmalloc(out.size);
    memcpy(out.data, object.data, object.size);
    to = out.data + object.size;
    memcpy(to, object.data + table, count * sizeof(Elf64_Shdr));
    for (unsigned i = 0; i < copies; i++) {
        memcpy(to + (count + i) * sizeof(Elf64_Shdr), object.data + header, sizeof(Elf64_Shdr));
    }
    blob_set(&out, offsetof(Elf64_Ehdr, e_shnum), 2, count + copies);
    blob_set(&out, offsetof(Elf64_Ehdr, e_shoff), 8, object.size);
    free(object.data);
    return out;
}

/* Many headers of one table would take time for each; so would a symbol table for each table. */
static void many_tables_of_relocations(void)
{
    for (int other = 0; other < 2; other++) {
        struct blob object;
        size_t header;

        begin();
        lb_sample(lb, 4, 4);
        object = lb_object(lb);
        header = eb_shdr_at(&lb->elf, lb->elf.rela_section[lb->line_section]);
        object = with_copies(object, header, other ? 1 : 400);
        if (other) {
            size_t last = object.size - sizeof(Elf64_Shdr);

            blob_set(&object, last + offsetof(Elf64_Shdr, sh_link), 4,
                     (uint64_t)lb->elf.symtab + 1);
        }
        load(object);
        CHECK_MSG(strstr(logged, "relocations is malformed") != NULL, "%d: \"%s\"", other, logged);
        unload();
        end();
    }
}

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
    TEST_CASE(every_version_and_format),
    TEST_CASE(every_standard_opcode),
    TEST_CASE(bundles_and_small_opcode_bases),
    TEST_CASE(every_form),
    TEST_CASE(sections_that_are_not_there),
    TEST_CASE(each_field_of_a_header),
    TEST_CASE(each_operand_that_is_cut),
    TEST_CASE(tables_of_names),
    TEST_CASE(each_field_of_a_relocation),
    TEST_CASE(many_tables_of_relocations),
    TEST_CASE(every_prefix_and_every_byte),
    TEST_CASE(random_programs),
    TEST_CASE(damaged_symbol_tables),
    TEST_CASE(tables_that_were_written_over),
    TEST_CASE(no_memory),
};
TEST_MAIN("evil_lines", cases)
