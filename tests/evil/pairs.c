/* SPDX-License-Identifier: MIT */
/* Damage that takes more than one field, or whole objects made to be hostile. */
#include "tests/lib/expect.h"

#include <elfin/module.h>

uint32_t elfin_hash(const char *name); /* loader/names.h: to make names that collide */

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
        end();
    }
}

/* Every symbol's name is the tail of one long string: small file, endless work. */
static struct blob overlapping_names(bool as_signatures)
{
    enum {
        LENGTH = 60000,
        COUNT = 100
    };
    char *text = xmalloc(LENGTH);
    struct blob object;
    int strings, where, handles[COUNT];

    memset(text, 'a', LENGTH - 1);
    text[LENGTH - 1] = '\0';
    eb_init(eb);
    where = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    strings = eb_section(eb, ".long", SHT_STRTAB, 0, text, LENGTH, 1);
    free(text);
    for (int i = 0; i < COUNT; i++) {
        handles[i] = eb_symbol(eb, "x", ELF64_ST_INFO(as_signatures ? 0u : 1u, STT_NOTYPE), 0,
                               (unsigned)where, 0, 0);
    }
    for (int i = 0; as_signatures && i < 40; i++) {
        uint32_t flag = GRP_COMDAT;
        int group = eb_section(eb, ".group", SHT_GROUP, 0, &flag, sizeof flag, 4);

        eb->sections[group].header.sh_entsize = 4;
        eb->sections[group].header.sh_info = (Elf64_Word)handles[i];
    }
    object = eb_finish(eb);
    blob_set(&object, eb_shdr_at(eb, eb->symtab) + offsetof(Elf64_Shdr, sh_link), 4,
             (uint64_t)strings);
    for (int i = 0; i < COUNT; i++) {
        blob_set(&object, eb_sym_at(eb, handles[i]) + offsetof(Elf64_Sym, st_name), 4,
                 (uint64_t)i + 1);
    }
    return object;
}

static void names_that_overlap_without_end(void)
{
    begin();
    STATUS(load(overlapping_names(false)), ELFIN_ERR_LIMIT);
    end();
    begin();
    STATUS(load(overlapping_names(true)), ELFIN_ERR_SECTION);
    end();
}

/*
 * Names whose hashes meet in one place of every table they could be put into: refused after a
 * bounded search. The builder's tables are too small, so the symbol table is written here.
 */

static struct blob colliding_names(uint32_t *from, int wanted)
{
    char(*names)[12] = xmalloc((size_t)wanted * sizeof *names);
    Elf64_Sym *symbols = xmalloc(((size_t)wanted + 1) * sizeof *symbols);
    char *strings = xmalloc(1 + (size_t)wanted * sizeof *names);
    int where, symtab, strtab, count = 0;
    struct blob object;

    memset(names, 0, (size_t)wanted * sizeof *names);
    for (; count < wanted; ++*from) {
        snprintf(names[count], sizeof names[count], "n%08x", *from);
        count += (elfin_hash(names[count]) & 0xfff) == 0;
    }
    eb_init(eb);
    where = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    memset(symbols, 0, sizeof *symbols);
    strings[0] = '\0';
    for (int i = 0; i < wanted; i++) {
        memcpy(strings + 1 + 12 * i, names[i], 12);
        symbols[i + 1] = (Elf64_Sym){ .st_name = (Elf64_Word)(1 + 12 * i),
                                      .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                      .st_shndx = (Elf64_Section)where };
    }
    strtab = eb_section(eb, ".names", SHT_STRTAB, 0, strings, 1 + 12 * (size_t)wanted, 1);
    symtab = eb_section(eb, ".symbols", SHT_SYMTAB, 0, symbols,
                        ((size_t)wanted + 1) * sizeof *symbols, 8);
    eb->sections[symtab].header.sh_entsize = sizeof *symbols;
    eb->sections[symtab].header.sh_link = (Elf64_Word)strtab;
    eb->sections[symtab].header.sh_info = 1;
    object = eb_finish(eb);
    /* The builder's own table steps aside. */
    blob_set(&object, eb_shdr_at(eb, eb->symtab) + offsetof(Elf64_Shdr, sh_type), 4, SHT_PROGBITS);
    free(names);
    free(symbols);
    free(strings);
    return object;
}

