/* SPDX-License-Identifier: MIT */
/* What a space, its groups and modules are made of, for who shows it; nothing here changes
 * anything. */
#include "loader/image.h"
#include "libmini/str.h"

bool elfin_host_export(const elfin_space *space, size_t position, elfin_export *out)
{
    if (position < space->fixed.used) {
        *out = ((const elfin_export *)(uintptr_t)space->fixed.base)[position];
        return true;
    }
    position -= space->fixed.used;
    for (const struct elfin_export_table *t = space->first_table; t; t = t->next) {
        if (position < t->count) {
            out->name = t->rows[position].name;
            out->address = t->rows[position].address;
            return true;
        }
        position -= t->count;
    }
    return false;
}

void elfin_module_get(const elfin_module *module, elfin_module_info *out)
{
    *out = (elfin_module_info){
        .name = record_name(&module->self),
        .file = module->file,
        .version = module->version,
        .description = module->description,
        .flags = module->flags | (module->linkage ? ELFIN_MODULE_REBIND : 0u) |
                 (module->state.save ? ELFIN_MODULE_STATE : 0u) |
                 (module->group->retired ? ELFIN_MODULE_RETIRED : 0u),
        .group = module->group,
        .address = module->address,
        .entry = module->entry,
        .got_base = module->got,
        .symbol_count =
            module->images ? module->images->symbol_count(module) : module->symbol_count,
        .section_count = module->section_count,
        .uses_count = module->uses_count,
        .slot_count = module->slot_count,
        .stub_count = module->stub_count,
        .size = module->size,
    };
}

bool elfin_module_symbol(const elfin_module *module, uint32_t position, elfin_symbol *out)
{
    const struct record *record;

    if (module->images)
        return module->images->symbol(module, position, out);
    if (position >= module->symbol_count)
        return false;
    record = &module->symbols[position];
    *out = (elfin_symbol){
        .name = record_name(record),
        .address = record->address,
        .size = record->size,
        .exported = record->flags & RECORD_EXPORTED,
        .weak = record->flags & RECORD_WEAK,
        .function = record->flags & RECORD_FUNCTION,
        .tls = record->flags & RECORD_TLS,
    };
    return true;
}

bool elfin_module_indirect(const elfin_module *module, uint32_t position, elfin_indirect *out)
{
    if (position >= module->indirect_count)
        return false;
    *out = module->indirect[position];
    return true;
}

elfin_module *elfin_module_uses(const elfin_module *module, uint32_t position)
{
    return position < module->uses_count ? module->uses[position] : NULL;
}

bool elfin_module_section(const elfin_module *module, uint32_t position, elfin_section *out)
{
    const struct module_section *section;

    if (position >= module->section_count)
        return false;
    section = &module->sections[position];
    *out = (elfin_section){
        .name = section->name,
        .index = section->index,
        .part = (elfin_part)section->part,
        .address = section->address,
        .size = section->size,
        .zero_filled = section->zero_filled,
        .tls = section->tls,
        .discarded_after_init =
            section->part == ELFIN_PART_INIT_TEXT || section->part == ELFIN_PART_INIT_DATA,
    };
    return true;
}

bool elfin_module_slot(const elfin_module *module, uint32_t position, elfin_slot *out)
{
    uint32_t at = module->indirect_count;

    if (!module->slots || position >= module->slot_count - module->indirect_count)
        return false;
    if (module->linkage) /* all are there, used or not */
        for (uint32_t seen = 0;; at++) {
            if (module->slots[at].address != SLOT_UNUSED && seen++ == position)
                break;
        }
    else
        at += position;
    *out = module->slots[at];
    return true;
}

bool elfin_block_segment(const elfin_block *block, uint32_t position, elfin_segment *out)
{
    if (block->segment_count) {
        if (position >= block->segment_count)
            return false;
        *out = block->segments[position];
        return true;
    }
    for (int part = 0; part < ELFIN_PART_COUNT; part++) {
        if (!block->part[part].size || position--)
            continue;
        *out = (elfin_segment){ .offset = block->part[part].offset,
                                .size = block->part[part].size,
                                .file_size = block->part[part].file_size,
                                .part = (elfin_part)part };
        return true;
    }
    return false;
}

bool elfin_module_tls(const elfin_module *module, elfin_tls *out)
{
    if (!module->tls.size)
        return false;
    *out = module->tls;
    return true;
}

bool elfin_group_block(const elfin_group *group, uint32_t position, elfin_block *out)
{
    if (position >= group->block_count)
        return false;
    *out = group->blocks[position];
    return true;
}

void elfin_space_get_stats(const elfin_space *space, elfin_space_stats *out)
{
    uint64_t retired = 0; /* without names */

    *out = (elfin_space_stats){ 0 };
    for (const elfin_group *g = space->first; g; g = g->next) {
        out->groups++;
        out->modules += g->module_count;
        retired += g->retired ? g->module_count : 0;
        out->record_bytes += g->records.size;
        out->tls_bytes += g->tls_end - g->tls_start;
        for (uint32_t i = 0; i < g->block_count; i++)
            out->image_bytes += g->blocks[i].region.size;
    }
    for (const struct elfin_export_table *t = space->first_table; t; t = t->next)
        out->record_bytes += t->region.size;
    out->record_bytes += space->index_region.size;
    out->exports =
        space->fixed.used + space->index.used - space->index.dead - (out->modules - retired);
}
