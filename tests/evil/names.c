/* SPDX-License-Identifier: MIT */
/* Names made to cost time: tails of one string, and hashes that meet. */
#include "tests/evil/single.h"

#include "loader/name.h" /* to make names that collide */

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

/* Sections are looked up by name when somebody asks for __start_NAME: long names are not. */
static void names_of_sections_are_bounded(void)
{
    enum {
        LIMIT = 1024
    };
    static const char prefix[] = "__start_";
    struct blob object;

    for (size_t length = LIMIT - 2; length <= LIMIT; length++) {
        char *strings = xmalloc(length + sizeof prefix + 1);
        int names, where, symbol, handle;

        begin();
        eb_init(eb);
        strings[0] = '\0';
        memcpy(strings + 1, prefix, sizeof prefix - 1);
        memset(strings + sizeof prefix, 'a', length);
        strings[length + sizeof prefix] = '\0';
        where = eb_section(eb, "x", SHT_PROGBITS, SHF_ALLOC, "12345678", 8, 1);
        handle = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 8, 8);
        names = eb_section(eb, ".names", SHT_STRTAB, 0, strings, length + sizeof prefix + 1, 1);
        free(strings);
        symbol = eb_symbol(eb, "s", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 0, SHN_UNDEF, 0, 0);
        eb_rela(eb, handle, 0, R_X86_64_64, symbol, 0);
        object = eb_finish(eb);
        /* All section names are tails of the symbol's. */
        blob_set(&object, eb_shdr_at(eb, eb->symtab) + offsetof(Elf64_Shdr, sh_link), 4,
                 (uint64_t)names);
        blob_set(&object, eb_sym_at(eb, symbol) + offsetof(Elf64_Sym, st_name), 4, 1);
        blob_set(&object, offsetof(Elf64_Ehdr, e_shstrndx), 2, (uint64_t)names);
        for (int i = 1; i < eb->section_count; i++) {
            blob_set(&object, eb_shdr_at(eb, i), 4, i == where ? sizeof prefix : 0);
        }
        STATUS(load(object), length < LIMIT ? ELFIN_OK : ELFIN_ERR_UNDEFINED);
        end();
    }
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
        /* Their homes are the first or second of tables of up to a few thousand. */
        count += elfin_name(names[count]).hash >= 0xfff00000;
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
    uint32_t x = elfin_name(a).hash, y = elfin_name(b).hash;

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
        if (elfin_name(names[i - 1]).hash == elfin_name(names[i]).hash) {
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

static const struct test_case cases[] = {
    TEST_CASE(names_that_overlap_without_end),
    TEST_CASE(names_of_sections_are_bounded),
    TEST_CASE(names_that_collide),
    TEST_CASE(names_that_collide_over_groups),
    TEST_CASE(names_with_one_hash),
};

TEST_MAIN("evil_names", cases)
