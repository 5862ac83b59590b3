/* SPDX-License-Identifier: MIT */
/*
 * A copy of an object without what a debugger reads from memory: the bytes of allocated sections,
 * which become SHT_NOBITS, their relocations and section groups. .eh_frame stays, GDB reads unwind
 * tables from the file. The header comes first, then the sections in their order, then their
 * headers.
 */
#include "loader/debug_copy.h"

enum {
    PACK_ALIGN = 8,
};

static bool is_from_memory(const struct debug_object *object, const struct elf_section *section)
{
    return section->sh_flags & SHF_ALLOC &&
           !elfin_debug_is_name(elfin_debug_section_name(object, section), ".eh_frame");
}

/* What becomes of the section, *bytes are its bytes that stay. */
static void pack_section(const struct debug_object *object, struct elf_section *section,
                         struct span *bytes)
{
    *bytes = (struct span){ 0 };
    /* BFD takes no file with a group that a relocation table has gone from. */
    section->sh_flags &= ~(uint64_t)SHF_GROUP;
    if (section->sh_type == SHT_GROUP)
        section->sh_type = SHT_NULL;
    if (section->sh_type == SHT_RELA && section->sh_info < object->section_count) {
        struct elf_section target = debug_section(object, section->sh_info);

        if (is_from_memory(object, &target))
            section->sh_type = SHT_NULL;
    }
    if (section->sh_type == SHT_NULL || section->sh_type == SHT_NOBITS)
        return;
    if (is_from_memory(object, section))
        section->sh_type = SHT_NOBITS;
    else if (!elfin_debug_section_bytes(object, section, bytes))
        section->sh_type = SHT_NULL;
}

uint64_t elfin_debug_packed_size(const struct debug_object *object)
{
    uint64_t size = sizeof(struct elf_header) + object->table.size;

    for (uint32_t i = 1; i < object->section_count && size <= object->file.size; i++) {
        struct elf_section section = debug_section(object, i);
        struct span bytes;

        pack_section(object, &section, &bytes);
        size += round_up(bytes.size, PACK_ALIGN); /* at most the file's size: no overflow */
    }
    return size <= object->file.size ? size : 0;
}

void elfin_debug_pack(const struct debug_object *object, uint8_t *to)
{
    uint64_t at = sizeof(struct elf_header), size = elfin_debug_packed_size(object);
    uint8_t *table = to + size - object->table.size;
    struct elf_header header;

    memset(to, 0, size);
    memcpy(table, object->table.data, sizeof(struct elf_section));
    for (uint32_t i = 1; i < object->section_count; i++) {
        struct elf_section section = debug_section(object, i);
        struct span bytes;

        pack_section(object, &section, &bytes);
        section.sh_offset = at;
        memcpy(table + i * sizeof(section), &section, sizeof(section));
        if (bytes.size)
            memcpy(to + at, bytes.data, bytes.size);
        at += round_up(bytes.size, PACK_ALIGN);
    }
    span_record(object->file, 0, &header, sizeof(header));
    header.e_shoff = size - object->table.size;
    header.e_phoff = header.e_phnum = 0;
    memcpy(to, &header, sizeof(header));
}
