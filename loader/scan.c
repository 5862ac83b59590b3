/* SPDX-License-Identifier: MIT */
/*
 * Phase "scan": every relocation record is proven sound once, and what the records do with each
 * symbol is collected. Nothing is kept per record: fix-up reads the tables again as it copies.
 */
#include "loader/features.h"
#include "loader/image.h"
#include "loader/program.h"
#include "libmini/str.h"

static elfin_status refused(struct load *load, const struct object *object, uint32_t table,
                            const struct arch_failure *failure)
{
    elfin_diag *diag = elfin_diag_begin(load, object, failure->defect);

    elfin_diag_relocation(diag, object, table, failure->record);
    diag->hint = failure->hint;
    return elfin_diag_emit(load);
}

/*
 * Tables about code, one entry for each function: entries of discarded functions get the address 0.
 * Linkers cut them out; here they describe nothing (see unwind.c).
 */
static bool is_unwind(const struct section *section)
{
    return section->type == SHT_X86_64_UNWIND || section->named == NAMED_FRAMES ||
           section->named == NAMED_UNWIND;
}

struct arch_scan elfin_scan_begin(const struct load *load, const struct object *object)
{
    return (struct arch_scan){
        .symbol_count = object->symbol_count,
        .tls_get_addr = object->tls_get_addr,
        .slots = load->host->slots ? load->host->slots->arch : NULL,
        .tls = load->host->threads ? load->host->threads->arch : NULL,
        .use = object->use,
        .demands = load->host->reaching ? load->host->reaching->arch : NULL,
    };
}

void elfin_scan_aim(struct arch_scan *scan, const struct object *object, uint32_t table)
{
    uint32_t index = object->sections[table].info;
    const struct section *section = &object->sections[index];

    scan->rela = elfin_section_bytes(object, table);
    scan->bytes = elfin_section_bytes(object, index);
    scan->executable = section->flags & SHF_EXECINSTR;
    scan->unwind = is_unwind(section);
}

static elfin_status scan_sections(struct load *load, struct object *object)
{
    struct arch_scan scan = elfin_scan_begin(load, object);
    struct demand_taker taker = { .load = load, .object = object };

    scan.ctx = &taker;
    for (uint32_t i = object->loaded; i; i = object->sections[i].loaded)
        for (uint32_t table = object->sections[i].rela; table;
             table = object->sections[table].next_rela) {
            taker.table = table;
            elfin_scan_aim(&scan, object, table);
            if (elfin_arch_scan(&scan) != ELFIN_OK)
                return refused(load, object, table, &scan.failure);
        }
    object->needs_got |= scan.needs_got;
    object->has_dead |= scan.has_dead;
    object->has_tls |= scan.has_tls;
    return ELFIN_OK;
}

/* Undefined and weak. */
static bool may_be_nothing(const struct object *object, uint32_t index)
{
    const struct elf_symbol *elf = elf_symbol_at(object, index);

    return elf->st_shndx == SHN_UNDEF && elf_symbol_binding(elf) == STB_WEAK;
}

elfin_status elfin_scan(struct load *load, struct object *object)
{
    elfin_status status = ELFIN_OK;

    /* Another CPU may have begun, and given up. */
    object->demands = NULL;
    object->last_demand = NULL;
    object->demands_end = &object->demands;
    if (object->program)
        status = load->host->programs->scan(load, object);
    if (object->image)
        status = load->host->images->scan(load, object);
    if (status == ELFIN_OK)
        status = scan_sections(load, object);
    if (status == ELFIN_OK && load->host->records && !object->image)
        status = load->host->records->scan(load, object);
    if (status != ELFIN_OK)
        return status;
    object->global_use = 0;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        uint16_t use = object->use[i] & USE_ANY;
        struct symbol *symbol;

        if (!use)
            continue;
        if (use & USE_BRANCH && !load->host->slots && may_be_nothing(object, i))
            return elfin_bad_symbol(load, object, i, DEFECT_NO_SLOTS_WEAK);
        object->global_use |= use;
        symbol = object->global[i - object->first_global];
        if (symbol)
            set_flag(&symbol->used);
    }
    return ELFIN_OK;
}
