/* SPDX-License-Identifier: MIT */
/*
 * Section groups (gABI, "Section Groups"). Of COMDAT groups with one signature the first in input
 * order is kept; the members of the others are not loaded, and what they define counts as
 * undefined.
 */
#include "loader/features.h"
#include "libmini/str.h"

/* The signature is a symbol's name; assemblers may use a section symbol, whose name is its
 * section's. */
static const char *signature_of(const struct object *object, const struct section *group)
{
    struct elf_symbol symbol;
    uint32_t section;

    if (group->link != object->symbol_table || !object->symbol_table ||
        group->info >= object->symbol_count)
        return NULL;
    symbol = elfin_read_symbol(object, group->info);
    section = elfin_symbol_section(object, &symbol, group->info);
    if (elf_symbol_type(&symbol) == STT_SECTION && section < object->section_count)
        return elfin_section_name(object, section);
    return span_string(object->symbol_names, symbol.st_name);
}

bool elfin_name_allowed(struct object *object, const char *name, uint32_t *length)
{
    uint64_t size = mini_strnlen(name, UINT32_MAX);

    *length = (uint32_t)size;
    return elfin_name_charge(object, *length);
}

/* Enters the signature; *lost says whether an earlier group has it. */
elfin_status elfin_comdat_enter(struct load *load, const struct object *object,
                                const char *signature, bool *lost)
{
    struct comdat *comdat, *first;
    elfin_status status;

    if (!load->work.host) /* one of several CPUs cannot know which group is the first */
        return ELFIN_ERR_BUSY;
    comdat = elfin_arena_get(&load->work, 1, sizeof(*comdat));
    status = comdat ? elfin_names_reserve(&load->comdats, &load->work, 1) : load->work.status;
    if (status == ELFIN_OK) {
        KNOWN(comdat);
        comdat->signature = signature;
        first = elfin_names_enter(&load->comdats, elfin_name(signature), comdat);
        *lost = first != comdat;
        status = first ? ELFIN_OK : ELFIN_ERR_LIMIT;
    }
    if (status != ELFIN_OK)
        return elfin_fail(load, object, defect_as(DEFECT_GROUP_MEMORY, status));
    if (!*lost) {
        comdat->next = load->first_comdat;
        load->first_comdat = comdat;
    }
    return ELFIN_OK;
}

static elfin_status comdats_open(struct load *load, struct object *object, uint32_t index)
{
    uint32_t length;
    const struct section *group = &object->sections[index];
    struct span words = elfin_section_bytes(object, index);
    const char *signature = signature_of(object, group);
    bool lost = false;
    elfin_status status;

    if (words.size < 4 || words.size % 4)
        return elfin_fail_section(load, object, index, DEFECT_GROUP_SIZE);
    if (!signature)
        return elfin_fail_section(load, object, index, DEFECT_GROUP_SIGNATURE);
    object->table_bytes += words.size;
    if (object->table_bytes > object->file.size)
        return elfin_fail_section(load, object, index, DEFECT_TABLES_OVERLAP);
    if (!elfin_name_allowed(object, signature, &length))
        return elfin_fail_section(load, object, index, DEFECT_GROUP_NAMES_OVERLAP);
    if (span_u32(words, 0) & GRP_COMDAT) {
        status = elfin_comdat_enter(load, object, signature, &lost);
        if (status != ELFIN_OK)
            return status;
    }
    for (uint64_t i = 1; i < words.size / 4; i++) {
        uint32_t member = span_u32(words, i);

        if (member == 0 || member >= object->section_count)
            return elfin_fail_section(load, object, index, DEFECT_GROUP_MEMBER);
        if (lost)
            object->sections[member].part = PART_NONE;
    }
    return ELFIN_OK;
}

const struct elfin_comdats elfin_comdats = { .open = comdats_open };
