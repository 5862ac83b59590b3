/* SPDX-License-Identifier: MIT */
/*
 * The group's lasting records: modules, their definitions, sections, edges, names, and the calls
 * that unload will make. One reservation: a first walk measures it, a second one fills it.
 */
#include "loader/internal.h"
#include "libmini/str.h"

/* Hands out pieces of the reservation; only counts while base is NULL. */
struct carver {
    uint8_t *base;
    uint64_t used;
};

enum {
    CARVE_ALIGN = 8
};

static void *carve(struct carver *c, uint64_t size)
{
    void *piece = c->base ? c->base + c->used : NULL;

    c->used += round_up(size, CARVE_ALIGN);
    return piece;
}

static const char *carve_name(struct carver *c, const char *name)
{
    size_t size = mini_strlen(name) + 1;
    char *copy = carve(c, size);

    if (copy)
        memcpy(copy, name, size);
    return copy;
}

/* What only init needs is gone when others could bind to it. */
static bool is_lasting(const struct section *section)
{
    return section->part != PART_NONE && section->part != ELFIN_PART_INIT_TEXT &&
           section->part != ELFIN_PART_INIT_DATA;
}

/* True if the object itself provides this definition: not undefined, not a COMMON of another's. */
static bool is_own(const struct object *object, uint32_t index, uint32_t section)
{
    const struct symbol *symbol = object->global[index - object->first_global];

    if (!symbol || section == SHN_UNDEF)
        return false;
    if (elfin_is_common(section))
        return symbol->state == SYMBOL_COMMON && symbol->object == object && symbol->index == index;
    return section & SECTION_SPECIAL || is_lasting(&object->sections[section]);
}

static uint32_t record_flags(const struct object *object, uint32_t index,
                             const struct elf_symbol *elf)
{
    const struct symbol *symbol = object->global[index - object->first_global];
    bool winner = symbol->object == object && symbol->index == index;
    bool hidden = symbol->visibility == STV_HIDDEN || symbol->visibility == STV_INTERNAL;
    uint32_t flags = 0;

    if (elf_symbol_binding(elf) == STB_WEAK)
        flags |= RECORD_WEAK;
    if (elf_symbol_type(elf) == STT_FUNC)
        flags |= RECORD_FUNCTION;
    if (winner && hidden && object->archive)
        flags |= RECORD_PRIVATE;
    if (winner && !hidden && (!object->exported || object->exported[index - object->first_global]))
        flags |= RECORD_EXPORTED;
    return flags;
}

static uint64_t own_address(const struct object *object, uint32_t index,
                            const struct elf_symbol *elf, uint32_t section)
{
    if (elfin_is_common(section))
        return object->global[index - object->first_global]->value;
    if (section == SECTION_ABS)
        return elf->st_value;
    return elf->st_value + object->sections[section].address;
}

static void fill_record(struct record *record, const struct object *object, uint32_t index,
                        const struct elf_symbol *elf, uint32_t section)
{
    const struct symbol *symbol = object->global[index - object->first_global];

    record->hash = symbol->hash;
    record->owner = object->module;
    record->address = own_address(object, index, elf, section);
    record->size = elfin_is_common(section) ? symbol->size : elf->st_size;
    record->flags = record_flags(object, index, elf);
}

static uint32_t count_own(const struct object *object)
{
    uint32_t count = 0;

    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        struct elf_symbol elf = elfin_read_symbol(object, i);

        count += is_own(object, i, elfin_symbol_section(object, &elf, i));
    }
    return count;
}

