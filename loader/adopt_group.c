/* SPDX-License-Identifier: MIT */
/*
 * The lasting records of an adopted group, as group.c makes them of a load: one reservation, which
 * a first walk measures and a second one fills.
 */
#include "libmini/str.h"
#include "loader/adopt.h"

static const char *carve_text(struct adopt *a, struct carver *c, uint32_t name)
{
    return carve_name(c, handover_name(&a->view, name));
}

/* Before each name its hash. */
static void carve_symbols(struct adopt *a, struct carver *c, struct adopt_at *at,
                          struct elfin_module *module, uint32_t count)
{
    struct record *records = carve(c, count * sizeof(*records));

    for (uint32_t i = 0; i < count; i++) {
        struct handover_symbol s;
        struct name name;
        char *text;

        adopt_next(a, at, HANDOVER_SYMBOLS, &s);
        name = elfin_name(handover_name(&a->view, s.name));
        text = carve_bytes(c, sizeof(name.hash) + name.length + 1);
        if (!text)
            continue;
        __builtin_memcpy(text, &name.hash, sizeof(name.hash));
        memcpy(text + sizeof(name.hash), name.text, name.length + 1);
        records[i] = (struct record){ .address = s.address,
                                      .flags = s.flags & 0xff,
                                      .size = s.size & RECORD_SIZE_MAX };
        elfin_record_tie(&records[i], module, text + sizeof(name.hash));
    }
    c->used = round_up(c->used, CARVE_ALIGN);
    if (module) {
        module->symbols = records;
        module->symbol_count = count;
    }
}

static void carve_sections(struct adopt *a, struct carver *c, struct adopt_at *at,
                           struct elfin_module *module, uint32_t count)
{
    struct module_section *sections = carve(c, count * sizeof(*sections));

    for (uint32_t i = 0; i < count; i++) {
        struct handover_section s;
        const char *name;

        adopt_next(a, at, HANDOVER_SECTIONS, &s);
        name = carve_text(a, c, s.name);
        if (sections)
            sections[i] = (struct module_section){ .name = name,
                                                   .address = s.address,
                                                   .size = s.size,
                                                   .index = s.index,
                                                   .part = s.part,
                                                   .zero_filled = s.flags & HANDOVER_ZERO_FILLED,
                                                   .tls = s.flags & HANDOVER_TLS };
    }
    if (module) {
        module->sections = sections;
        module->section_count = count;
    }
}

/* Before them there is room for those of indirect functions, as in a load: see elfin_module_slot.
 */
static void carve_slots(struct adopt *a, struct carver *c, struct adopt_at *at,
                        struct elfin_module *module, const struct handover_module *m)
{
    uint64_t before = m->slot_count ? m->indirect_count : 0;
    struct elfin_slot *slots = carve(c, (before + m->slot_count) * sizeof(*slots));

    for (uint32_t i = 0; i < m->slot_count; i++) {
        struct handover_slot s;
        const char *name;

        adopt_next(a, at, HANDOVER_SLOTS, &s);
        name = carve_text(a, c, s.name);
        if (slots)
            slots[before + i] = (struct elfin_slot){ .name = name,
                                                     .address = s.address,
                                                     .target = s.target,
                                                     .stub = s.stub,
                                                     .tls = s.flags & HANDOVER_TLS };
    }
    if (module) {
        module->slots = m->slot_count ? slots : NULL;
        module->slot_count = m->slots_in_use;
        module->stub_count = m->stubs_in_use;
    }
}

static void carve_indirect(struct adopt *a, struct carver *c, struct adopt_at *at,
                           struct elfin_module *module, uint32_t count)
{
    elfin_indirect *list = carve(c, count * sizeof(*list));

    for (uint32_t i = 0; i < count; i++) {
        struct handover_indirect f;
        const char *name;

        adopt_next(a, at, HANDOVER_INDIRECT, &f);
        name = carve_text(a, c, f.name);
        if (list)
            list[i] = (elfin_indirect){
                .name = name, .address = f.address, .slot = f.slot, .resolver = f.resolver
            };
    }
    if (module) {
        module->indirect = list;
        module->indirect_count = count;
    }
}

static void carve_uses(struct adopt *a, struct carver *c, struct adopt_at *at,
                       struct elfin_module *module, uint32_t count)
{
    struct elfin_module **uses = carve(c, count * sizeof(struct elfin_module *));

    for (uint32_t i = 0; i < count; i++) {
        uint32_t used;

        adopt_next(a, at, HANDOVER_USES, &used);
        if (uses)
            uses[i] = a->modules[used];
    }
    if (module) {
        module->uses = uses;
        module->uses_count = count;
    }
}

