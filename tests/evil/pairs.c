/* SPDX-License-Identifier: MIT */
/* Damage that takes more than one field, or whole objects made to be hostile. */
#include "tests/lib/expect.h"

#include <elfin/module.h>

static struct elf_builder *eb;
static struct fixture *f;

/* Loads the object, frees it, and checks that a refusal leaves nothing behind. */
static elfin_status load(struct blob object)
{
    struct fx_snapshot before = fx_snapshot(f);

    fx_load_blob(f, "evil.o", object);
    if (f->status != ELFIN_OK) {
        NO_COMPLAINT(fx_compare(f, &before));
    }
    free(object.data);
    return f->status;
}

static void begin(void)
{
    eb = xmalloc(sizeof *eb);
    f = fx_new(FAKE_INVENTED);
}

static void end(void)
{
    END(f);
    free(eb);
}

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
    static const char *const names[] = { ".elfin.init", ".elfin.exit", ".elfin.module",
                                         ".elfin.exports" };

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
        CHECK_MSG(strstr(f->diag.detail, "two") != NULL, "%s: %s", names[i], f->diag.detail);
        end();
    }
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

static const struct test_case cases[] = {
    TEST_CASE(the_last_name_does_not_end),
    TEST_CASE(a_symbol_table_that_ends_inside_a_symbol),
    TEST_CASE(two_sound_symbol_tables),
    TEST_CASE(relocations_without_a_symbol_table),
    TEST_CASE(no_symbols_at_all),
    TEST_CASE(exports_that_cannot_be),
    TEST_CASE(strings_of_the_record_that_do_not_end),
    TEST_CASE(two_records_of_a_kind),
    TEST_CASE(a_group_signed_by_a_section_symbol),
};

TEST_MAIN("pairs", cases)
