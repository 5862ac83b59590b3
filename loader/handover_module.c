/* SPDX-License-Identifier: MIT */
/* What is handed over of one module: its definitions, sections, slots, and whom it uses. */
#include "libmini/str.h"
#include "loader/handover_write.h"
#include "loader/image.h"

/* Each name is there for one who refers to it, but for the empty one. */
static uint32_t put_name(struct handover_writer *w, const char *name)
{
    uint64_t at = w->count[HANDOVER_NAMES], size = mini_strlen(name) + 1;

    if (size == 1)
        return 0;
    if (w->to)
        memcpy(w->to + w->offset[HANDOVER_NAMES] + at, name, size);
    w->count[HANDOVER_NAMES] += size;
    return (uint32_t)at;
}

static bool is_inside(const elfin_group *group, uint64_t address)
{
    for (uint32_t i = 0; i < group->block_count; i++) {
        const elfin_region *region = &group->blocks[i].region;

        if (address - region->run <= region->size)
            return true;
    }
    return false;
}

/* An offset from the thread pointer lies in the group's part of the area. */
static bool is_own(const elfin_group *group, const elfin_symbol *symbol)
{
    if (symbol->tls)
        return 0 - symbol->address - group->tls_start <= group->tls_end - group->tls_start;
    return is_inside(group, symbol->address);
}

static void write_symbol(struct handover_writer *w, const elfin_group *group,
                         const elfin_symbol *symbol, uint32_t flags)
{
    struct handover_symbol out = { .flags = flags,
                                   .address = symbol->address,
                                   .size = symbol->size };

    if (!is_own(group, symbol))
        out.flags |= HANDOVER_ELSEWHERE;
    out.name = put_name(w, symbol->name);
    elfin_handover_put(w, HANDOVER_SYMBOLS, &out);
}

static uint32_t write_symbols(struct handover_writer *w, const elfin_module *module)
{
    elfin_symbol symbol;
    uint32_t i = 0;

    for (; module->images && module->images->symbol(module, i, &symbol); i++)
        write_symbol(w, module->group, &symbol,
                     (symbol.weak ? RECORD_WEAK : 0u) | (symbol.function ? RECORD_FUNCTION : 0u) |
                         (symbol.tls ? RECORD_TLS : 0u));
    for (; !module->images && i < module->symbol_count; i++) {
        const struct record *record = &module->symbols[i];

        symbol = (elfin_symbol){ .name = record_name(record),
                                 .address = record->address,
                                 .size = record->size,
                                 .tls = record->flags & RECORD_TLS };
        write_symbol(w, module->group, &symbol, record->flags & HANDOVER_SYMBOL_FLAGS);
    }
    return i;
}

static void write_sections(struct handover_writer *w, const elfin_module *module)
{
    for (uint32_t i = 0; i < module->section_count; i++) {
        const struct module_section *section = &module->sections[i];
        struct handover_section out = {
            .name = put_name(w, section->name),
            .index = section->index,
            .address = section->address,
            .size = section->size,
            .part = section->part,
            .flags = (uint8_t)((section->zero_filled ? HANDOVER_ZERO_FILLED : 0) |
                               (section->tls ? HANDOVER_TLS : 0)),
        };

        elfin_handover_put(w, HANDOVER_SECTIONS, &out);
    }
}

/* Those in use; with imports that could be bound anew there are others between them. */
static uint32_t write_slots(struct handover_writer *w, const elfin_module *module)
{
    uint32_t left = module->slots ? module->slot_count - module->indirect_count : 0;

    for (uint32_t i = module->indirect_count, todo = left; todo; i++) {
        const elfin_slot *slot = &module->slots[i];
        struct handover_slot out = { .flags = slot->tls ? HANDOVER_TLS : 0,
                                     .address = slot->address,
                                     .target = slot->target,
                                     .stub = slot->stub };

        if (slot->address == SLOT_UNUSED)
            continue;
        out.name = put_name(w, slot->name);
        elfin_handover_put(w, HANDOVER_SLOTS, &out);
        todo--;
    }
    return left;
}

static void write_indirect(struct handover_writer *w, const elfin_module *module)
{
    for (uint32_t i = 0; i < module->indirect_count; i++) {
        const elfin_indirect *f = &module->indirect[i];
        struct handover_indirect out = { .name = put_name(w, f->name),
                                         .address = f->address,
                                         .slot = f->slot,
                                         .resolver = f->resolver };

        elfin_handover_put(w, HANDOVER_INDIRECT, &out);
    }
}

static uint32_t write_uses(struct handover_writer *w, const elfin_module *module)
{
    for (uint32_t i = 0; i < module->uses_count; i++) {
        const elfin_group *group = module->uses[i]->group;
        uint32_t number =
            handover_first_module(group) + (uint32_t)(module->uses[i] - group->modules);

        if (number >= handover_first_module(module->group) + module->group->module_count)
            return DEFECT_HANDOVER_YOUNGER;
        elfin_handover_put(w, HANDOVER_USES, &number);
    }
    return DEFECT_NONE;
}

uint32_t elfin_handover_module(struct handover_writer *w, const elfin_module *module)
{
    struct handover_module out = {
        .flags = module->flags & HANDOVER_MODULE_FLAGS,
        .section_count = module->section_count,
        .indirect_count = module->indirect_count,
        .uses_count = module->uses_count,
        .slots_in_use = module->slot_count,
        .stubs_in_use = module->stub_count,
        .address = module->address,
        .got = module->got,
        .size = module->size,
        .state_save = module->state.save,
        .state_restore = module->state.restore,
        .state_version = module->state.version,
        .tls_offset = module->tls.offset,
        .tls_size = module->tls.size,
        .tls_file_size = module->tls.file_size,
        .tls_align = module->tls.align,
        .tls_run = module->tls.run,
    };

    w->wrong = module;
    out.name = put_name(w, record_name(&module->self));
    out.file = put_name(w, module->file);
    out.version = put_name(w, module->version);
    out.description = put_name(w, module->description);
    out.archive = module->archive ? put_name(w, module->archive) : 0;
    out.symbol_count = write_symbols(w, module);
    write_sections(w, module);
    out.slot_count = write_slots(w, module);
    write_indirect(w, module);
    elfin_handover_put(w, HANDOVER_MODULES, &out);
    return write_uses(w, module);
}
