/* SPDX-License-Identifier: MIT */
/* Indirect functions that are none: their resolvers would be called. */
#include "tests/evil/single.h"

#define GOOD "fn x 1; ifunc f x; call g f; ptr p f; local ifunc l x; call h l; var v 1; bss b 64"

/* Sets a field of one symbol of the good object and loads it. */
static elfin_status with_field(const char *name, size_t field, size_t width, uint64_t value)
{
    struct blob object = toy_build(eb, GOOD);

    blob_set(&object, eb_sym_at(eb, toy_symbol(eb, name)) + field, width, value);
    return load(object);
}

#define WITH(name, field, value)                                                                   \
    with_field(name, offsetof(Elf64_Sym, field), sizeof(((Elf64_Sym *)0)->field), value)

/* Global and local ones alike. */
static void refuse(const char *name)
{
    uint64_t data = (uint64_t)toy_section(eb, ".data"), bss = (uint64_t)toy_section(eb, ".bss");
    uint64_t size = eb->sections[toy_section(eb, ".text")].size;

    STATUS(WITH(name, st_shndx, data), ELFIN_ERR_SYMBOL);
    CHECK_STR(f->diag.symbol, name);
    CHECK(strstr(elfin_diag_detail(&f->diag), "section without code") != NULL);
    STATUS(WITH(name, st_shndx, bss), ELFIN_ERR_SYMBOL);
    STATUS(WITH(name, st_shndx, SHN_ABS), ELFIN_ERR_SYMBOL);
    CHECK(strstr(elfin_diag_detail(&f->diag), "lies in no section") != NULL);
    STATUS(WITH(name, st_shndx, SHN_COMMON), ELFIN_ERR_SYMBOL);
    STATUS(WITH(name, st_value, size), ELFIN_ERR_SYMBOL);
    CHECK(strstr(elfin_diag_detail(&f->diag), "past the section") != NULL);
    CHECK_STR(f->diag.symbol, name);
    STATUS(WITH(name, st_value, UINT64_MAX), ELFIN_ERR_SYMBOL);
    STATUS(WITH(name, st_value, size - 1), ELFIN_OK);
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
}

static void resolvers_that_are_no_code(void)
{
    begin();
    STATUS(WITH("f", st_size, 5), ELFIN_OK); /* fills in the builder */
    STATUS(elfin_unload(&f->space, f->group, NULL, NULL, NULL), ELFIN_OK);
    refuse("f");
    refuse("l");
    end();
}

/* In a section that is not loaded: a name without a definition, or a relocation without a target.
 */
static void discarded_ones(void)
{
    static const struct {
        const char *text;
        elfin_status status;
    } rows[] = {
        { "fn x 1; ifunc f x 0 .gone; call g f", ELFIN_ERR_UNDEFINED },
        { "fn x 1; local ifunc f x 0 .gone; call g f", ELFIN_ERR_DISCARDED },
        { "fn x 1; ifunc f x 0 .gone", ELFIN_OK },
        { "fn x 1; local ifunc f x 0 .gone", ELFIN_OK },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct blob object;

        begin();
        object = toy_build(eb, rows[i].text);
        blob_set(&object, eb_shdr_at(eb, toy_section(eb, ".gone")) + offsetof(Elf64_Shdr, sh_flags),
                 8, 0);
        STATUS(load(object), rows[i].status);
        end();
    }
}

/* Lasting records keep names: those of local symbols are cut, those of global ones have a budget.
 */
static void names_that_overlap(void)
{
    enum {
        LENGTH = 60000,
        COUNT = 60
    };
    char *text = xmalloc(LENGTH);
    struct blob object;
    elfin_indirect one;
    int strings, where, handles[COUNT];

    begin();
    memset(text, 'a', LENGTH - 1);
    text[LENGTH - 1] = '\0';
    eb_init(eb);
    where = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 8 * COUNT, 16);
    strings = eb_section(eb, ".long", SHT_STRTAB, 0, text, LENGTH, 1);
    free(text);
    for (int i = 0; i < COUNT; i++) {
        handles[i] =
            eb_symbol(eb, "x", ELF64_ST_INFO(STB_LOCAL, STT_GNU_IFUNC), 0, (unsigned)where, 0, 0);
        eb_rela(eb, where, 8 * (uint64_t)i, R_X86_64_64, handles[i], 0);
    }
    object = eb_finish(eb);
    blob_set(&object, eb_shdr_at(eb, eb->symtab) + offsetof(Elf64_Shdr, sh_link), 4,
             (uint64_t)strings);
    for (int i = 0; i < COUNT; i++) {
        blob_set(&object, eb_sym_at(eb, handles[i]) + offsetof(Elf64_Sym, st_name), 4,
                 (uint64_t)i + 1);
    }
    STATUS(load(object), ELFIN_OK);
    CHECK(elfin_module_indirect(elfin_next_module(f->group, NULL), COUNT - 1, &one));
    CHECK_EQ(strlen(one.name), ELFIN_NAME_SIZE - 1);
    CHECK(f->group != NULL && f->fake.live_bytes < 4 * LENGTH);
    end();
}

static const struct test_case cases[] = {
    TEST_CASE(resolvers_that_are_no_code),
    TEST_CASE(discarded_ones),
    TEST_CASE(names_that_overlap),
};

TEST_MAIN("evil_indirect", cases)
