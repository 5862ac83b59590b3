/* SPDX-License-Identifier: MIT */
/*
 * The records of a module and their relocations: held against each other in scan, and against what
 * came of them after fix-up.
 */
#include <elfin/module.h>

#include "loader/features.h"

static elfin_status bad_export(struct load *load, const struct object *object, uint32_t table,
                               uint64_t record, uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, object, defect);

    elfin_diag_relocation(diag, object, table, record);
    return elfin_diag_emit(load);
}

/* One record of an export table's relocations: the address word names the exported symbol. */
static elfin_status scan_export(struct load *load, struct object *object, uint32_t table,
                                const struct arch_scan *scan, uint64_t record, uint8_t *seen)
{
    struct elf_rela rela;
    struct elf_symbol symbol;
    uint32_t index;

    span_record(scan->rela, record, &rela, sizeof(rela));
    if (rela.r_offset % 16 || !elfin_arch_record_use(scan, record))
        return ELFIN_OK;
    index = elf_rela_symbol(rela.r_info);
    if (index < object->first_global || rela.r_addend)
        return bad_export(load, object, table, record, DEFECT_EXPORT_LOCAL);
    symbol = elfin_read_symbol(object, index);
    if (elfin_symbol_section(object, &symbol, index) == SHN_UNDEF)
        return bad_export(load, object, table, record, DEFECT_EXPORT_UNDEFINED);
    if (elf_symbol_visibility(&symbol) == STV_HIDDEN ||
        elf_symbol_visibility(&symbol) == STV_INTERNAL)
        return bad_export(load, object, table, record, DEFECT_EXPORT_HIDDEN);
    object->exported[index - object->first_global] = 1;
    set_flag(&object->global[index - object->first_global]->exported);
    seen[rela.r_offset / 16] = 1;
    return ELFIN_OK;
}

static elfin_status scan_exports(struct load *load, struct object *object)
{
    const struct section *section = &object->sections[object->exports];
    uint8_t *seen = elfin_arena_get(&load->work, section->size / 16, 1);
    elfin_status status = ELFIN_OK;

    object->exported = elfin_arena_get(&load->work, object->symbol_count - object->first_global, 1);
    if (!object->exported || !seen)
        return elfin_fail_memory(load, ELFIN_PHASE_SCAN, object);
    for (uint32_t table = section->rela; table; table = object->sections[table].next_rela) {
        struct arch_scan scan = elfin_scan_table(load, object, table);

        for (uint64_t i = 0; status == ELFIN_OK && i < scan.rela.size / sizeof(struct elf_rela);
             i++)
            status = scan_export(load, object, table, &scan, i, seen);
    }
    for (uint64_t i = 0; status == ELFIN_OK && i < section->size / 16; i++)
        if (!seen[i])
            status = elfin_fail_section(load, object, object->exports, DEFECT_RECORD_ADDRESS);
    return status;
}

/* An ELFIN_INIT or ELFIN_EXIT record is one address, ELFIN_STATE has two: without a relocation it
 * would be 0. */
static elfin_status scan_entry(struct load *load, struct object *object, uint32_t index)
{
    for (uint32_t table = object->sections[index].rela; table;
         table = object->sections[table].next_rela) {
        struct arch_scan scan = elfin_scan_table(load, object, table);

        for (uint64_t i = 0; i < scan.rela.size / sizeof(struct elf_rela); i++)
            if (elfin_arch_record_use(&scan, i))
                return ELFIN_OK;
    }
    return elfin_fail_section(load, object, index, DEFECT_RECORD_ADDRESS);
}

static elfin_status records_scan(struct load *load, struct object *object)
{
    const uint32_t entries[] = { object->init, object->exit, object->state };
    elfin_status status = object->exports ? scan_exports(load, object) : ELFIN_OK;

    for (unsigned i = 0; status == ELFIN_OK && i < 3; i++)
        if (entries[i])
            status = scan_entry(load, object, entries[i]);
    return status;
}

/* An undefined weak function has address 0: nothing to call. */
static elfin_status check_entry(struct load *load, const struct object *object, uint32_t section,
                                uint64_t offset)
{
    static const uint8_t zero[8];

    if (!section ||
        memcmp(edit_at(load, object, object->sections[section].address + offset), zero, 8) != 0)
        return ELFIN_OK;
    return elfin_fail_section(load, object, section, DEFECT_ENTRY_UNDEFINED);
}

/* The record as it is in memory now: its functions have addresses. */
static void note_state(struct load *load, const struct object *object)
{
    struct elfin_state_record record;

    if (!object->state)
        return;
    __builtin_memcpy(&record, edit_at(load, object, object->sections[object->state].address),
                     sizeof(record));
    object->module->state = (struct module_state){ .save = (uintptr_t)record.save,
                                                   .restore = (uintptr_t)record.restore,
                                                   .version = record.version };
    check_entry(load, object, object->state, offsetof(struct elfin_state_record, save));
    check_entry(load, object, object->state, offsetof(struct elfin_state_record, restore));
}

static void records_check(struct load *load, const struct object *object)
{
    check_entry(load, object, object->init, 0);
    check_entry(load, object, object->exit, 0);
    note_state(load, object);
}

const struct elfin_records elfin_records = {
    .read = elfin_record_read,
    .scan = records_scan,
    .check = records_check,
    .add_needs = elfin_add_needs,
    .check_needs = elfin_check_needs,
};
