/* SPDX-License-Identifier: MIT */
/* A symbol table of the file (gABI, "Symbol Table"), as far as it lies in the file. */
#include "loader/debug_symbols.h"

bool elfin_symtab_open(const struct debug_object *object, uint32_t index, struct symtab *out)
{
    struct elf_section section;

    *out = (struct symtab){ 0 };
    if (!index || index >= object->section_count)
        return false;
    section = debug_section(object, index);
    if (!elfin_debug_section_bytes(object, &section, &out->symbols) ||
        section.sh_link >= object->section_count)
        return false;
    out->count = (uint32_t)(out->symbols.size / sizeof(struct elf_symbol));
    section = debug_section(object, section.sh_link);
    if (!elfin_debug_section_bytes(object, &section, &out->names) || !span_is_strings(out->names))
        out->names = (struct span){ 0 };
    for (uint32_t i = 1; i < object->section_count; i++) {
        section = debug_section(object, i);
        if (section.sh_type == SHT_SYMTAB_SHNDX && section.sh_link == index &&
            !elfin_debug_section_bytes(object, &section, &out->sections))
            out->sections = (struct span){ 0 };
    }
    return true;
}

uint32_t elfin_symtab_section(const struct symtab *table, uint32_t index,
                              const struct elf_symbol *symbol)
{
    if (symbol->st_shndx < SHN_LORESERVE)
        return symbol->st_shndx;
    if (symbol->st_shndx == SHN_XINDEX && index < table->sections.size / 4)
        return span_u32(table->sections, index);
    return 0;
}
