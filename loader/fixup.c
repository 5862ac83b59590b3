/* SPDX-License-Identifier: MIT */
/*
 * Phase "copy + fix up": each section's bytes are written through the edit pointer and relocated
 * while they are still in the cache. Every byte of a block is written exactly once before that:
 * section contents, padding, zero-filled data.
 */
#include <elfin/module.h>

#include "loader/features.h"
#include "loader/linkage.h"
#include "loader/image.h"
#include "loader/program.h"

static uint64_t symbol_value(const struct object *object, uint32_t index)
{
    const struct symbol *symbol =
        index >= object->first_global ? object->global[index - object->first_global] : NULL;

    if (is_made(object, index))
        return made_address(object, index);
    if (index == object->tls_base)
        return 0; /* what local-dynamic offsets count from is the thread pointer itself */
    if (symbol && !(object->program && program_binds_inside(object, index)))
        return symbol->value;
    return elfin_own_address(object, index);
}

/* Local symbols with the value that the file gives, plus the address of their section. */
static void compute_locals(const struct object *object, uint64_t *value)
{
    for (uint32_t i = 1; i < object->first_global; i++) {
        const struct elf_symbol *elf;

        if (!object->use[i])
            continue;
        elf = elf_symbol_at(object, i);
        if (object->use[i] & USE_INNER && elf->st_shndx < SHN_LORESERVE)
            value[i] = elf->st_value + object->sections[elf->st_shndx].address;
        else
            value[i] = symbol_value(object, i);
    }
}

/* Symbol 0 is the undefined symbol: 0. Symbols that no record refers to are left out. */
static void compute_values(const struct object *object, uint64_t *value)
{
    uint32_t first = object->program || !FOR_SPEED ? 1 : object->first_global;

    value[0] = 0;
    if (first > 1)
        compute_locals(object, value);
    for (uint32_t i = first; i < object->symbol_count; i++)
        if (object->use[i] || object->program)
            value[i] = symbol_value(object, i);
}

/* Z: of the definition that a global name is bound to. */
static uint64_t symbol_size(void *ctx, uint32_t index)
{
    const struct object *object = ctx;
    const struct elf_symbol *elf;

    if (index >= object->first_global && object->global[index - object->first_global])
        return object->global[index - object->first_global]->size;
    elf = elf_symbol_at(object, index);
    return elf->st_size;
}

static void report(struct load *load, const struct object *object, uint32_t table,
                   const struct arch_failure *failure)
{
    elfin_diag *diag = elfin_diag_begin(load, object, failure->defect);

    elfin_diag_relocation(diag, object, table, failure->record);
    elfin_diag_value(diag, failure->value);
    elfin_diag_limits(diag, failure->low, failure->high);
    if (failure->is_signed)
        diag->have |= ELFIN_DIAG_SIGNED;
    diag->hint = failure->hint;
    elfin_diag_emit(load);
}

/* Applies one table; goes on after a failure, so that all of them are reported. */
static void apply(struct load *load, struct object *object, struct arch_fixup *fixup,
                  uint32_t table)
{
    fixup->rela = elfin_section_bytes(object, table);
    fixup->first = 0;
    while (elfin_arch_fixup(fixup) != ELFIN_OK) {
        report(load, object, table, &fixup->failure);
        fixup->first = fixup->failure.record + 1;
    }
}

static void fix_section(struct load *load, struct object *object, struct arch_fixup *fixup,
                        uint32_t index)
{
    const struct section *section = &object->sections[index];

    fixup->edit = edit_at(load, object, section->address);
    if (section->gap)
        memset(fixup->edit - section->gap, 0, section->gap);
    if (!section->size)
        return;
    if (section->type == SHT_NOBITS) {
        memset(fixup->edit, 0, section->size);
        return;
    }
    fixup->bytes = elfin_section_bytes(object, index);
    if (!section->rela) {
        memcpy(fixup->edit, fixup->bytes.data, section->size);
        return;
    }
    fixup->left = section->size; /* copied just ahead of its records */
    fixup->address = section->address;
    fixup->executable = section->flags & SHF_EXECINSTR;
    for (uint32_t table = section->rela; table; table = object->sections[table].next_rela)
        apply(load, object, fixup, table);
}

