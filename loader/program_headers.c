/* SPDX-License-Identifier: MIT */
/*
 * What only the section headers of an executable tell, if it has them: names to look up (.symtab),
 * and, of one that has no dynamic section, the resolvers of its indirect functions. Static linkers
 * leave those to start code of the C library, which goes by the symbols __rela_iplt_start and _end;
 * the records are a section of their own, the only relocations that such a file has.
 */
#include "loader/program.h"

/* The section header table; empty when there is none. */
static elfin_status find_headers(struct load *load, const struct object *object,
                                 const struct elf_header *header, struct span *table)
{
    struct elf_section section;
    uint64_t count = header->e_shnum;

    if (header->e_shoff == 0)
        return ELFIN_OK;
    if (header->e_shentsize != sizeof(section) ||
        !span_table(object->file, header->e_shoff, 1, sizeof(section), table))
        return elfin_fail_at(load, object, offsetof(struct elf_header, e_shoff),
                             DEFECT_LINKED_SECTIONS_CUT);
    span_record(*table, 0, &section, sizeof(section));
    if (count == 0) /* more than the field can say (gABI, "ELF Header") */
        count = section.sh_size;
    if (!span_table(object->file, header->e_shoff, count, sizeof(section), table))
        return elfin_fail_at(load, object, offsetof(struct elf_header, e_shoff),
                             DEFECT_LINKED_SECTIONS_CUT);
    return ELFIN_OK;
}

static elfin_status use_symtab(struct load *load, struct object *object, struct span headers,
                               const struct elf_section *symtab, uint64_t at)
{
    struct program *p = object->program;
    struct elf_section names;
    uint64_t count = symtab->sh_size / sizeof(struct elf_symbol);

    if (symtab->sh_entsize != sizeof(struct elf_symbol) ||
        symtab->sh_size % sizeof(struct elf_symbol) || count > UINT32_MAX / 2)
        return elfin_fail_at(load, object, at, DEFECT_SYMTAB_SIZE);
    if (symtab->sh_info > count)
        return elfin_fail_at(load, object, at, DEFECT_SYMTAB_INFO);
    if (symtab->sh_link >= headers.size / sizeof(names))
        return elfin_fail_at(load, object, at, DEFECT_SYMTAB_LINK);
    span_record(headers, symtab->sh_link, &names, sizeof(names));
    if (names.sh_type != SHT_STRTAB ||
        !span_cut(object->file, names.sh_offset, names.sh_size, &object->symbol_names) ||
        !span_is_strings(object->symbol_names))
        return elfin_fail_at(load, object, at, DEFECT_SYMTAB_STRINGS);
    if (!span_cut(object->file, symtab->sh_offset, symtab->sh_size, &object->symbols))
        return elfin_fail_at(load, object, at, DEFECT_SYMTAB_CUT);
    object->sections[0].offset = symtab->sh_offset; /* for reports about symbols */
    object->symbol_count = (uint32_t)count;
    object->first_global = symtab->sh_info;
    object->name_budget = 0;
    p->is_symtab = true;
    return ELFIN_OK;
}

elfin_status elfin_program_symtab_open(struct load *load, struct object *object,
                                       const struct elf_header *header)
{
    struct elf_section section;
    struct span table = { 0 };
    elfin_status status = find_headers(load, object, header, &table);

    for (uint64_t i = 1; status == ELFIN_OK && i < table.size / sizeof(section); i++) {
        span_record(table, i, &section, sizeof(section));
        if (section.sh_type == SHT_SYMTAB)
            return use_symtab(load, object, table, &section, header->e_shoff + i * sizeof(section));
    }
    return status;
}

/* One table of records; a second one would have no place, and no linker makes it. */
static elfin_status use_records(struct load *load, struct object *object,
                                const struct elf_section *section, uint64_t at)
{
    struct program_table *table = &object->program->table[PROGRAM_JMPREL];

    if (table->bytes.size)
        return elfin_fail_at(load, object, at, DEFECT_RESOLVERS_TWICE);
    if (section->sh_entsize != sizeof(struct elf_rela) ||
        section->sh_size % sizeof(struct elf_rela))
        return elfin_fail_at(load, object, at, DEFECT_RESOLVERS_SIZE);
    if (!span_cut(object->file, section->sh_offset, section->sh_size, &table->bytes))
        return elfin_fail_at(load, object, at, DEFECT_RESOLVERS_CUT);
    table->tag = DYNAMIC_JMPREL;
    object->table_bytes += section->sh_size;
    return ELFIN_OK;
}

/* Relocations for debuggers and for relinking (ld -q) are not in memory: SHF_ALLOC tells. */
elfin_status elfin_program_resolvers_open(struct load *load, struct object *object,
                                          const struct elf_header *header)
{
    struct elf_section section;
    struct span table = { 0 };
    elfin_status status = find_headers(load, object, header, &table);

    for (uint64_t i = 1; status == ELFIN_OK && i < table.size / sizeof(section); i++) {
        span_record(table, i, &section, sizeof(section));
        if (section.sh_type == SHT_RELA && section.sh_flags & SHF_ALLOC && section.sh_size)
            status = use_records(load, object, &section, header->e_shoff + i * sizeof(section));
    }
    return status;
}
