/* SPDX-License-Identifier: MIT */
/*
 * Relocates one debug section of an object in a copy of it. A symbol in a section that is not for
 * memory, such as .debug_line_str, counts from the start of its section. What is about a section
 * that was dropped becomes 0.
 */
#include "loader/lines.h"

static uint64_t sum_of(const struct debug_object *object, const struct symtab *table,
                       const struct elf_rela *rela)
{
    struct elf_symbol symbol;
    uint32_t section, index = elf_rela_symbol(rela->r_info);
    uint64_t sum;

    span_record(table->symbols, index, &symbol, sizeof(symbol));
    section = elfin_symtab_section(table, index, &symbol);
    sum = symbol.st_value + (uint64_t)rela->r_addend;
    if (!section || section >= object->section_count)
        return symbol.st_shndx == SHN_ABS || !index ? sum : 0;
    if (object->addresses[section])
        return object->addresses[section] + sum;
    return debug_section(object, section).sh_flags & SHF_ALLOC ? 0 : sum;
}

static const char *apply(const struct debug_object *object, const struct symtab *table,
                         const struct elf_rela *rela, uint8_t *bytes, uint64_t size)
{
    enum arch_debug result = ARCH_DEBUG_PLACE;

    if (elf_rela_symbol(rela->r_info) >= table->count)
        return "a relocation names no symbol";
    if (rela->r_offset <= size)
        result = elfin_arch_debug_store(bytes + rela->r_offset, size - rela->r_offset,
                                        elf_rela_type(rela->r_info), sum_of(object, table, rela));
    switch (result) {
    case ARCH_DEBUG_STORED:
        return NULL;
    case ARCH_DEBUG_TYPE:
        return "a relocation is of another type";
    case ARCH_DEBUG_PLACE:
        return "a relocation is outside of its section";
    default:
        return "a relocation does not fit its field";
    }
}

/*
 * The tables of one section. All name one symbol table, and together they are no larger than the
 * file: many headers may name the same bytes.
 */
struct tables {
    uint32_t link; /* the symbol table's section; 0: it has not been opened */
    struct symtab symbols;
    uint64_t left;
};

static bool open_table(const struct debug_object *object, const struct elf_section *section,
                       struct tables *tables, struct span *records)
{
    if (!elfin_debug_section_bytes(object, section, records) ||
        section->sh_entsize != sizeof(struct elf_rela) || records->size % sizeof(struct elf_rela) ||
        records->size > tables->left)
        return false;
    tables->left -= records->size;
    if (!tables->link && elfin_symtab_open(object, section->sh_link, &tables->symbols))
        tables->link = section->sh_link;
    return tables->link && tables->link == section->sh_link;
}

static const char *apply_all(const struct debug_object *object, const struct elf_section *section,
                             struct tables *tables, uint8_t *bytes, uint64_t size)
{
    const char *defect = NULL;
    struct span records;

    if (!open_table(object, section, tables, &records))
        return "a table of relocations is malformed";
    for (uint64_t i = 0; !defect && i < records.size / sizeof(struct elf_rela); i++) {
        struct elf_rela rela;

        span_record(records, i, &rela, sizeof(rela));
        defect = apply(object, &tables->symbols, &rela, bytes, size);
    }
    return defect;
}

const char *elfin_debug_relocate(const struct debug_object *object, uint32_t section,
                                 uint8_t *bytes, uint64_t size)
{
    struct tables tables = { .left = object->file.size };
    const char *defect = NULL;

    for (uint32_t i = 1; !defect && i < object->section_count; i++) {
        struct elf_section header = debug_section(object, i);

        if (header.sh_info == section && header.sh_type == SHT_RELA)
            defect = apply_all(object, &header, &tables, bytes, size);
        else if (header.sh_info == section && header.sh_type == SHT_REL)
            defect = "its relocations have no addends";
    }
    return defect;
}