static void carve_symbols(struct carver *c, struct object *object, struct elfin_module *module)
{
    uint32_t count = count_own(object), next = 0;
    struct record *records = carve(c, count * sizeof(*records));

    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        struct elf_symbol elf = elfin_read_symbol(object, i);
        uint32_t section = elfin_symbol_section(object, &elf, i);
        const char *name;

        if (!is_own(object, i, section))
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

static uint64_t commons_end(const struct object *object, uint64_t *start)
{
    uint64_t end = 0;

    *start = UINT64_MAX;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        const struct symbol *symbol = object->global[i - object->first_global];

        if (!symbol || symbol->state != SYMBOL_COMMON || symbol->object != object ||
            symbol->index != i)
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

/* Section names may overlap in a hostile file too; a name is worth a line on a screen, no more. */
static const char *carve_section_name(struct carver *c, const char *name)
{
    size_t length = mini_strnlen(name, ELFIN_NAME_SIZE - 1);
    char *copy = carve(c, length + 1);

    if (copy) {
        memcpy(copy, name, length);
        copy[length] = 0;
    }
    return copy;
}

static void carve_sections(struct carver *c, struct object *object, struct elfin_module *module)
{
    uint32_t count = 3, next = 0;
    struct module_section *sections;

    for (uint32_t i = 1; i < object->section_count; i++)
        count += object->sections[i].part != PART_NONE;
    sections = carve(c, count * sizeof(*sections));
    for (uint32_t i = 1; i < object->section_count; i++) {
        const struct section *section = &object->sections[i];

        if (section->part == PART_NONE)
            continue;
        add_section(sections, &next,
                    (struct module_section){
                        .name = carve_section_name(c, elfin_section_name(object, i)),
                        .address = section->address,
                        .size = section->size,
                        .index = (int32_t)i,
                        .part = (uint8_t)section->part,
                        .zero_filled = section->type == SHT_NOBITS,
                    });
    }
    carve_synthetic(object, sections, &next);
    if (module) {
        module->sections = sections;
        module->section_count = next;
    }
}

static uint64_t loaded_size(const struct object *object)
{
    uint64_t start, end = commons_end(object, &start);
    uint64_t size = ARCH_SLOT_SIZE * (uint64_t)object->slot_count +
                    ARCH_STUB_SIZE * (uint64_t)object->stub_count + (end ? end - start : 0);

    for (uint32_t i = 1; i < object->section_count; i++)
        if (object->sections[i].part != PART_NONE)
            size += object->sections[i].size;
    return size;
}

/* Parts are in the order of their numbers: the first code, or else the first section. */
static uint64_t first_address(const struct object *object)
{
    const struct section *first = NULL;

    for (uint32_t i = 1; i < object->section_count; i++) {
        const struct section *section = &object->sections[i];

        if (section->part != PART_NONE && section->size &&
            (!first || section->address < first->address))
            first = section;
    }
    return first ? first->address : 0;
}

static void fill_module(struct object *object, struct elfin_module *module)
{
    module->self.owner = module;
    module->self.hash = elfin_hash(object->name);
    module->self.flags = RECORD_MODULE;
    module->flags = object->flags;
    if (object->archive)
        module->flags |= ELFIN_MODULE_MEMBER;
    if (object->slot_count || object->needs_got || object->got_symbol)
        module->flags |= ELFIN_MODULE_HAS_GOT;
    module->address = first_address(object);
    module->got = object->got;
    module->size = loaded_size(object);
}

static void carve_module(struct load *load, struct carver *c, struct object *object)
{
    struct elfin_module *module = object->module;
    const char *name = carve_name(c, object->name), *file = carve_name(c, object->file_name);
    const char *version = carve_name(c, object->version);
    const char *description = carve_name(c, object->description);
    const char *archive = object->archive ? carve_name(c, object->archive) : NULL;
    uint32_t uses = object->uses_count + object->uses_modules_count;
    struct elfin_module **list = carve(c, uses * sizeof(struct elfin_module *));

    if (module) {
        fill_module(object, module);
        module->self.name = name;
        module->file = file;
        module->version = version;
        module->description = description;
        module->archive = archive;
        module->uses = list;
        module->uses_count = uses;
    }
    carve_symbols(c, object, module);
    if (load->options->flags & ELFIN_LOAD_KEEP_SECTIONS)
        carve_sections(c, object, module);
}

static uint64_t count_finals(const struct load *load)
{
    uint64_t count = 0;

    if (load->options->flags & ELFIN_LOAD_NO_INIT)
        return 0;
    for (const struct object *o = load->objects; o; o = o->next) {
        count += o->exit != 0;
        for (uint32_t i = 1; i < o->section_count; i++)
            if (o->sections[i].type == SHT_FINI_ARRAY && o->sections[i].part != PART_NONE)
                count += o->sections[i].size / 8;
    }
    return count;
}

/* Both walks are this function: the order of the pieces is the same by construction. */
static void carve_group(struct load *load, struct carver *c)
{
    struct elfin_group *group = carve(c, sizeof(*group));
    struct elfin_module *modules = carve(c, load->object_count * sizeof(*modules));
    struct elfin_block *blocks = carve(c, load->block_count * sizeof(*blocks));
    struct final_call *finals = carve(c, count_finals(load) * sizeof(*finals));

    if (group) {
        group->modules = modules;
        group->blocks = blocks;
        group->finals = finals;
        group->module_count = load->object_count;
    }
    for (struct object *o = load->objects; o; o = o->next) {
        if (group) {
            o->module = modules++;
            o->module->group = group;
        }
        carve_module(load, c, o);
    }
}

/* Modules exist only now, so edges between objects of the group are translated last. */
static void fill_uses(const struct object *object)
{
    struct elfin_module **next = object->module->uses;

    for (uint32_t i = 0; i < object->uses_count; i++)
        *next++ = object->uses[i]->module;
    for (uint32_t i = 0; i < object->uses_modules_count; i++)
        *next++ = object->uses_modules[i];
}

static void fill_blocks(const struct load *load, struct elfin_group *group)
{
    uint64_t page = load->host->page_size;

    for (uint32_t i = 0; i < load->block_count; i++) {
        const struct block *from = &load->blocks[i];
        struct elfin_block *to = &group->blocks[group->block_count];

        if (!from->size)
            continue;
        group->block_count++;
        to->region = from->region;
        for (int part = 0; part < ELFIN_PART_COUNT; part++) {
            to->part[part].offset = from->part_offset[part];
            to->part[part].size = round_up(from->part_used[part], page);
            to->part[part].file_size = from->part_filled[part];
        }
    }
}

elfin_status elfin_group_create(struct load *load)
{
    struct carver carver = { 0 };
    elfin_region region;
    elfin_status status;

    carve_group(load, &carver);
    status = elfin_reserve_plain(load->host, ELFIN_PURPOSE_RECORDS, carver.used, &region);
    if (status != ELFIN_OK)
        return elfin_fail(load, status, ELFIN_PHASE_PLACE, load->objects,
                          "for the group's records");
    memset(region.edit, 0, carver.used);
    load->group = region.edit;
    load->group->records = region;
    carver = (struct carver){ .base = region.edit };
    carve_group(load, &carver);
    for (const struct object *o = load->objects; o; o = o->next)
        fill_uses(o);
    fill_blocks(load, load->group);
    return ELFIN_OK;
}
