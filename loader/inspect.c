/* SPDX-License-Identifier: MIT */
/* The phases up to layout, alone, on one object: what it holds and what it demands. */
#include "loader/features.h"
#include "loader/image.h"
#include "loader/program.h"
#include "libmini/str.h"

static void show_sections(const struct object *object, const elfin_inspector *inspector,
                          elfin_inspection *out)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        const struct section *section = &object->sections[i];

        if (section->part == PART_NONE || (i == 1 && (object->program || object->image)))
            continue;
        out->sections++;
        if (!is_tls_zero(section))
            out->part_size[section->part] += section->size;
        if (inspector->section)
            inspector->section(inspector->ctx, object->program || object->image ? section->info : i,
                               elfin_section_name(object, i), (elfin_part)section->part,
                               section->size);
    }
}

static void show_needs(const struct object *object, const elfin_inspector *inspector)
{
    const char *name;

    for (uint64_t at = 0; inspector->need && (name = elfin_next_need(object, &at));)
        inspector->need(inspector->ctx, name);
}

static bool is_exported(const struct object *object, uint32_t index, const struct symbol *symbol)
{
    if (is_hidden(symbol))
        return false;
    return !object->exported || object->exported[index - object->first_global];
}

static void show_import(const elfin_inspector *inspector, const char *name, bool weak,
                        elfin_inspection *out)
{
    out->imports++;
    if (inspector->import)
        inspector->import(inspector->ctx, name, weak);
}

static void show_symbols(const struct object *object, const elfin_inspector *inspector,
                         elfin_inspection *out)
{
    if (object->handle_symbol && object->finalize->state == SYMBOL_UNDEFINED)
        show_import(inspector, object->finalize->name, false, out);
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        const struct symbol *symbol = object->global[i - object->first_global];

        if (!symbol || (symbol->state == SYMBOL_UNDEFINED && !symbol->used) ||
            is_section_end(symbol))
            continue;
        if (symbol->state == SYMBOL_UNDEFINED) {
            show_import(inspector, symbol->name, !symbol->strong_reference, out);
        } else {
            out->defined++;
            if (inspector->definition)
                inspector->definition(inspector->ctx, symbol->name, symbol->state == SYMBOL_WEAK,
                                      is_exported(object, i, symbol));
        }
    }
}

/*
 * The demand that one use makes. Absolute symbols have their value already; where an import lies is
 * not known yet, so its address too must turn out to be low.
 */
static uint32_t demand_of(const struct object *object, uint32_t index, unsigned use)
{
    struct elf_symbol elf = elfin_read_symbol(object, index);
    uint32_t section = elfin_symbol_section(object, &elf, index), demand = 0;
    bool absolute = section == SECTION_ABS;
    bool import = section == SHN_UNDEF && index && !is_made(object, index) &&
                  index != object->tls_base &&
                  !is_section_end(object->global[index - object->first_global]);

    if (!absolute && use & USE_ABS32)
        demand |= ELFIN_DEMAND_LOW_4G;
    if (!absolute && use & USE_ABS32S)
        demand |= ELFIN_DEMAND_LOW_OR_TOP_2G;
    if (!absolute && use & USE_TINY)
        demand |= ELFIN_DEMAND_TINY;
    if ((absolute || import) && use & USE_NEAR)
        demand |= ELFIN_DEMAND_NEAR_IMPORTS;
    return demand;
}

struct tally {
    struct load *load;
    const struct object *object;
    const elfin_inspector *inspector;
    elfin_inspection *out;
    uint64_t types[ARCH_TYPE_LIMIT];
};

static void tally_table(struct tally *t, uint32_t table)
{
    const struct object *object = t->object;
    struct arch_scan scan = elfin_scan_table(t->load, object, table);

    for (uint64_t i = 0; i < scan.rela.size / sizeof(struct elf_rela); i++) {
        unsigned use = elfin_arch_record_use(&scan, i);
        struct elf_rela rela;
        uint32_t demand;
        elfin_diag *diag;

        span_record(scan.rela, i, &rela, sizeof(rela));
        t->types[elf_rela_type(rela.r_info)]++;
        t->out->relocations++;
        demand = demand_of(object, elf_rela_symbol(rela.r_info), use);
        if (!(demand & ~t->out->demands))
            continue;
        t->out->demands |= demand;
        diag = elfin_diag_begin(t->load, object, DEFECT_DEMAND);
        elfin_diag_relocation(diag, object, table, i);
        diag->hint = elfin_arch_hint(use, false);
        if (t->inspector->demand)
            t->inspector->demand(t->inspector->ctx, demand, diag);
    }
}

