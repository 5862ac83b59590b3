/* SPDX-License-Identifier: MIT */
/* Damage that takes more than one field, or whole objects made to be hostile. */
#include "tests/evil/single.h"

#include <elfin/module.h>

static void the_last_name_does_not_end(void)
{
    struct blob object;

    begin();
    object = toy_build(eb, "fn f 1; call g f");
    object.data[eb->sections[eb->strtab].header.sh_offset + eb->sections[eb->strtab].size - 1] =
        'x';
    STATUS(load(object), ELFIN_ERR_SECTION);
    CHECK_STR(f->diag.section, ".strtab");
    end();
    begin();
    object = toy_build(eb, "fn f 1; call g f");
    object.data[eb->sections[eb->shstrtab].header.sh_offset + eb->sections[eb->shstrtab].size - 1] =
        'x';
    STATUS(load(object), ELFIN_ERR_HEADER);
    end();
}

static void a_symbol_table_that_ends_inside_a_symbol(void)
{
    struct blob object;

    begin();
    object = toy_build(eb, "fn f 1; fn g 2; call h f");
    blob_set(&object, eb_shdr_at(eb, eb->symtab) + offsetof(Elf64_Shdr, sh_size), 8,
             eb->sections[eb->symtab].size - 1);
    STATUS(load(object), ELFIN_ERR_SECTION);
    CHECK_STR(f->diag.section, ".symtab");
    end();
}

static void two_sound_symbol_tables(void)
{
    Elf64_Sym none = { 0 };
    int second;

    begin();
    eb_init(eb);
    eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    second = eb_section(eb, ".symtab2", SHT_SYMTAB, 0, &none, sizeof none, 8);
    eb->sections[second].header.sh_entsize = sizeof none;
    eb->sections[second].header.sh_info = 1;
    eb_finish(eb);
    blob_set(&eb->object, eb_shdr_at(eb, second) + offsetof(Elf64_Shdr, sh_link), 4,
             (uint64_t)eb->strtab);
    STATUS(load(eb->object), ELFIN_ERR_SECTION);
    end();
}

static void relocations_without_a_symbol_table(void)
{
    struct blob object;

    begin();
    object = toy_build(eb, "fn f 1; call g f");
    blob_set(&object, eb_shdr_at(eb, eb->symtab) + offsetof(Elf64_Shdr, sh_type), 4, SHT_PROGBITS);
    blob_set(&object, eb_shdr_at(eb, toy_section(eb, ".rela.text")) + offsetof(Elf64_Shdr, sh_link),
             4, 0);
    STATUS(load(object), ELFIN_ERR_SECTION);
    CHECK_STR(f->diag.section, ".rela.text");
    end();
}

/* No symbol table and no relocations: an object all the same. */
static void no_symbols_at_all(void)
{
    struct blob object;

    begin();
    object = toy_build(eb, "local fn f 1");
    blob_set(&object, eb_shdr_at(eb, eb->symtab) + offsetof(Elf64_Shdr, sh_type), 4, SHT_PROGBITS);
    STATUS(load(object), ELFIN_OK);
    end();
}

static void exports_that_cannot_be(void)
{
    static const char *const texts[] = { "hidden fn h 1; export h", "internal fn h 1; export h",
                                         "export nowhere; fn f 1",
                                         "fn f 1; export f; weak undef w; export w" };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        begin();
        STATUS(load(toy_build(eb, texts[i])), ELFIN_ERR_RECORD);
        CHECK_STR(f->diag.section, ".elfin.exports");
        end();
    }
}

static void strings_of_the_record_that_do_not_end(void)
{
    static const struct {
        size_t offset, size;
    } fields[] = {
        { offsetof(struct elfin_module_record, name), 48 },
        { offsetof(struct elfin_module_record, version), 24 },
        { offsetof(struct elfin_module_record, description), 96 },
    };

    for (size_t i = 0; i < 3; i++) {
        struct blob object;

        begin();
        object = toy_build(eb, "module m; fn f 1");
        memset(object.data + eb->sections[toy_section(eb, ".elfin.module")].header.sh_offset +
                   fields[i].offset,
               'x', fields[i].size);
        STATUS(load(object), ELFIN_ERR_RECORD);
        CHECK_STR(f->diag.section, ".elfin.module");
        end();
    }
}

