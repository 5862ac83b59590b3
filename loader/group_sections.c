/* SPDX-License-Identifier: MIT */
/* The lasting records of a module's sections, for hosts that keep them. */
#include "loader/carver.h"
#include "loader/program.h"

static uint64_t commons_end(const struct object *object, uint64_t *start)
{
    uint64_t end = 0;

    *start = UINT64_MAX;
    for (uint32_t i = object->first_global; object->has_commons && i < object->symbol_count; i++) {
        const struct symbol *symbol = object->global[i - object->first_global];

        if (!is_own_common(object, i) || symbol->tls)
            continue;
        if (symbol->value < *start)
            *start = symbol->value;
        if (symbol->value + symbol->size > end)
            end = symbol->value + symbol->size;
    }
    return end;
}

static void add_section(struct module_section *sections, uint32_t *next,
                        struct module_section section)
{
    if (sections)
        sections[*next] = section;
    ++*next;
}

static void carve_synthetic(struct object *object, struct module_section *sections, uint32_t *next)
{
    uint64_t start, end = commons_end(object, &start);

    if (object->slot_count)
        add_section(sections, next,
                    (struct module_section){ .name = ".got",
                                             .address = object->got,
                                             .size = ARCH_SLOT_SIZE * (uint64_t)object->slot_count,
                                             .index = ELFIN_SECTION_SLOTS,
                                             .part = ELFIN_PART_RELRO });
    if (object->stub_count)
        add_section(sections, next,
                    (struct module_section){ .name = ".plt",
                                             .address = object->plt,
                                             .size = ARCH_STUB_SIZE * (uint64_t)object->stub_count,
                                             .index = ELFIN_SECTION_STUBS,
                                             .part = ELFIN_PART_TEXT });
    if (end)
        add_section(sections, next,
                    (struct module_section){ .name = "COMMON",
                                             .address = start,
                                             .size = end - start,
                                             .index = ELFIN_SECTION_COMMON,
                                             .part = ELFIN_PART_DATA,
                                             .zero_filled = true });
}

void elfin_carve_sections(struct carver *c, struct object *object, struct elfin_module *module)
{
    uint32_t count = 3, next = 0;
    struct module_section *sections;

    for (uint32_t i = 1; i < object->section_count; i++)
        count += object->sections[i].part != PART_NONE;
    sections = carve(c, count * sizeof(*sections));
    for (uint32_t i = 1; i < object->section_count; i++) {
        const struct section *section = &object->sections[i];

        if (section->part == PART_NONE || (i == 1 && (object->program || object->image)))
            continue;
        add_section(sections, &next,
                    (struct module_section){
                        .name = carve_line(c, elfin_section_name(object, i)),
                        .address = section->address,
                        .size = section->size,
                        .index = (int32_t)(object->program || object->image ? section->info : i),
                        .part = (uint8_t)section->part,
                        .zero_filled = section->type == SHT_NOBITS,
                        .tls = is_tls(section),
                    });
    }
    carve_synthetic(object, sections, &next);
    if (module) {
        module->sections = sections;
        module->section_count = next;
    }
}

static const char *slot_name(const struct object *object, uint32_t index)
{
    struct elf_symbol elf = elfin_read_symbol(object, index);
    const char *name = elfin_symbol_name(object, &elf);
    uint32_t section = elfin_symbol_section(object, &elf, index);

    if (*name || !section || section & SECTION_SPECIAL)
        return name;
    return elfin_section_name(object, section);
}

/* Which of them are in use is known when the object has been fixed up. */
void elfin_carve_slots(struct carver *c, const struct object *object, struct elfin_module *module)
{
    struct elfin_slot *slots = carve(c, object->slot_count * sizeof(*slots));

    for (uint32_t i = 0; object->slot && i < object->symbol_count; i++) {
        const char *name;

        if (!object->slot[i])
            continue;
        name = carve_line(c, slot_name(object, i));
        if (module)
            slots[object->slot[i] - 1].name = name;
    }
    if (module)
        module->slots = slots;
}

uint64_t elfin_loaded_size(const struct object *object)
{
    uint64_t start, end = commons_end(object, &start);
    uint64_t size = ARCH_SLOT_SIZE * (uint64_t)object->slot_count +
                    ARCH_STUB_SIZE * (uint64_t)object->stub_count + (end ? end - start : 0);

    for (uint32_t i = 1; i < object->section_count; i++)
        if (object->sections[i].part != PART_NONE && !is_tls_zero(&object->sections[i]))
            size += object->sections[i].size;
    return size;
}
