/* SPDX-License-Identifier: MIT */
/* The file that debug data is made from: only what its parts rely on is proven. */
#include "loader/debug.h"

elfin_status elfin_debug_open(struct debug_object *object, struct span file)
{
    static const uint8_t ident[7] = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT };
    struct elf_header header;
    struct elf_section first;
    struct span table = { 0 };
    uint64_t count;

    if (file.size < sizeof(ident) || memcmp(file.data, ident, sizeof(ident)) != 0)
        return ELFIN_ERR_NOT_ELF;
    if (file.size < sizeof(header))
        return ELFIN_ERR_TRUNCATED;
    span_record(file, 0, &header, sizeof(header));
    if (header.e_machine != EM_X86_64 || header.e_shentsize != sizeof(first) ||
        (header.e_type != ET_REL && header.e_type != ET_EXEC && header.e_type != ET_DYN))
        return ELFIN_ERR_HEADER;
    if (!span_table(file, header.e_shoff, 1, sizeof(first), &table))
        return ELFIN_ERR_TRUNCATED;
    span_record(table, 0, &first, sizeof(first));
    count = header.e_shnum ? header.e_shnum : first.sh_size; /* gABI, "ELF Header" */
    if (!header.e_shoff || !count || count > UINT32_MAX / 2)
        return ELFIN_ERR_HEADER;
    if (!span_table(file, header.e_shoff, count, sizeof(first), &table))
        return ELFIN_ERR_TRUNCATED;
    object->file = file;
    object->table = table;
    object->section_count = (uint32_t)count;
    object->names = header.e_shstrndx == SHN_XINDEX ? first.sh_link : header.e_shstrndx;
    object->type = header.e_type;
    return object->names < count ? ELFIN_OK : ELFIN_ERR_HEADER;
}

bool elfin_debug_section_bytes(const struct debug_object *object, const struct elf_section *section,
                               struct span *bytes)
{
    if (section->sh_type == SHT_NOBITS || section->sh_type == SHT_NULL)
        return false;
    return span_cut(object->file, section->sh_offset, section->sh_size, bytes);
}

const char *elfin_debug_section_name(const struct debug_object *object,
                                     const struct elf_section *section)
{
    struct elf_section names = debug_section(object, object->names);
    struct span strings = { 0 };
    const char *name;

    if (!object->names || !elfin_debug_section_bytes(object, &names, &strings) ||
        !span_is_strings(strings))
        return "";
    name = span_string(strings, section->sh_name);
    return name ? name : "";
}

bool elfin_debug_is_name(const char *name, const char *text)
{
    while (*name && *name == *text)
        name++, text++;
    return *name == *text;
}

uint32_t elfin_debug_find_section(const struct debug_object *object, const char *name)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        struct elf_section section = debug_section(object, i);

        if (elfin_debug_is_name(elfin_debug_section_name(object, &section), name))
            return i;
    }
    return 0;
}
