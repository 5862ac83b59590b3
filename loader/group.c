/* SPDX-License-Identifier: MIT */
/*
 * The group's lasting records: modules, their definitions, sections, edges, names, and the calls
 * that unload will make. One reservation: a first walk measures it, a second one fills it.
 */
#include "loader/features.h"
#include "loader/image.h"
#include "loader/linkage.h"
#include "loader/program.h"

uint64_t elfin_commons_end(const struct object *object, uint64_t *start)
{
    uint64_t end = 0;

    if (object->commons_end) {
        *start = object->commons_start + object->sections[IMAGE_ANCHOR].address;
        return object->commons_end + object->sections[IMAGE_ANCHOR].address;
    }
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

static uint64_t loaded_size(const struct object *object)
{
    uint64_t start, end = elfin_commons_end(object, &start);

    return object->bytes + ARCH_SLOT_SIZE * (uint64_t)object->slot_count +
           ARCH_STUB_SIZE * (uint64_t)object->stub_count + (end ? end - start : 0);
}

static void fill_module(const struct load *load, struct object *object, struct elfin_module *module,
                        const char *name)
{
    module->self.flags = RECORD_MODULE;
    elfin_record_tie(&module->self, module, name);
    module->flags = object->flags;
    if (object->archive)
        module->flags |= ELFIN_MODULE_MEMBER;
    if (object->slot_count || object->needs_got || object->got_symbol)
        module->flags |= ELFIN_MODULE_HAS_GOT;
    module->address = object->lowest;
    module->got = object->got;
    module->image = object->input->image;
    if (object->program)
        load->host->programs->describe(object, module);
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
        fill_module(load, object, module, name);
        module->file = file;
        module->version = version;
        module->description = description;
        module->archive = archive;
        module->uses = list;
        module->uses_count = uses;
        module->images = load->alone ? load->host->images : NULL;
        module->base = load->alone ? object->sections[IMAGE_ANCHOR].address : 0;
    }
    if (!load->alone)
        elfin_carve_symbols(c, load, object, module);
    if (object->draft)
        load->host->rebinding->carve(c, object, module);
    if (object->indirect_count || (object->program && object->program->resolver_count))
        load->host->indirects->carve(load, c, object, module);
    if (load->options->flags & ELFIN_LOAD_KEEP_SECTIONS)
        load->host->listing->carve(c, object, module);
}

/* Both walks are this function: the order of the pieces is the same by construction. */
static void carve_object(struct load *load, struct carver *c, struct object *object)
{
    carve_module(load, c, object);
    if (object->program)
        load->host->programs->carve(c, object, &load->blocks[object->block]);
}

/* All modules have their places. */
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
        to->segments = from->segments;
        to->segment_count = from->segment_count;
        for (int part = 0; part < ELFIN_PART_COUNT; part++) {
            to->part[part].offset = from->part_offset[part];
            to->part[part].size = round_up(from->part_used[part], page);
            to->part[part].file_size = from->part_filled[part];
        }
    }
}

/* The first walk. */
static elfin_status measure(struct load *load, struct object *object)
{
    struct carver c = { 0 };
    elfin_status status = load->alone ? ELFIN_OK : elfin_collect_own(load, object);

    carve_object(load, &c, object);
    object->record_size = c.used;
    object->final_count = load->host->starting ? load->host->starting->count(load, object) : 0;
    return status;
}

/* The second one. */
static elfin_status fill(struct load *load, struct object *object)
{
    struct carver c = { .base = object->records };

    memset(object->records, 0, object->own_start);
    memset(object->records + object->own_end, 0, object->record_size - object->own_end);
    carve_object(load, &c, object);
    fill_uses(object);
    return ELFIN_OK;
}

/* What comes before the objects' pieces. */
static void carve_head(struct load *load, struct carver *c)
{
    struct elfin_group *group = carve(c, sizeof(*group));
    struct elfin_module *modules = carve(c, load->object_count * sizeof(*modules));
    struct elfin_block *blocks = carve(c, load->block_count * sizeof(*blocks));
    uint64_t final_count = 0;
    struct final_call *finals;

    for (const struct object *o = load->objects; o; o = o->next)
        final_count += o->final_count;
    finals = carve(c, final_count * sizeof(*finals));
    if (!group)
        return;
    memset(group, 0, c->used);
    group->modules = modules;
    group->blocks = blocks;
    group->finals = finals;
    group->module_count = load->object_count;
}

elfin_status elfin_group_create(struct load *load)
{
    struct carver carver = { 0 };
    elfin_region region;
    elfin_status status = elfin_each_object(load, measure, NULL);

    if (status != ELFIN_OK)
        return status;
    carve_head(load, &carver);
    for (const struct object *o = load->objects; o; o = o->next)
        carver.used += o->record_size;
    if (carver.used > UINT32_MAX) /* see struct record */
        return elfin_fail(load, load->objects, defect_as(DEFECT_RECORDS_MEMORY, ELFIN_ERR_LIMIT));
    status = elfin_reserve_plain(load->host, ELFIN_PURPOSE_RECORDS, carver.used, &region);
    if (status != ELFIN_OK)
        return elfin_fail(load, load->objects, defect_as(DEFECT_RECORDS_MEMORY, status));
    carver = (struct carver){ .base = region.edit };
    carve_head(load, &carver);
    load->group = region.edit;
    load->group->records = region;
    for (struct object *o = load->objects; o; o = o->next) {
        o->module = &load->group->modules[o->number];
        o->module->group = load->group;
        o->records = carve(&carver, o->record_size);
    }
    status = elfin_each_object(load, fill, NULL);
    fill_blocks(load, load->group);
    return status;
}