static void fix_sections(struct load *load, struct object *object, struct arch_fixup *fixup)
{
    if (object->tls_gap)
        memset(edit_at(load, object, object->tls_image) - object->tls_gap, 0, object->tls_gap);
    for (uint32_t i = object->loaded; i; i = object->sections[i].loaded) {
        const struct section *section = &object->sections[i];

        if (section->size | section->gap && !is_tail(section) && !is_tls_zero(section))
            fix_section(load, object, fixup, i);
    }
}

static void fix_object(struct load *load, struct object *object, uint64_t *value)
{
    const struct elfin_slots *slots = load->host->slots;
    struct arch_fixup fixup = {
        .slots = slots ? slots->arch : NULL,
        .tls = load->host->threads ? load->host->threads->arch : NULL,
        .value = value,
        .use = object->use,
        .slot = object->slot,
        .stub = object->stub,
        .got = object->got,
        .plt = object->plt,
        .plt_edit = object->stub_count ? edit_at(load, object, object->plt) : NULL,
        .trap = object->trap,
        .has_dead = object->has_dead,
        .size_of = symbol_size,
        .size_ctx = object,
    };

    if (object->image) {
        load->host->images->fixup(load, object);
        return;
    }
    compute_values(object, value);
    if (object->program)
        load->host->programs->fixup(load, object, value);
    if (slots)
        slots->begin(load, object, value);
    if (!object->program)
        fix_sections(load, object, &fixup);
    if (slots)
        slots->end(load, object, value);
}

/* Zero-filled data, and what is left of each part's last page. */
static void clear_tails(const struct load *load, const struct block *block)
{
    uint64_t page = load->host->page_size;

    if (block->is_image)
        return;
    for (int part = 0; block->size && part < ELFIN_PART_COUNT; part++) {
        uint64_t start = block->part_offset[part] + block->part_filled[part];
        uint64_t end = block->part_offset[part] + round_up(block->part_used[part], page);

        memset((uint8_t *)block->region.edit + start, 0, end - start);
    }
}

/* Failures are reported, all of them, without stopping. */
static elfin_status fix(struct load *load, struct object *object)
{
    fix_object(load, object, load->values);
    if (load->host->records)
        load->host->records->check(load, object);
    return ELFIN_OK;
}

static void take_values(struct load *load, uint32_t cpu)
{
    load->values += cpu * (uint64_t)load->value_count;
}

/* What scan has used for an only object is free by now, and as large. */
static uint64_t *make_values(struct load *load)
{
    uint64_t count = load->value_count * (uint64_t)elfin_parallel_cpus(load);
    struct object *object = load->objects;
    void *values;

    KNOWN(object);
    values = object->last_demand;
    if (!values || object->symbol_count < count)
        return elfin_arena_get(&load->work, count, sizeof(uint64_t));
    object->last_demand = NULL;
    return memset(values, 0, count * sizeof(uint64_t));
}

elfin_status elfin_fixup(struct load *load)
{
    load->value_count = 1;
    for (const struct object *o = load->objects; o; o = o->next)
        if (load->value_count < o->symbol_count)
            load->value_count = o->symbol_count;
    load->values = make_values(load);
    if (!load->values)
        return elfin_fail_memory(load, ELFIN_PHASE_FIXUP, NULL);
    for (uint32_t i = 0; i < load->block_count; i++)
        clear_tails(load, &load->blocks[i]);
    for (struct object *o = load->objects; load->status == ELFIN_OK && o; o = o->next)
        if (o->image)
            load->host->images->share(load, o);
    if (load->status != ELFIN_OK)
        return load->status;
    if (load->crew)
        load->host->sharing->publish_begin(load);
    elfin_each_object(load, fix, take_values);
    for (struct object *o = load->objects; load->status == ELFIN_OK && o; o = o->next)
        if (o->draft)
            load->host->rebinding->fill(load, o);
    return load->status;
}
