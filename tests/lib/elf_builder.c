/* SPDX-License-Identifier: MIT */
#include "tests/lib/elf_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "elf_builder: %s\n", what);
        abort();
    }
}

void *xmalloc(size_t size)
{
    void *memory = malloc(size != 0 ? size : 1);

    require(memory != NULL, "out of memory");
    return memory;
}

void eb_init(struct elf_builder *eb)
{
    memset(eb, 0, sizeof *eb);
    eb->section_count = 1;
    eb->symbol_count = 1;
}

int eb_section(struct elf_builder *eb, const char *name, uint32_t type, uint64_t flags,
               const void *data, size_t size, uint64_t align)
{
    struct eb_section *s = &eb->sections[eb->section_count];

    /* Four places stay for the tables that eb_finish adds, besides the relocation sections. */
    require(eb->section_count < EB_MAX_SECTIONS - 4, "too many sections");
    snprintf(s->name, sizeof s->name, "%s", name);
    s->header.sh_type = type;
    s->header.sh_flags = flags;
    s->header.sh_addralign = align;
    s->size = size;
    if (type != SHT_NOBITS) {
        s->data = xmalloc(size);
        if (data != NULL) {
            memcpy(s->data, data, size);
        } else {
            memset(s->data, 0, size);
        }
    }
    return eb->section_count++;
}

uint64_t eb_append(struct elf_builder *eb, int section, const void *data, size_t size,
                   uint64_t align)
{
    struct eb_section *s = &eb->sections[section];
    size_t at = (s->size + (size_t)align - 1) & ~((size_t)align - 1);

    if (align > s->header.sh_addralign) {
        s->header.sh_addralign = align;
    }
    if (s->header.sh_type != SHT_NOBITS) {
        s->data = realloc(s->data, at + size + 1);
        require(s->data != NULL, "out of memory");
        memset(s->data + s->size, 0, at - s->size);
        if (data != NULL) {
            memcpy(s->data + at, data, size);
        } else {
            memset(s->data + at, 0, size);
        }
    }
    s->size = at + size;
    return at;
}

int eb_symbol(struct elf_builder *eb, const char *name, unsigned info, unsigned other,
              unsigned shndx, uint64_t value, uint64_t size)
{
    struct eb_symbol *s = &eb->symbols[eb->symbol_count];

    require(eb->symbol_count < EB_MAX_SYMBOLS, "too many symbols");
    snprintf(s->name, sizeof s->name, "%s", name);
    s->symbol.st_info = (unsigned char)info;
    s->symbol.st_other = (unsigned char)other;
    s->symbol.st_shndx = (Elf64_Section)shndx;
    s->symbol.st_value = value;
    s->symbol.st_size = size;
    return eb->symbol_count++;
}

int eb_reference(struct elf_builder *eb, const char *name)
{
    for (int i = 1; i < eb->symbol_count; i++) {
        if (strcmp(eb->symbols[i].name, name) == 0) {
            return i;
        }
    }
    return eb_symbol(eb, name, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), STV_DEFAULT, SHN_UNDEF, 0, 0);
}

void eb_rela(struct elf_builder *eb, int section, uint64_t offset, uint32_t type, int symbol,
             int64_t addend)
{
    struct eb_rela *r = &eb->relas[eb->rela_count++];

    require(eb->rela_count <= EB_MAX_RELAS, "too many relocations");
    r->section = section;
    r->symbol = symbol;
    r->rela.r_offset = offset;
    r->rela.r_info = type;
    r->rela.r_addend = addend;
}

/* Table indices of the symbols: locals first. Returns the number of locals, symbol 0 included. */
static size_t order_symbols(struct elf_builder *eb)
{
    size_t next = 1, locals;

    for (int i = 1; i < eb->symbol_count; i++) {
        if (ELF64_ST_BIND(eb->symbols[i].symbol.st_info) == STB_LOCAL) {
            eb->symbols[i].index = next++;
        }
    }
    locals = next;
    for (int i = 1; i < eb->symbol_count; i++) {
        if (ELF64_ST_BIND(eb->symbols[i].symbol.st_info) != STB_LOCAL) {
            eb->symbols[i].index = next++;
        }
    }
    return locals;
}

static void add_rela_sections(struct elf_builder *eb)
{
    int own = eb->section_count;

    for (size_t i = 0; i < eb->rela_count; i++) {
        struct eb_rela *r = &eb->relas[i];
        int *index = &eb->rela_section[r->section];
        uint64_t symbol = r->symbol < 0 ? 0 : eb->symbols[r->symbol].index;

        require(r->section < own, "relocation of an unknown section");
        if (*index == 0) {
            char name[56];

            snprintf(name, sizeof name, ".rela%s", eb->sections[r->section].name);
            *index = eb_section(eb, name, SHT_RELA, SHF_INFO_LINK, NULL, 0, 8);
            eb->sections[*index].header.sh_info = (Elf64_Word)r->section;
            eb->sections[*index].header.sh_entsize = sizeof(Elf64_Rela);
        }
        r->rela.r_info = ELF64_R_INFO(symbol, ELF64_R_TYPE(r->rela.r_info));
        eb_append(eb, *index, &r->rela, sizeof r->rela, 8);
    }
}

/* Adds a string to a string table section; offset 0 is the empty string. */
static uint32_t add_string(struct elf_builder *eb, int section, const char *text)
{
    if (text[0] == '\0') {
        return 0;
    }
    return (uint32_t)eb_append(eb, section, text, strlen(text) + 1, 1);
}

