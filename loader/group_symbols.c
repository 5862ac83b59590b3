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
    if (symbol->kept)
        return flags;
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

void elfin_record_tie(struct record *record, const struct elfin_module *module, const char *name)
{
    record->module = (uint32_t)((uintptr_t)record - (uintptr_t)module);
    record->name = (uint32_t)((uintptr_t)name - (uintptr_t)record);
}

static void fill_record(struct record *record, const struct object *object, uint32_t index,
                        const struct elf_symbol *elf, uint32_t section)
{
    const struct symbol *symbol = object->global[index - object->first_global];
    uint64_t size = elfin_is_common(section) ? symbol->size : elf->st_size;

    record->address = elfin_is_common(section) ? symbol->value : elfin_own_address(object, index);
    record->size = (size < RECORD_SIZE_MAX ? size : RECORD_SIZE_MAX) & RECORD_SIZE_MAX;
    record->flags = record_flags(object, index, elf) & 0xff;
    if (is_own_tls(object, index, section))
        record->flags |= RECORD_TLS;
}

/* Most are definitions in sections that last. */
static inline bool is_plain_own(const struct object *object, const struct elf_symbol *elf)
{
    return elf->st_shndx != SHN_UNDEF && elf->st_shndx < SHN_LORESERVE && !object->program &&
           elf_symbol_type(elf) != STT_GNU_IFUNC;
}

/* Finds the definitions once, for both walks. */
elfin_status elfin_collect_own(struct load *load, struct object *object)
{
    object->own_count = 0;
    object->own = elfin_arena_get(&load->work, object->symbol_count - object->first_global,
                                  sizeof(*object->own));
    if (!object->own)
        return elfin_fail_memory(load, ELFIN_PHASE_PLACE, object);
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        struct elf_symbol elf = elfin_read_symbol(object, i);
        bool own;

        if (is_plain_own(object, &elf))
            own = object->global[i - object->first_global] &&
                  is_lasting(&object->sections[elf.st_shndx]);
        else
            own = is_own(object, i, &elf, elfin_symbol_section(object, &elf, i));
        if (own)
            object->own[object->own_count++] = i;
    }
    return ELFIN_OK;
}

void elfin_carve_symbols(struct carver *c, const struct load *load, struct object *object,
                         struct elfin_module *module)
{
    bool is_private = load->options->flags & ELFIN_LOAD_PRIVATE;
    struct record *records = carve(c, object->own_count * sizeof(*records));

    for (uint32_t i = 0; i < object->own_count; i++) {
        uint32_t index = object->own[i];
        const struct symbol *symbol = object->global[index - object->first_global];
        char *name = carve_bytes(c, symbol->length + 1);
        struct elf_symbol elf;

        if (!records)
            continue;
        elf = elfin_read_symbol(object, index);
        memcpy(name, symbol->name, symbol->length + 1);
        fill_record(&records[i], object, index, &elf, elfin_symbol_section(object, &elf, index));
        if (is_private)
            records[i].flags &= (uint8_t) ~(RECORD_EXPORTED | RECORD_PRIVATE);
        elfin_record_tie(&records[i], module, name);
    }
    c->used = round_up(c->used, CARVE_ALIGN);
    if (module) {
        module->symbols = records;
        module->symbol_count = object->own_count;
    }
}
