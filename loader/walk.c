/* SPDX-License-Identifier: MIT */
/* More questions to a space, its groups and modules; nothing here changes anything. */
#include "loader/image.h"
#include "libmini/str.h"

elfin_status elfin_lookup_tls(const elfin_space *space, const char *name, int64_t *offset,
                              const elfin_module **owner)
{
    struct definition found;
    elfin_status status = elfin_look_up(space, name, true, &found);

    if (status != ELFIN_OK)
        return status;
    *offset = (int64_t)found.address;
    if (owner)
        *owner = found.owner;
    return ELFIN_OK;
}

elfin_status elfin_module_lookup(const elfin_module *module, const char *name, uint64_t *address)
{
    elfin_symbol symbol;

    for (uint32_t i = 0; module->images && module->images->symbol(module, i, &symbol); i++) {
        if (!mini_str_equal(symbol.name, name))
            continue;
        if (symbol.tls)
            return ELFIN_ERR_TLS;
        *address = symbol.address;
        return ELFIN_OK;
    }
    for (uint32_t i = 0; i < module->symbol_count; i++) {
        const struct record *record = &module->symbols[i];

        if (!mini_str_equal(record_name(record), name))
            continue;
        if (record->flags & RECORD_TLS)
            return ELFIN_ERR_TLS;
        *address = record->address;
        return ELFIN_OK;
    }
    return ELFIN_ERR_NOT_FOUND;
}

elfin_module *elfin_find_module(const elfin_space *space, const char *name)
{
    item found = elfin_index_find(space, elfin_name(name), ITEM_MODULE, NULL);

    return found ? elfin_item_definition(found).owner : NULL;
}

elfin_group *elfin_next_group(const elfin_space *space, const elfin_group *group)
{
    return group ? group->next : space->first;
}

elfin_module *elfin_next_module(const elfin_group *group, const elfin_module *module)
{
    uint64_t position = module ? (uint64_t)(module - group->modules) + 1 : 0;

    return position < group->module_count ? &group->modules[position] : NULL;
}