static void add_symbol_table(struct elf_builder *eb)
{
    size_t locals = order_symbols(eb);
    struct eb_section *table;
    Elf64_Sym *symbols;

    add_rela_sections(eb);
    eb->symtab = eb_section(eb, ".symtab", SHT_SYMTAB, 0, NULL,
                            (size_t)eb->symbol_count * sizeof(Elf64_Sym), 8);
    eb->strtab = eb_section(eb, ".strtab", SHT_STRTAB, 0, "", 1, 1);
    table = &eb->sections[eb->symtab];
    table->header.sh_entsize = sizeof(Elf64_Sym);
    table->header.sh_link = (Elf64_Word)eb->strtab;
    table->header.sh_info = (Elf64_Word)locals;
    symbols = (Elf64_Sym *)(void *)table->data;
    for (int i = 1; i < eb->symbol_count; i++) {
        eb->symbols[i].symbol.st_name = add_string(eb, eb->strtab, eb->symbols[i].name);
        symbols[eb->symbols[i].index] = eb->symbols[i].symbol;
    }
    for (int i = 1; i < eb->section_count; i++) {
        struct eb_section *s = &eb->sections[i];

        if (s->header.sh_type == SHT_RELA || s->header.sh_type == SHT_GROUP) {
            s->header.sh_link = (Elf64_Word)eb->symtab;
        }
        if (s->header.sh_type == SHT_GROUP) {
            /* The signature was given as a handle. */
            s->header.sh_info = (Elf64_Word)eb->symbols[s->header.sh_info].index;
        }
    }
}

/* Offsets of all sections, then of the header table; returns the size of the file. */
static size_t lay_out(struct elf_builder *eb, size_t *table)
{
    size_t at = sizeof(Elf64_Ehdr);

    for (int i = 1; i < eb->section_count; i++) {
        struct eb_section *s = &eb->sections[i];
        size_t align = s->header.sh_addralign > 16 ? 16 : 8;

        at = (at + align - 1) & ~(align - 1);
        s->header.sh_offset = at;
        s->header.sh_size = s->size;
        at += s->header.sh_type == SHT_NOBITS ? 0 : s->size;
    }
    *table = (at + 7) & ~(size_t)7;
    return *table + (size_t)eb->section_count * sizeof(Elf64_Shdr);
}

static Elf64_Ehdr header(const struct elf_builder *eb, size_t table)
{
    Elf64_Ehdr h = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                                  EV_CURRENT, ELFOSABI_SYSV },
                     .e_type = ET_REL,
                     .e_machine = EM_X86_64,
                     .e_version = EV_CURRENT,
                     .e_ehsize = sizeof(Elf64_Ehdr),
                     .e_shentsize = sizeof(Elf64_Shdr) };

    h.e_shoff = table;
    h.e_shnum = (Elf64_Half)eb->section_count;
    h.e_shstrndx = (Elf64_Half)eb->shstrtab;
    return h;
}

struct blob eb_finish(struct elf_builder *eb)
{
    Elf64_Ehdr h;
    size_t table;

    add_symbol_table(eb);
    eb->shstrtab = eb_section(eb, ".shstrtab", SHT_STRTAB, 0, "", 1, 1);
    for (int i = 1; i < eb->section_count; i++) {
        struct eb_section *s = &eb->sections[i];

        s->header.sh_name = add_string(eb, eb->shstrtab, s->name);
    }
    eb->object.size = lay_out(eb, &table);
    eb->object.data = xmalloc(eb->object.size);
    memset(eb->object.data, 0, eb->object.size);
    h = header(eb, table);
    memcpy(eb->object.data, &h, sizeof h);
    for (int i = 0; i < eb->section_count; i++) {
        struct eb_section *s = &eb->sections[i];

        memcpy(eb->object.data + table + (size_t)i * sizeof(Elf64_Shdr), &s->header,
               sizeof(Elf64_Shdr));
        if (s->data != NULL) {
            memcpy(eb->object.data + s->header.sh_offset, s->data, s->size);
            free(s->data);
            s->data = NULL;
        }
    }
    return eb->object;
}

size_t eb_shdr_at(const struct elf_builder *eb, int section)
{
    size_t table = eb->object.size - (size_t)eb->section_count * sizeof(Elf64_Shdr);

    return table + (size_t)section * sizeof(Elf64_Shdr);
}

size_t eb_sym_at(const struct elf_builder *eb, int symbol)
{
    return eb->sections[eb->symtab].header.sh_offset +
           eb->symbols[symbol].index * sizeof(Elf64_Sym);
}

size_t eb_rela_at(const struct elf_builder *eb, int section, size_t record)
{
    require(eb->rela_section[section] != 0, "no relocations of that section");
    return eb->sections[eb->rela_section[section]].header.sh_offset + record * sizeof(Elf64_Rela);
}

void blob_set(struct blob *blob, size_t offset, size_t width, uint64_t value)
{
    require(offset <= blob->size && width <= blob->size - offset && width <= 8, "field outside");
    for (size_t i = 0; i < width; i++) {
        blob->data[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

uint64_t blob_get(const struct blob *blob, size_t offset, size_t width)
{
    uint64_t value = 0;

    require(offset <= blob->size && width <= blob->size - offset && width <= 8, "field outside");
    for (size_t i = width; i-- > 0;) {
        value = value << 8 | blob->data[offset + i];
    }
    return value;
}

struct blob blob_copy(struct blob from, size_t size)
{
    struct blob copy = { xmalloc(size), size };

    require(size <= from.size, "copy longer than the original");
    memcpy(copy.data, from.data, size);
    return copy;
}
