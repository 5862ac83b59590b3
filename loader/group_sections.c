/* SPDX-License-Identifier: MIT */
/* The lasting records of a module's sections, for hosts that keep them. */
#include "loader/features.h"
#include "loader/program.h"

static void add_section(struct module_section *sections, uint32_t *next,
                        struct module_section section)
{
    if (sections)
        sections[*next] = section;
    ++*next;
}

static void carve_synthetic(struct object *object, struct module_section *sections, uint32_t *next)
{
    uint64_t start, end = elfin_commons_end(object, &start);

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

static void carve_sections(struct carver *c, struct object *object, struct elfin_module *module)
{
    uint32_t count = 3, next = 0;
    struct module_section *sections;

    for (uint32_t i = object->loaded; i; i = object->sections[i].loaded)
        count++;
    sections = carve(c, count * sizeof(*sections));
    for (uint32_t i = object->loaded; i; i = object->sections[i].loaded) {
        const struct section *section = &object->sections[i];

        if (i == 1 && (object->program || object->image))
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
static void carve_slots(struct carver *c, const struct object *object, struct elfin_module *module)
{
    struct elfin_slot *slots = carve(c, object->slot_count * sizeof(*slots));

    for (uint32_t k = 0; module && k < object->slot_count; k++)
        slots[k].address = SLOT_UNUSED;
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

static void listing_carve(struct carver *c, struct object *object, struct elfin_module *module)
{
    carve_sections(c, object, module);
    if (!object->program)
        carve_slots(c, object, module);
}

/*
 * Slots are numbered in the order of the symbols, so a kept record only ever moves down. With
 * imports that may be bound anew all are kept in their places, used or not: SLOT_UNUSED.
 */
static void listing_keep_slot(const struct object *object, uint32_t index, uint64_t target)
{
    struct elfin_module *module = object->module;
    uint64_t slot = (object->slot[index] & ~ARCH_IN_USE) - 1;
    uint64_t stub = object->stub[index] & ~ARCH_IN_USE;

    module->slots[object->draft ? slot : module->slot_count] = (struct elfin_slot){
        .name = module->slots[slot].name,
        .address = object->got + ARCH_SLOT_SIZE * slot,
        .target = target,
        .stub = object->stub[index] & ARCH_IN_USE ? object->plt + ARCH_STUB_SIZE * (stub - 1) : 0,
        .tls = object->use[index] & USE_TLS_SLOT,
    };
}

const struct elfin_listing elfin_listing = {
    .carve = listing_carve,
    .keep_slot = listing_keep_slot,
};