static void two_records_of_a_kind(void)
{
    static const char *const names[] = { ".elfin.init",    ".elfin.exit",  ".elfin.module",
                                         ".elfin.exports", ".elfin.flags", ".elfin.needs" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct blob object;

        begin();
        eb_init(eb);
        for (int twice = 0; twice < 2; twice++) {
            struct elfin_module_record record = { sizeof record, ELFIN_RECORD_REVISION, "m", "",
                                                  "" };
            size_t size = i == 2 ? sizeof record : i == 3 ? 16 : 8;

            eb_section(eb, names[i], SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, i == 2 ? &record : NULL,
                       size, 8);
        }
        object = eb_finish(eb);
        STATUS(load(object), ELFIN_ERR_RECORD);
        CHECK_STR(f->diag.section, names[i]);
        CHECK_MSG(strstr(elfin_diag_detail(&f->diag), "two") != NULL, "%s: %s", names[i],
                  elfin_diag_detail(&f->diag));
        end();
    }
}

/* ELFIN_EXPORT records whose relocations are none, or all in one place. */
static void export_records_without_an_address(void)
{
    static const struct {
        uint32_t types[2];
        uint64_t second;
        elfin_status status;
    } rows[] = {
        { { R_X86_64_64, R_X86_64_64 }, 16, ELFIN_OK },
        { { R_X86_64_NONE, R_X86_64_NONE }, 16, ELFIN_ERR_RECORD },
        { { R_X86_64_64, R_X86_64_NONE }, 16, ELFIN_ERR_RECORD },
        { { R_X86_64_NONE, R_X86_64_64 }, 16, ELFIN_ERR_RECORD },
        { { R_X86_64_64, R_X86_64_64 }, 0, ELFIN_ERR_RECORD },
        { { R_X86_64_NONE, R_X86_64_NONE }, 0, ELFIN_ERR_RECORD },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int table, symbol;

        begin();
        eb_init(eb);
        eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
        table = eb_section(eb, ".elfin.exports", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 32, 8);
        symbol = eb_symbol(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, 1);
        eb_rela(eb, table, 0, rows[i].types[0], symbol, 0);
        eb_rela(eb, table, rows[i].second, rows[i].types[1], symbol, 0);
        CHECK_MSG(load(eb_finish(eb)) == rows[i].status, "row %zu: %s", i,
                  elfin_status_text(f->status));
        end();
    }
}

/* The address of ELFIN_INIT and ELFIN_EXIT, whichever of the table's records brings it. */
static struct blob entry(const char *name, bool behind_none, const char *function)
{
    int table, symbol = -1;

    eb_init(eb);
    eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    table = eb_section(eb, name, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 8, 8);
    symbol = function != NULL
                 ? eb_symbol(eb, function, ELF64_ST_INFO(STB_WEAK, 0), 0, SHN_UNDEF, 0, 0)
                 : eb_symbol(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, 1);
    if (behind_none) {
        eb_rela(eb, table, 0, R_X86_64_NONE, -1, 0);
    }
    eb_rela(eb, table, 0, R_X86_64_64, symbol, 0);
    return eb_finish(eb);
}

static void an_entry_behind_an_empty_relocation(void)
{
    begin();
    STATUS(load(entry(".elfin.init", true, NULL)), ELFIN_OK);
    CHECK_EQ(fake_host_count(&f->fake, FAKE_CALL), 1);
    end();
}

/* Nothing is called at address 0. */
static void entries_that_nobody_defines(void)
{
    static const char *const names[] = { ".elfin.init", ".elfin.exit" };

    for (size_t i = 0; i < 2; i++) {
        begin();
        STATUS(load(entry(names[i], false, "nobody")), ELFIN_ERR_RECORD);
        CHECK_STR(f->diag.section, names[i]);
        CHECK_EQ(fake_host_count(&f->fake, FAKE_CALL), 0);
        end();
    }
}

/* A slot holds the address of a symbol; symbol 0 has none. */
static void slots_of_no_symbol(void)
{
    static const uint32_t types[] = { R_X86_64_GOTPCREL, R_X86_64_GOTPCRELX, R_X86_64_REX_GOTPCRELX,
                                      R_X86_64_GOT32,    R_X86_64_GOT64,     R_X86_64_GOTPCREL64 };

    for (size_t i = 0; i < 2 * sizeof types / sizeof types[0]; i++) {
        int where, symbol;

        begin();
        eb_init(eb);
        where = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 32, 8);
        symbol = eb_symbol(eb, "v", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 1, 0, 8);
        eb_rela(eb, where, 8, types[i / 2], -1, 0);
        if (i % 2 != 0) {
            /* With a table of slots the number that symbol 0 does not have would point into it. */
            eb_rela(eb, where, 16, R_X86_64_GOTPCREL64, symbol, 0);
        }
        CHECK_MSG(load(eb_finish(eb)) == ELFIN_ERR_RELOCATION, "type %u: %s", types[i / 2],
                  elfin_status_text(f->status));
        CHECK_EQ(f->diag.relocation_index, 0);
        end();
    }
}

