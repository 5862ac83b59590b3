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

static uint32_t record_flags(const struct object *object, const struct symbol *symbol,
                             const struct elf_symbol *elf, bool winner)
{
    uint32_t flags = 0;

    if (elf_symbol_binding(elf) == STB_WEAK)
        flags |= RECORD_WEAK;
    if (elf_symbol_type(elf) == STT_FUNC || elf_symbol_type(elf) == STT_GNU_IFUNC)
        flags |= RECORD_FUNCTION;
    if (!winner || symbol->kept)
        return flags;
    if (is_hidden(symbol))
        return flags | (object->archive ? RECORD_PRIVATE : 0u);
    return flags | (!object->exported || symbol->exported ? RECORD_EXPORTED : 0u);
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

/* Of the group's symbol the value and size are known, unless it is bound to another's. */
static void fill_record(struct record *record, const struct object *object, uint32_t index)
{
    const struct symbol *symbol = object->global[index - object->first_global];
    const struct elf_symbol *elf = elf_symbol_at(object, index);
    bool winner = is_home(symbol, object, index);
    uint64_t size = winner ? symbol->size : elf->st_size;

    record->address = winner ? symbol->value : elfin_own_address(object, index);
    record->size = (size < RECORD_SIZE_MAX ? size : RECORD_SIZE_MAX) & RECORD_SIZE_MAX;
    record->flags = record_flags(object, symbol, elf, winner) & 0xff;
    if (is_own_tls(object, index, elfin_symbol_section(object, elf, index)))
        record->flags |= RECORD_TLS;
}

/* Most are definitions in sections that last. */
static inline bool is_plain_own(const struct object *object, const struct elf_symbol *elf)
{
    return elf->st_shndx != SHN_UNDEF && elf->st_shndx < SHN_LORESERVE && !object->program &&
           elf_symbol_type(elf) != STT_GNU_IFUNC;
}

static void add_own(struct object *object, uint32_t index)
{
    object->own[object->own_count++] = index;
    object->own_bytes +=
        sizeof(uint32_t) + 1 + (uint64_t)object->global[index - object->first_global]->length;
}

/* Finds the definitions once, for both walks. */
elfin_status elfin_collect_own(struct load *load, struct object *object)
{
    object->own_count = 0;
    object->own_bytes = 0;
    object->own = elfin_arena_get(&load->work, object->symbol_count - object->first_global,
                                  sizeof(*object->own));
    if (!object->own)
        return elfin_fail_memory(load, ELFIN_PHASE_PLACE, object);
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        const struct elf_symbol *elf = elf_symbol_at(object, i);
        bool own;

        if (FOR_SPEED && is_plain_own(object, elf))
            own = object->global[i - object->first_global] &&
                  is_lasting(&object->sections[elf->st_shndx]);
        else
            own = is_own(object, i, elf, elfin_symbol_section(object, elf, i));
        if (own)
            add_own(object, i);
    }
    return ELFIN_OK;
}

/* Before each name its hash. */
void elfin_carve_symbols(struct carver *c, const struct load *load, struct object *object,
                         struct elfin_module *module)
{
    struct record *records;
    char *name;

    object->own_start = c->used;
    records = carve(c, object->own_count * sizeof(*records));
    name = carve(c, object->own_bytes);
    object->own_end = object->own_start + object->own_count * sizeof(*records) + object->own_bytes;
    for (uint32_t i = 0; records && i < object->own_count; i++) {
        uint32_t index = object->own[i];
        const struct symbol *symbol = object->global[index - object->first_global];

        __builtin_memcpy(name, &symbol->hash, sizeof(symbol->hash));
        name += sizeof(symbol->hash);
        memcpy(name, symbol->name, symbol->length + 1);
        fill_record(&records[i], object, index);
        if (is_private(load, object))
            records[i].flags &= (uint8_t) ~(RECORD_EXPORTED | RECORD_PRIVATE);
        elfin_record_tie(&records[i], module, name);
        name += symbol->length + 1;
    }
    if (module) {
        module->symbols = records;
        module->symbol_count = object->own_count;
    }
}