static void fill_module(struct elfin_module *module, const struct handover_module *m)
{
    module->flags = m->flags;
    module->address = m->address;
    module->got = m->got;
    module->size = m->size;
    module->state = (struct module_state){ .save = m->state_save,
                                           .restore = m->state_restore,
                                           .version = m->state_version };
    module->tls = (elfin_tls){ .module = m->tls_size ? module : NULL,
                               .offset = m->tls_offset,
                               .size = m->tls_size,
                               .file_size = m->tls_file_size,
                               .align = m->tls_align,
                               .run = m->tls_run };
}

static void carve_module(struct adopt *a, struct carver *c, struct adopt_at *at,
                         struct elfin_module *module)
{
    const char *name, *file, *version, *description, *archive;
    struct handover_module m;

    adopt_next(a, at, HANDOVER_MODULES, &m);
    name = carve_text(a, c, m.name);
    file = carve_text(a, c, m.file);
    version = carve_text(a, c, m.version);
    description = carve_text(a, c, m.description);
    archive = m.archive ? carve_text(a, c, m.archive) : NULL;
    if (module) {
        module->self.flags = RECORD_MODULE;
        elfin_record_tie(&module->self, module, name);
        module->file = file;
        module->version = version;
        module->description = description;
        module->archive = archive;
        fill_module(module, &m);
    }
    carve_symbols(a, c, at, module, m.symbol_count);
    carve_sections(a, c, at, module, m.section_count);
    carve_slots(a, c, at, module, &m);
    carve_indirect(a, c, at, module, m.indirect_count);
    carve_uses(a, c, at, module, m.uses_count);
}

/* Regions come when the blocks are taken. */
static void fill_block(struct adopt *a, struct adopt_at *at, struct elfin_block *block)
{
    struct handover_block b;

    adopt_next(a, at, HANDOVER_BLOCKS, &b);
    for (int i = 0; i < ELFIN_PART_COUNT; i++) {
        block->part[i].offset = b.part[i].offset;
        block->part[i].size = b.part[i].size;
        block->part[i].file_size = b.part[i].file_size;
    }
    if (a->load.host->unwind_add)
        block->unwind = (elfin_unwind){ .index = b.unwind_index,
                                        .index_size = b.unwind_index_size,
                                        .frames = b.frames,
                                        .frames_size = b.frames_size };
}

/* All of them, also those to be made now; none is for unload yet: see elfin_adopt_start. */
static void fill_calls(struct adopt *a, struct adopt_at *at, elfin_group *group)
{
    for (uint32_t i = 0; i < at->group.call_count; i++) {
        struct handover_call c;

        adopt_next(a, at, HANDOVER_CALLS, &c);
        group->finals[i] = (struct final_call){ .module = &group->modules[c.module],
                                                .address = c.address,
                                                .from = c.from,
                                                .entry = (elfin_entry)c.entry };
    }
}

/* Both walks. */
static elfin_group *carve_group(struct adopt *a, struct carver *c, struct adopt_at *at)
{
    const struct handover_group *g = &at->group;
    elfin_group *group = carve(c, sizeof(*group));
    struct elfin_module *modules = carve(c, g->module_count * sizeof(*modules));
    struct elfin_block *blocks = carve(c, g->block_count * sizeof(*blocks));
    struct final_call *finals = carve(c, g->call_count * sizeof(*finals));

    if (group) {
        memset(group, 0, c->used);
        group->modules = modules;
        group->blocks = blocks;
        group->finals = finals;
        group->module_count = g->module_count;
        group->block_count = g->block_count;
        group->tls_start = g->tls_start;
        group->tls_end = g->tls_end;
        group->ran = g->flags & HANDOVER_STARTS;
        fill_calls(a, at, group);
    }
    for (uint32_t i = 0; group && i < g->block_count; i++)
        fill_block(a, at, &blocks[i]);
    for (uint32_t i = 0; i < g->module_count; i++) {
        if (modules) {
            modules[i].group = group;
            a->modules[at->first_module + i] = &modules[i];
        }
    }
    for (uint32_t i = 0; i < g->module_count; i++)
        carve_module(a, c, at, modules ? &modules[i] : NULL);
    return group;
}

elfin_status elfin_adopt_records(struct adopt *a, struct adopt_at *at)
{
    struct adopt_at again = *at;
    struct carver c = { 0 };
    elfin_region region;
    elfin_status status;

    carve_group(a, &c, &again);
    if (c.used > UINT32_MAX) /* see struct record */
        return elfin_fail(&a->load, NULL, defect_as(DEFECT_RECORDS_MEMORY, ELFIN_ERR_LIMIT));
    status = elfin_reserve_plain(a->load.host, ELFIN_PURPOSE_RECORDS, c.used, &region);
    if (status != ELFIN_OK)
        return elfin_fail(&a->load, NULL, defect_as(DEFECT_RECORDS_MEMORY, status));
    c = (struct carver){ .base = region.edit };
    a->groups[a->group_count] = carve_group(a, &c, at);
    a->groups[a->group_count++]->records = region;
    return ELFIN_OK;
}
