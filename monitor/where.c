/* SPDX-License-Identifier: MIT */
#include "monitor/where.h"

#include "libmini/fmt.h"

static bool find_section(const elfin_module *module, uint64_t address, elfin_section *section)
{
    for (uint32_t i = 0; elfin_module_section(module, i, section); i++)
        if (!section->tls && address - section->address < section->size)
            return true;
    return false;
}

static bool is_in_block(const elfin_group *group, uint64_t address)
{
    elfin_block block;

    for (uint32_t i = 0; elfin_group_block(group, i, &block); i++)
        if (address - block.region.run < block.region.size)
            return true;
    return false;
}

bool where_is_image(const elfin_space *space, uint64_t address)
{
    const elfin_group *group = elfin_next_group(space, NULL);

    while (group != NULL && !is_in_block(group, address))
        group = elfin_next_group(space, group);
    return group != NULL;
}

elfin_module *where_module(const elfin_space *space, uint64_t address)
{
    for (elfin_group *group = elfin_next_group(space, NULL); group != NULL;
         group = elfin_next_group(space, group)) {
        elfin_module *module = NULL;
        elfin_section section;

        if (!is_in_block(group, address))
            continue;
        while ((module = elfin_next_module(group, module)) != NULL)
            if (find_section(module, address, &section))
                return module;
    }
    return NULL;
}

/* The last symbol at or below the address; not one that ends before it, if that is known. */
static bool nearest_symbol(const elfin_module *module, uint64_t address, elfin_symbol *nearest)
{
    elfin_symbol symbol;
    bool found = false;

    for (uint32_t i = 0; elfin_module_symbol(module, i, &symbol); i++) {
        if (symbol.tls || symbol.address > address ||
            (found && symbol.address <= nearest->address) ||
            (symbol.size != 0 && address - symbol.address >= symbol.size))
            continue;
        *nearest = symbol;
        found = true;
    }
    return found;
}

bool where_has_symbol(const elfin_space *space, uint64_t address)
{
    const elfin_module *module = where_module(space, address);
    elfin_symbol symbol;

    return module != NULL && nearest_symbol(module, address, &symbol);
}

void where_format(const elfin_space *space, uint64_t address, char *text, size_t size)
{
    elfin_module *module = where_module(space, address);
    elfin_module_info info;
    elfin_section section;
    elfin_symbol symbol;

    if (module == NULL) {
        mini_fmt(text, size, "0x%llx", (unsigned long long)address);
        return;
    }
    elfin_module_get(module, &info);
    if (nearest_symbol(module, address, &symbol))
        mini_fmt(text, size, "%s:%s+0x%llx", info.name, symbol.name,
                 (unsigned long long)(address - symbol.address));
    else if (find_section(module, address, &section))
        mini_fmt(text, size, "%s(%s)+0x%llx", info.name, section.name,
                 (unsigned long long)(address - section.address));
}
