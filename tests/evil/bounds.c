/* SPDX-License-Identifier: MIT */
/*
 * Small files that ask for endless work: what they share is counted once for each use, so that time
 * and memory stay in proportion to the file.
 */
#include "tests/evil/single.h"
#include "tests/lib/ar_builder.h"

#include <sys/mman.h>

/* Gives `count` sections from `first + 1` on the bytes of section `first`. */
static void share_bytes(int first, int count, size_t size)
{
    for (int i = first + 1; i <= first + count; i++) {
        size_t at = eb_shdr_at(eb, i);

        blob_set(&eb->object, at + offsetof(Elf64_Shdr, sh_offset), 8,
                 eb->sections[first].header.sh_offset);
        blob_set(&eb->object, at + offsetof(Elf64_Shdr, sh_size), 8, size);
    }
}

static void relocation_tables_that_overlap(void)
{
    Elf64_Rela records[100] = { { 0 } };
    int first = 0, table;

    begin();
    eb_init(eb);
    eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    for (int i = 0; i < 20; i++) {
        table = eb_section(eb, ".rela.text", SHT_RELA, SHF_INFO_LINK, records,
                           i == 0 ? sizeof records : 0, 8);
        eb->sections[table].header.sh_info = 1;
        eb->sections[table].header.sh_entsize = sizeof records[0];
        first = i == 0 ? table : first;
    }
    eb_finish(eb);
    share_bytes(first, 19, sizeof records);
    STATUS(load(eb->object), ELFIN_ERR_SECTION);
    end();
}

static void groups_that_overlap(void)
{
    uint32_t words[1000];
    int first = 0, signature;

    begin();
    eb_init(eb);
    eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, "\xc3", 1, 16);
    signature = eb_symbol(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, 0);
    for (size_t i = 0; i < 1000; i++) {
        words[i] = 1; /* GRP_COMDAT, then .text again and again */
    }
    for (int i = 0; i < 20; i++) {
        int group = eb_section(eb, ".group", SHT_GROUP, 0, words, i == 0 ? sizeof words : 4, 4);

        eb->sections[group].header.sh_entsize = 4;
        eb->sections[group].header.sh_info = (Elf64_Word)signature;
        first = i == 0 ? group : first;
    }
    eb_finish(eb);
    share_bytes(first, 19, sizeof words);
    STATUS(load(eb->object), ELFIN_ERR_SECTION);
    CHECK_STR(f->diag.section, ".group");
    end();
}

/* ---- Members that share what follows them ---- */

enum {
    MEMBERS = AR_MAX_MEMBERS,
    SECTIONS = 3000
};

/* An ELF header whose section table lies `distance` bytes behind the header's start. */
static struct blob header_only(uint64_t distance)
{
    struct blob bytes = { xmalloc(sizeof(Elf64_Ehdr)), sizeof(Elf64_Ehdr) };
    Elf64_Ehdr h = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                                  EV_CURRENT },
                     .e_type = ET_REL,
                     .e_machine = EM_X86_64,
                     .e_version = EV_CURRENT,
                     .e_shoff = distance,
                     .e_ehsize = sizeof(Elf64_Ehdr),
                     .e_shentsize = sizeof(Elf64_Shdr),
                     .e_shnum = SECTIONS };

    memcpy(bytes.data, &h, sizeof h);
    return bytes;
}

/* Every member but the last is a header; all use the table that is the last one's bytes. */
static struct blob members_with_one_tail(void)
{
    static struct ar_builder ar;
    Elf64_Shdr *table = calloc(SECTIONS, sizeof *table);
    struct blob tail = { (uint8_t *)table, SECTIONS * sizeof *table }, archive;
    char size_text[16];

    REQUIRE(table != NULL);
    table[1].sh_type = SHT_NOBITS;
    table[1].sh_flags = SHF_ALLOC;
    table[1].sh_size = 1;
    for (size_t i = 2; i < SECTIONS; i++) {
        table[i].sh_type = SHT_PROGBITS;
    }
    ar_init(&ar);
    for (size_t i = 0; i < MEMBERS - 1; i++) {
        char name[16], symbol[16];
        uint64_t headers = (MEMBERS - 1 - i) * (AR_HEADER + sizeof(Elf64_Ehdr));

        snprintf(name, sizeof name, "m%zu.o", i);
        snprintf(symbol, sizeof symbol, "s%zu", i);
        ar_member(&ar, name, header_only(headers), symbol);
    }
    ar_member(&ar, "tail", tail, "");
    archive = ar_finish(&ar);
    for (size_t i = 0; i < MEMBERS - 1; i++) {
        size_t at = ar.members[i].offset;

        snprintf(size_text, sizeof size_text, "%-10zu", archive.size - (at + AR_HEADER));
        memcpy(archive.data + at + 48, size_text, 10);
        free(ar.members[i].bytes.data);
    }
    free(table);
    return archive;
}

