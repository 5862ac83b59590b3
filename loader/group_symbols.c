/* SPDX-License-Identifier: MIT */
/* The lasting records of a module's definitions: what others may bind to, and may be called. */
#include "loader/carver.h"

/* True if the object itself provides this definition: not undefined, not a COMMON of another's. */
static bool is_own(const struct object *object, uint32_t index, const struct elf_symbol *elf,
                   uint32_t section)
{
    const struct symbol *symbol = object->global[index - object->first_global];
    uint64_t stub;

    if (!symbol || section == SHN_UNDEF)
        return false;
    if (elf_symbol_type(elf) == STT_GNU_IFUNC)
        return elfin_indirect_stub(object, index, &stub);
    if (elfin_is_common(section))
        return is_own_common(object, index);
    return section & SECTION_SPECIAL || is_lasting(&object->sections[section]);
}

static uint32_t record_flags(const struct object *object, uint32_t index,
                             const struct elf_symbol *elf)
{
    const struct symbol *symbol = object->global[index - object->first_global];
    bool winner = symbol->object == object && symbol->index == index;
    bool hidden = is_hidden(symbol);
    uint32_t flags = 0;

    if (elf_symbol_binding(elf) == STB_WEAK)
        flags |= RECORD_WEAK;
    if (elf_symbol_type(elf) == STT_FUNC || elf_symbol_type(elf) == STT_GNU_IFUNC)
        flags |= RECORD_FUNCTION;
    if (winner && hidden && object->archive)
        flags |= RECORD_PRIVATE;
    if (winner && !hidden && (!object->exported || symbol->exported))
        flags |= RECORD_EXPORTED;
    return flags;
}

static bool is_own_tls(const struct object *object, uint32_t index, uint32_t section)
{
    if (elfin_is_common(section))
        return object->global[index - object->first_global]->tls;
    return !(section & SECTION_SPECIAL) && is_tls(&object->sections[section]);
}

static void fill_record(struct record *record, const struct object *object, uint32_t index,
                        const struct elf_symbol *elf, uint32_t section)
{
    const struct symbol *symbol = object->global[index - object->first_global];

    record->hash = symbol->hash;
    record->owner = object->module;
    record->address = elfin_is_common(section) ? symbol->value : elfin_own_address(object, index);
    record->size = elfin_is_common(section) ? symbol->size : elf->st_size;
    record->flags = record_flags(object, index, elf);
    if (is_own_tls(object, index, section))
        record->flags |= RECORD_TLS;
}

static uint32_t count_own(const struct object *object)
{
    uint32_t count = 0;

    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        struct elf_symbol elf = elfin_read_symbol(object, i);

        count += is_own(object, i, &elf, elfin_symbol_section(object, &elf, i));
    }
    return count;
}

void elfin_carve_symbols(struct carver *c, struct object *object, struct elfin_module *module)
{
    uint32_t count = count_own(object), next = 0;
    struct record *records = carve(c, count * sizeof(*records));

    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        struct elf_symbol elf = elfin_read_symbol(object, i);
        uint32_t section = elfin_symbol_section(object, &elf, i);
        const char *name;

        if (!is_own(object, i, &elf, section))
            continue;
        name = carve_name(c, elfin_symbol_name(object, &elf));
        if (records) {
            fill_record(&records[next], object, i, &elf, section);
            records[next++].name = name;
        }
    }
    if (module) {
        module->symbols = records;
        module->symbol_count = count;
    }
}