/* One field of an image, as a record of a table. */
static bool tally_field(struct load *load, const struct object *object, uint32_t table,
                        uint64_t record, const struct arch_demand *field, void *ctx)
{
    struct tally *t = ctx;
    uint32_t demand = demand_of(object, field->symbol, field->use);
    elfin_diag *diag;

    (void)table;
    (void)record;
    if (!(demand & ~t->out->demands))
        return false;
    t->out->demands |= demand;
    diag = elfin_diag_begin(load, object, DEFECT_DEMAND);
    load->host->images->diag_demand(load, diag, object, field);
    diag->hint = elfin_arch_hint(field->use, false);
    if (t->inspector->demand)
        t->inspector->demand(t->inspector->ctx, demand, diag);
    return true;
}

static void show_relocations(struct load *load, const struct object *object,
                             const elfin_inspector *inspector, elfin_inspection *out)
{
    struct tally t = { .load = load, .object = object, .inspector = inspector, .out = out };

    if (object->program)
        out->relocations = load->host->programs->tally(object, t.types);
    if (object->image) {
        out->relocations = load->host->images->tally(object, t.types);
        load->host->images->each_demand(load, object, tally_field, &t);
    }
    for (uint32_t i = 1; i < object->section_count; i++)
        for (uint32_t table = object->sections[i].rela; table;
             table = object->sections[table].next_rela)
            tally_table(&t, table);
    for (uint32_t type = 0; type < ARCH_TYPE_LIMIT; type++)
        if (t.types[type] && inspector->relocation_type)
            inspector->relocation_type(inspector->ctx, elfin_arch_relocation_name(type),
                                       t.types[type]);
}

/* What show_bound looks for among the fields of an image. */
struct extreme {
    const struct demand *demand;
    const elfin_inspector *inspector;
    int64_t k;
    bool is_high, shown;
};

static bool show_field(struct load *load, const struct object *object, uint32_t table,
                       uint64_t record, const struct arch_demand *field, void *ctx)
{
    struct extreme *e = ctx;
    elfin_diag *diag;

    (void)table;
    (void)record;
    if (e->shown || field->symbol != e->demand->symbol || field->type != e->demand->type ||
        field->k != e->k)
        return false;
    diag = elfin_diag_begin(load, object, DEFECT_BOUND);
    load->host->images->diag_demand(load, diag, object, field);
    diag->hint = elfin_arch_hint(e->demand->use, false);
    e->inspector->bound(e->inspector->ctx, e->is_high, diag);
    e->shown = true;
    return true;
}

/* The record of which the demand's extreme is: the first with that k. */
static void show_bound(struct load *load, const struct bound *by, bool is_high,
                       const elfin_inspector *inspector)
{
    const struct demand *d = by->demand;
    int64_t k = is_high == (d->term == ARCH_TERM_ABSOLUTE) ? d->most : d->least;
    struct extreme extreme = { .demand = d, .inspector = inspector, .k = k, .is_high = is_high };
    struct arch_scan scan = { 0 };
    struct arch_demand demand;
    elfin_diag *diag;

    if (by->object->image)
        load->host->images->each_demand(load, by->object, show_field, &extreme);
    else
        scan = elfin_scan_table(load, by->object, d->table);

    for (uint64_t i = 0; i < scan.rela.size / sizeof(struct elf_rela); i++) {
        if (!elfin_arch_demand(&scan, i, &demand) || demand.symbol != d->symbol ||
            demand.type != d->type || demand.k != k)
            continue;
        diag = elfin_diag_begin(load, by->object, DEFECT_BOUND);
        elfin_diag_relocation(diag, by->object, d->table, i);
        diag->hint = elfin_arch_hint(d->use, false);
        inspector->bound(inspector->ctx, is_high, diag);
        return;
    }
}

static void show_reach(struct load *load, const elfin_inspector *inspector)
{
    const struct reach *reach = &load->blocks[0].reach;

    for (uint32_t i = 0; inspector->range && i < reach->count; i++) {
        const struct range *range = &reach->range[i];

        inspector->range(inspector->ctx, range->low, range->high);
        if (inspector->bound && range->low_by.demand)
            show_bound(load, &range->low_by, false, inspector);
        if (inspector->bound && range->high_by.demand)
            show_bound(load, &range->high_by, true, inspector);
    }
}

static bool show_near_import(const struct object *object, uint32_t index,
                             const elfin_inspector *inspector)
{
    const struct symbol *symbol =
        index < object->first_global ? NULL : object->global[index - object->first_global];

    if (!symbol || symbol->state != SYMBOL_IMPORT)
        return false;
    inspector->near(inspector->ctx, symbol->name);
    return true;
}