static void names_that_collide(void)
{
    uint32_t from = 0;

    begin();
    STATUS(load(colliding_names(&from, 700)), ELFIN_ERR_LIMIT);
    LOAD(f, "good.o", "fn f 1");
    end();
}

/* Each load is modest, but the index of the space holds them all. */
static void names_that_collide_over_groups(void)
{
    uint32_t from = 0;
    unsigned loads = 0;

    begin();
    do {
        char file[16];
        struct blob object = colliding_names(&from, 300);
        struct fx_snapshot before = fx_snapshot(f);

        snprintf(file, sizeof file, "m%u.o", loads);
        fx_load_blob(f, file, object);
        free(object.data);
        if (f->status != ELFIN_OK) {
            STATUS(f->status, ELFIN_ERR_LIMIT);
            STATUS(f->diag.status, ELFIN_ERR_LIMIT);
            NO_COMPLAINT(fx_compare(f, &before));
        }
    } while (f->status == ELFIN_OK && ++loads < 10);
    CHECK_MSG(loads >= 1 && loads < 10, "%u loads", loads);
    LOAD(f, "good.o", "fn f 1");
    end();
}

static int by_hash(const void *a, const void *b)
{
    uint32_t x = elfin_hash(a), y = elfin_hash(b);

    return x < y ? -1 : x > y;
}

/* Names that differ although their hashes are equal, found among many: both are what they are. */
static void names_with_one_hash(void)
{
    enum {
        MANY = 300000,
        LENGTH = 10
    };
    char(*names)[LENGTH] = xmalloc(MANY * sizeof *names);
    const char *one = NULL, *two = NULL;
    char text[128];

    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], LENGTH, "n%08zx", i);
    }
    qsort(names, MANY, sizeof *names, by_hash);
    for (size_t i = 1; i < MANY && one == NULL; i++) {
        if (elfin_hash(names[i - 1]) == elfin_hash(names[i])) {
            one = names[i - 1];
            two = names[i];
        }
    }
    REQUIRE(one != NULL);
    begin();
    snprintf(text, sizeof text, "var %s 1; var %s 2", one, two);
    LOAD(f, "a.o", text);
    CHECK_EQ(fx_read(f, fx_lookup(f, one)), 1);
    CHECK_EQ(fx_read(f, fx_lookup(f, two)), 2);
    snprintf(text, sizeof text, "ptr p %s; ptr q %s", one, two);
    LOAD(f, "b.o", text);
    CHECK_EQ(fx_read(f, fx_lookup(f, "p")), fx_lookup(f, one));
    CHECK_EQ(fx_read(f, fx_lookup(f, "q")), fx_lookup(f, two));
    free(names);
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

static const struct test_case cases[] = {
    TEST_CASE(the_last_name_does_not_end),
    TEST_CASE(a_symbol_table_that_ends_inside_a_symbol),
    TEST_CASE(two_sound_symbol_tables),
    TEST_CASE(relocations_without_a_symbol_table),
    TEST_CASE(no_symbols_at_all),
    TEST_CASE(exports_that_cannot_be),
    TEST_CASE(strings_of_the_record_that_do_not_end),
    TEST_CASE(two_records_of_a_kind),
    TEST_CASE(names_that_overlap_without_end),
    TEST_CASE(names_that_collide),
    TEST_CASE(names_that_collide_over_groups),
    TEST_CASE(names_with_one_hash),
    TEST_CASE(a_group_signed_by_a_section_symbol),
};

TEST_MAIN("pairs", cases)
