/* SPDX-License-Identifier: MIT */
/* Reading an object that has been validated: sections, symbols, names. */
#include "loader/program.h"
#include "libmini/str.h"

const char *elfin_section_name(const struct object *object, uint32_t index)
{
    const char *name = span_string(object->section_names, object->sections[index].name);

    return name ? name : "";
}

struct span elfin_section_bytes(const struct object *object, uint32_t index)
{
    const struct section *section = &object->sections[index];
    struct span bytes = { 0 };

    if (section->type != SHT_NOBITS)
        span_cut(object->file, section->offset, section->size, &bytes);
    return bytes;
}

uint32_t elfin_special_section(const struct object *object, const struct elf_symbol *symbol,
                               uint32_t index)
{
    if (symbol->st_shndx == SHN_XINDEX && object->extended_indices.size)
        return span_u32(object->extended_indices, index);
    /* Special indices move out of the way of real ones above 0xff00. */
    if (symbol->st_shndx >= SHN_LORESERVE && (symbol->st_shndx != SHN_XINDEX || !object->program))
        return SECTION_SPECIAL | symbol->st_shndx;
    /* Linked files count sections that they may lack. */
    return object->program && symbol->st_shndx ? PROGRAM_ANCHOR : symbol->st_shndx;
}

const char *elfin_symbol_name(const struct object *object, const struct elf_symbol *symbol)
{
    const char *name = span_string(object->symbol_names, symbol->st_name);

    return name ? name : "";
}

/* By bisection: the list is ascending. */
bool elfin_indirect_stub(const struct object *object, uint32_t index, uint64_t *address)
{
    uint32_t low = 0, high = object->indirect_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (object->indirect[middle] < index)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == object->indirect_count || object->indirect[low] != index)
        return false;
    *address = object->plt + ARCH_STUB_SIZE * (uint64_t)low;
    return true;
}

uint64_t elfin_own_address(const struct object *object, uint32_t index)
{
    const struct elf_symbol *elf = elf_symbol_at(object, index);
    uint32_t section = elfin_symbol_section(object, elf, index);
    uint64_t address;

    if (elf_symbol_type(elf) == STT_GNU_IFUNC && elfin_indirect_stub(object, index, &address))
        return address;
    if (section & SECTION_SPECIAL)
        return elf->st_value;
    return elf->st_value + section_base(object, section);
}

/* Names share tails in honest tables; four times their size is far more than that ever gives. */
enum {
    NAME_BUDGET_FACTOR = 4,
    NAME_BUDGET_BASE = 64 << 10
};

bool elfin_name_charge(struct object *object, uint32_t length)
{
    if (!object->name_budget)
        object->name_budget = NAME_BUDGET_FACTOR * object->symbol_names.size + NAME_BUDGET_BASE;
    if (length >= object->name_budget - 1 || length == UINT32_MAX)
        return false;
    object->name_budget -= length;
    return true;
}

const char *elfin_base_name(const char *path)
{
    const char *slash = mini_strrchr(path, '/'), *backslash = mini_strrchr(path, '\\');

    if (slash)
        path = slash + 1;
    return backslash && backslash >= path ? backslash + 1 : path;
}