/* Its demands are in the order of symbols. */
static void show_near_image(const struct object *object, const elfin_inspector *inspector)
{
    uint32_t last = 0;

    for (const struct demand *d = object->demands; d; d = d->next)
        if (d->term == ARCH_TERM_RELATIVE && d->symbol != last &&
            show_near_import(object, d->symbol, inspector))
            last = d->symbol;
}

/* Only what may need an address has demands: branches to imports have their stubs. */
static void show_near(const struct object *object, const elfin_inspector *inspector)
{
    if (inspector->near && object->image)
        show_near_image(object, inspector);
    if (!object->last_demand || !inspector->near)
        return;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        const struct demand *d = object->last_demand[i];

        while (d && d->term != ARCH_TERM_RELATIVE)
            d = d->same_symbol;
        if (d)
            show_near_import(object, i, inspector);
    }
}

static void show_program(const struct program *p, elfin_inspection *out)
{
    out->flags = p->executable ? ELFIN_MODULE_EXECUTABLE : ELFIN_MODULE_SHARED;
    out->fixed = p->fixed;
    out->low = p->base;
    out->high = p->base + (p->size - 1);
    out->entry = p->entry;
}

static void show(struct load *load, const struct object *object, const elfin_inspector *inspector,
                 elfin_inspection *out)
{
    *out = (elfin_inspection){ .symbols = object->symbol_count };
    elfin_copy_name(out->name, object->name);
    show_needs(object, inspector);
    show_sections(object, inspector, out);
    show_symbols(object, inspector, out);
    show_relocations(load, object, inspector, out);
    if (object->program)
        show_program(object->program, out);
    out->image = object->image != NULL;
}

/* Undefined names are taken for imports that may be far: the upper bound of slots and stubs. */
static elfin_status inspect(struct load *load, struct object *object,
                            const elfin_inspector *inspector, elfin_inspection *out)
{
    const elfin_host *host = load->host;
    elfin_status status;

    if ((status = elfin_load_add(load, object)) != ELFIN_OK ||
        (status = elfin_scan(load, object)) != ELFIN_OK ||
        (host->unwinding && (status = host->unwinding->scan(load, object)) != ELFIN_OK) ||
        (host->gathering && (status = host->gathering->gather(load)) != ELFIN_OK) ||
        (status = load->status) != ELFIN_OK)
        return status;
    elfin_starting.handles(load);
    show(load, object, inspector, out);
    elfin_symbols_change(object, SYMBOL_UNDEFINED, SYMBOL_IMPORT);
    if (host->threads)
        status = host->threads->measure(load, object);
    out->tls_size = object->tls_size;
    out->tls_align = object->tls_align;
    if (status == ELFIN_OK)
        status = elfin_layout(load);
    if (status != ELFIN_OK)
        return status;
    out->slots = object->slot_count;
    out->stubs = object->stub_count;
    load->unknown_imports = true;
    if (load->blocks[0].has_at)
        load->blocks[0].reach =
            (struct reach){ .range = { { .low = load->blocks[0].at, .high = load->blocks[0].at } },
                            .count = 1 };
    if (!load->blocks[0].size)
        load->blocks[0].reach = (struct reach){ .range = { { .high = UINT64_MAX } }, .count = 1 };
    status = elfin_reach(load);
    if (status == ELFIN_ERR_RANGE)
        return status;
    show_reach(load, inspector);
    show_near(object, inspector);
    return ELFIN_OK;
}

elfin_status elfin_inspect(const elfin_host *host, const elfin_input *input,
                           const elfin_inspector *inspector, elfin_inspection *out,
                           elfin_diag *diag)
{
    static const elfin_options options = ELFIN_OPTIONS_INIT;
    static const elfin_inspector nobody;
    struct object object = { .input = input };
    struct block block = { 0 };
    struct load load = { .options = &options, .diag = diag, .blocks = &block, .block_count = 1 };
    elfin_inspection result = { 0 };
    elfin_space space;
    elfin_status status;

    if (!input || !out || !input->file || (!input->data && input->size) ||
        (input->data && input->image) || elfin_space_init(&space, host) != ELFIN_OK) {
        if (diag)
            elfin_diag_clear(diag, defect_of(ELFIN_ERR_ARGUMENT, ELFIN_PHASE_NONE));
        return ELFIN_ERR_ARGUMENT;
    }
    load.space = &space;
    take_objects(&space.host);
    load.host = &space.host;
    load.objects_end = &load.objects;
    object.file_name = input->file;
    object.file = (struct span){ .data = input->data, .size = input->size };
    elfin_arena_init(&load.work, load.host);
    status = inspect(&load, &object, inspector ? inspector : &nobody, &result);
    elfin_arena_release(&load.work);
    if (status != ELFIN_OK)
        return load.status;
    *out = result;
    return ELFIN_OK;
}