static void two_names_for_the_table_of_slots(void)
{
    int where, symbol = 0;

    begin();
    eb_init(eb);
    where = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 32, 8);
    for (int i = 0; i < 2; i++) {
        symbol = eb_symbol(eb, "_GLOBAL_OFFSET_TABLE_", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 0,
                           SHN_UNDEF, 0, 0);
        eb_rela(eb, where, 8 * (uint64_t)i, R_X86_64_GOTPC64, symbol, 0);
    }
    STATUS(load(eb_finish(eb)), ELFIN_ERR_SYMBOL);
    CHECK_STR(f->diag.symbol, "_GLOBAL_OFFSET_TABLE_");
    end();
}

/* Assemblers may sign a group with a section symbol, whose name is that of its section. */
static void a_group_signed_by_a_section_symbol(void)
{
    struct blob objects[2];
    elfin_input inputs[2];

    begin();
    for (int i = 0; i < 2; i++) {
        const uint32_t words[2] = { GRP_COMDAT, 2 };
        int group, member;

        eb_init(eb);
        group = eb_section(eb, ".group", SHT_GROUP, 0, words, sizeof words, 4);
        member = eb_section(eb, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR | SHF_GROUP,
                            "\xc3", 1, 16);
        eb->sections[group].header.sh_entsize = 4;
        eb->sections[group].header.sh_info = (Elf64_Word)eb_symbol(
            eb, "", ELF64_ST_INFO(STB_LOCAL, STT_SECTION), 0, (unsigned)member, 0, 0);
        eb_symbol(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)member, 0, 1);
        objects[i] = eb_finish(eb);
        inputs[i] = (elfin_input)INPUT(objects[i], i == 0 ? "a.o" : "b.o");
    }
    STATUS(fx_load_inputs(f, inputs, 2), ELFIN_OK);
    free(objects[0].data);
    free(objects[1].data);
    end();
}

/* Symbol 0 with contents, in a table that says that all of its symbols are global ones. */
static void symbol_0_as_a_global_one(void)
{
    static const char *const names[] = { ".elfin.exports", ".elfin.init", ".data" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int text, data;

        begin();
        eb_init(eb);
        text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 1);
        data = eb_section(eb, names[i], SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL,
                          strcmp(names[i], ".elfin.init") == 0 ? 8 : 16, 8);
        eb_rela(eb, data, 0, R_X86_64_64, -1, 0);
        eb_symbol(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, (unsigned)text, 0, 1);
        eb_finish(eb);
        blob_set(&eb->object, eb_shdr_at(eb, eb->symtab) + offsetof(Elf64_Shdr, sh_info), 4, 0);
        blob_set(&eb->object,
                 eb->sections[eb->symtab].header.sh_offset + offsetof(Elf64_Sym, st_shndx), 2,
                 (uint64_t)text);
        STATUS(load(eb->object), i < 2 ? ELFIN_ERR_RECORD : ELFIN_OK);
        end();
    }
}

static const struct test_case cases[] = {
    TEST_CASE(the_last_name_does_not_end),
    TEST_CASE(a_symbol_table_that_ends_inside_a_symbol),
    TEST_CASE(two_sound_symbol_tables),
    TEST_CASE(relocations_without_a_symbol_table),
    TEST_CASE(no_symbols_at_all),
    TEST_CASE(exports_that_cannot_be),
    TEST_CASE(strings_of_the_record_that_do_not_end),
    TEST_CASE(two_records_of_a_kind),
    TEST_CASE(export_records_without_an_address),
    TEST_CASE(an_entry_behind_an_empty_relocation),
    TEST_CASE(entries_that_nobody_defines),
    TEST_CASE(slots_of_no_symbol),
    TEST_CASE(two_names_for_the_table_of_slots),
    TEST_CASE(a_group_signed_by_a_section_symbol),
    TEST_CASE(symbol_0_as_a_global_one),
};

TEST_MAIN("pairs", cases)