static void archive_members_that_overlap(void)
{
    struct blob archive, object;
    char text[MEMBERS * 16] = "";

    begin();
    archive = members_with_one_tail();
    for (size_t i = 0; i < MEMBERS - 1; i++) {
        size_t used = strlen(text);

        snprintf(text + used, sizeof text - used, "ptr p%zu s%zu; ", i, i);
    }
    object = toy(text);
    {
        elfin_input inputs[2] = { INPUT(object, "a.o"), INPUT(archive, "lib.a") };
        struct fx_snapshot before = fx_snapshot(f);

        STATUS(fx_load_inputs(f, inputs, 2), ELFIN_ERR_ARCHIVE);
        CHECK_STR(f->diag.file, "lib.a");
        NO_COMPLAINT(fx_compare(f, &before));
    }
    printf("# bounds: %llu bytes of working memory for an archive of %zu\n",
           (unsigned long long)f->fake.peak_work_bytes, archive.size);
    CHECK(f->fake.peak_work_bytes < 4 * archive.size);
    free(object.data);
    free(archive.data);
    end();
}

/* ---- Long names ---- */

enum {
    LONG_PAGES = 6,
    LONG = LONG_PAGES * FAKE_PAGE
};

/*
 * A section and a local symbol share a name of many pages. A diagnostic needs its beginning, so
 * the pages in the middle cannot be read: whoever walks the name faults.
 */
static void *map_with_long_name(struct blob object, size_t name_at, size_t *mapped)
{
    size_t skew = (FAKE_PAGE - name_at % FAKE_PAGE) % FAKE_PAGE;
    uint8_t *base;

    *mapped = (skew + object.size + FAKE_PAGE - 1) / FAKE_PAGE * FAKE_PAGE;
    base = mmap(NULL, *mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(base != MAP_FAILED);
    memcpy(base + skew, object.data, object.size);
    REQUIRE(mprotect(base + skew + name_at + FAKE_PAGE, (LONG_PAGES - 2) * FAKE_PAGE, PROT_NONE) ==
            0);
    return base + skew;
}

/* R_X86_64_8 of a symbol far above 255: the place and the symbol are told. */
static struct blob with_long_names(bool section_symbol, int *names, int64_t addend)
{
    char *text = xmalloc(LONG);
    int where, symbol;

    memset(text, 'a', LONG);
    text[0] = text[LONG - 1] = '\0';
    eb_init(eb);
    *names = eb_section(eb, ".long", SHT_STRTAB, 0, text, LONG, 1);
    free(text);
    where = eb_section(eb, "", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 8, 8);
    symbol = eb_symbol(eb, "", ELF64_ST_INFO(STB_LOCAL, section_symbol ? STT_SECTION : STT_OBJECT),
                       0, (unsigned)where, 0, 0);
    eb_rela(eb, where, 0, addend != 0 ? R_X86_64_8 : R_X86_64_64, symbol, addend);
    eb_finish(eb);
    for (int i = 0; i < eb->section_count; i++) {
        blob_set(&eb->object, eb_shdr_at(eb, i) + offsetof(Elf64_Shdr, sh_name), 4, i == where);
    }
    blob_set(&eb->object, offsetof(Elf64_Ehdr, e_shstrndx), 2, (uint64_t)*names);
    blob_set(&eb->object, eb_shdr_at(eb, eb->symtab) + offsetof(Elf64_Shdr, sh_link), 4,
             (uint64_t)*names);
    blob_set(&eb->object, eb_sym_at(eb, symbol) + offsetof(Elf64_Sym, st_name), 4, 1);
    return eb->object;
}

static elfin_status load_with_long_names(bool section_symbol, int64_t addend)
{
    int names = 0;
    struct blob object = with_long_names(section_symbol, &names, addend);
    size_t mapped = 0;
    uint8_t *bytes = map_with_long_name(object, eb->sections[names].header.sh_offset, &mapped);
    elfin_input input = { .data = bytes, .size = object.size, .file = "evil.o" };

    f->status = elfin_load(&f->space, &input, 1, &f->options, &f->group, &f->diag);
    munmap((void *)((uintptr_t)bytes & ~(uintptr_t)(FAKE_PAGE - 1)), mapped);
    free(object.data);
    return f->status;
}

static void diagnostics_take_the_beginning_of_a_long_name(void)
{
    for (int section_symbol = 0; section_symbol < 2; section_symbol++) {
        begin();
        f->options.max = UINT64_C(1) << 40;
        STATUS(load_with_long_names(section_symbol != 0, 0x10000), ELFIN_ERR_REACH);
        CHECK_EQ(strlen(f->diag.section), ELFIN_NAME_SIZE - 1);
        CHECK_EQ(strlen(f->diag.symbol), ELFIN_NAME_SIZE - 1);
        CHECK_EQ(strncmp(f->diag.symbol, "section aaa", 11) == 0, section_symbol);
        end();
    }
}

static void the_beginning_of_a_long_section_name_is_kept(void)
{
    elfin_section section;

    begin();
    f->options.flags = ELFIN_LOAD_KEEP_SECTIONS;
    STATUS(load_with_long_names(false, 0), ELFIN_OK);
    REQUIRE(elfin_module_section(elfin_next_module(f->group, NULL), 0, &section));
    CHECK_EQ(strlen(section.name), ELFIN_NAME_SIZE - 1);
    end();
}

static const struct test_case cases[] = {
    TEST_CASE(relocation_tables_that_overlap),
    TEST_CASE(groups_that_overlap),
    TEST_CASE(archive_members_that_overlap),
    TEST_CASE(diagnostics_take_the_beginning_of_a_long_name),
    TEST_CASE(the_beginning_of_a_long_section_name_is_kept),
};

TEST_MAIN("bounds", cases)
