/* SPDX-License-Identifier: MIT */
/*
 * More sections than the ELF header's 16 bits can count (gABI, "Sections": SHN_XINDEX). A small
 * object can be written that way too; then every field of the mechanism is damaged in turn.
 */
#include "tests/lib/expect.h"

struct extended {
    struct elf_builder eb;
    struct blob object;
    int indices; /* the SHT_SYMTAB_SHNDX section */
    int f;
};

/* All counts and indices of the object moved out of their 16-bit fields. */
static struct extended *extend(void)
{
    struct extended *x = xmalloc(sizeof *x);
    struct elf_builder *eb = &x->eb;
    static const uint8_t code[] = { 0xb8, 7, 0, 0, 0, 0xc3 };
    uint32_t words[3] = { 0 };
    int text;

    eb_init(eb);
    text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, sizeof code, 16);
    x->f = eb_symbol(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, SHN_XINDEX, 0, sizeof code);
    eb_symbol(eb, "here", ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, (unsigned)text, 0, 0);
    words[2] = (uint32_t)text; /* f comes behind the local symbol */
    x->indices = eb_section(eb, ".symtab_shndx", SHT_SYMTAB_SHNDX, 0, words, sizeof words, 4);
    x->object = eb_finish(eb);
    blob_set(&x->object, eb_shdr_at(eb, x->indices) + offsetof(Elf64_Shdr, sh_link), 4,
             (uint64_t)eb->symtab);
    blob_set(&x->object, offsetof(Elf64_Ehdr, e_shnum), 2, 0);
    blob_set(&x->object, eb_shdr_at(eb, 0) + offsetof(Elf64_Shdr, sh_size), 8,
             (uint64_t)eb->section_count);
    blob_set(&x->object, offsetof(Elf64_Ehdr, e_shstrndx), 2, SHN_XINDEX);
    blob_set(&x->object, eb_shdr_at(eb, 0) + offsetof(Elf64_Shdr, sh_link), 4,
             (uint64_t)eb->shstrtab);
    return x;
}

static void try(struct extended *x, elfin_status expected)
{
    for (int odd = 0; odd < 2; odd++) {
        struct fixture *f = fx_new(FAKE_INVENTED);
        struct fx_snapshot before = fx_snapshot(f);

        f->odd = odd != 0;
        STATUS(fx_load_blob(f, "x.o", x->object), expected);
        if (f->status == ELFIN_OK) {
            CHECK(fx_symbol(f, "x", "f") != 0);
            CHECK_EQ(fx_lookup(f, "f") % 16, 0);
        } else {
            NO_COMPLAINT(fx_compare(f, &before));
        }
        END(f);
    }
    free(x->object.data);
    free(x);
}

/* Damages one field of section header 0. */
static void try_first(size_t field, size_t width, uint64_t value, elfin_status expected)
{
    struct extended *x = extend();

    blob_set(&x->object, eb_shdr_at(&x->eb, 0) + field, width, value);
    try(x, expected);
}

/* Damages one field of the index table's header. */
static void try_table(size_t field, size_t width, uint64_t value, elfin_status expected)
{
    struct extended *x = extend();

    blob_set(&x->object, eb_shdr_at(&x->eb, x->indices) + field, width, value);
    try(x, expected);
}

static void everything_extended(void)
{
    try(extend(), ELFIN_OK);
}

static void wrong_section_counts(void)
{
    try_first(offsetof(Elf64_Shdr, sh_size), 8, 0, ELFIN_ERR_HEADER);
    try_first(offsetof(Elf64_Shdr, sh_size), 8, 1000, ELFIN_ERR_TRUNCATED);
    try_first(offsetof(Elf64_Shdr, sh_size), 8, UINT64_MAX, ELFIN_ERR_HEADER);
    try_first(offsetof(Elf64_Shdr, sh_size), 8, UINT64_C(1) << 58, ELFIN_ERR_HEADER);
    try_first(offsetof(Elf64_Shdr, sh_size), 8, UINT64_C(0x7fffffff), ELFIN_ERR_TRUNCATED);
}

static void wrong_name_table(void)
{
    try_first(offsetof(Elf64_Shdr, sh_link), 4, 1000, ELFIN_ERR_HEADER);
    try_first(offsetof(Elf64_Shdr, sh_link), 4, 0xffffffff, ELFIN_ERR_HEADER);
    try_first(offsetof(Elf64_Shdr, sh_link), 4, 1, ELFIN_ERR_HEADER);
}

static void wrong_index_table(void)
{
    try_table(offsetof(Elf64_Shdr, sh_link), 4, 1, ELFIN_ERR_SECTION);
    try_table(offsetof(Elf64_Shdr, sh_size), 8, 8, ELFIN_ERR_SECTION);
    try_table(offsetof(Elf64_Shdr, sh_size), 8, 16, ELFIN_ERR_SECTION);
    try_table(offsetof(Elf64_Shdr, sh_offset), 8, UINT64_MAX, ELFIN_ERR_TRUNCATED);
    try_table(offsetof(Elf64_Shdr, sh_type), 4, SHT_PROGBITS, ELFIN_ERR_SYMBOL);
}

static void wrong_indices(void)
{
    static const uint32_t values[] = { 100, 0x7fffffff, 0x80000000, 0xffffffff };

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct extended *x = extend();

        blob_set(&x->object, x->eb.sections[x->indices].header.sh_offset + 8, 4, values[i]);
        try(x, ELFIN_ERR_SYMBOL);
    }
}

/* An object of the assembler's with 66,000 sections. */
static void more_sections_than_16_bits(void)
{
    struct fixture *f = fx_new(FAKE_REAL);
    struct blob object = fx_built("tests/objects/many_sections.o");
    char text[512];

    REQUIRE(object.data != NULL);
    CHECK_EQ(blob_get(&object, offsetof(Elf64_Ehdr, e_shnum), 2), 0);
    fx_load_blob(f, "many.o", object);
    if (f->status != ELFIN_OK) {
        elfin_diag_format(&f->diag, text, sizeof text);
        CHECK_MSG(false, "%s", text);
    } else {
        CHECK_EQ(fx_run(f, "first"), 1);
        CHECK_EQ(fx_run(f, "last"), 66000);
        CHECK_EQ(fx_read(f, fx_lookup(f, "pointer")), fx_lookup(f, "last"));
    }
    free(object.data);
    END(f);
}

static const struct test_case cases[] = {
    TEST_CASE(everything_extended), TEST_CASE(wrong_section_counts),
    TEST_CASE(wrong_name_table),    TEST_CASE(wrong_index_table),
    TEST_CASE(wrong_indices),       TEST_CASE(more_sections_than_16_bits),
};

TEST_MAIN("extended", cases)
