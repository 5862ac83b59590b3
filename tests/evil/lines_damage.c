/* SPDX-License-Identifier: MIT */
/*
 * Damaged line tables: the module is loaded all the same, nothing of a malformed table is kept, and
 * the log says what is wrong.
 */
#include "tests/evil/lines.h"

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

static const struct test_case cases[] = {
    TEST_CASE(each_field_of_a_header),
    TEST_CASE(each_operand_that_is_cut),
    TEST_CASE(tables_of_names),
    TEST_CASE(each_field_of_a_relocation),
    TEST_CASE(many_tables_of_relocations),
};
TEST_MAIN("evil_lines_damage", cases)
