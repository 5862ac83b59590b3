/* SPDX-License-Identifier: MIT */
#include "monitor/where.h"

#include <elfin/debug.h>

#include "libmini/fmt.h"
#include "monitor/platform.h"

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
    elfin_location location;

    if (elfin_symbolize(space, address, &location) != ELFIN_OK || location.section[0] == '\0')
        return NULL;
    return (elfin_module *)(uintptr_t)location.module;
}

bool where_has_symbol(const elfin_space *space, uint64_t address)
{
    elfin_location location;

    return elfin_symbolize(space, address, &location) == ELFIN_OK && location.module != NULL &&
           location.symbol[0] != '\0';
}

bool where_format(const elfin_space *space, uint64_t address, char *text, size_t size)
{
    elfin_location location;
    elfin_status status = elfin_symbolize(space, address, &location);

    if (status != ELFIN_OK && platform_name_code(address, text, size))
        return true;
    if (status == ELFIN_OK && location.symbol[0] != '\0')
        mini_fmt(text, size, "%s:%s+0x%llx", location.name, location.symbol,
                 (unsigned long long)location.symbol_offset);
    else if (status == ELFIN_OK && location.section[0] != '\0')
        mini_fmt(text, size, "%s(%s)+0x%llx", location.name, location.section,
                 (unsigned long long)location.section_offset);
    else if (status == ELFIN_OK)
        mini_fmt(text, size, "%s+0x%llx", location.name, (unsigned long long)location.offset);
    else
        mini_fmt(text, size, "0x%llx", (unsigned long long)address);
    return status == ELFIN_OK;
}

void where_line(const elfin_space *space, uint64_t address, char *text, size_t size)
{
    elfin_location location;

    if (elfin_symbolize(space, address, &location) == ELFIN_OK && location.line != 0 &&
        location.file[0] != '\0')
        mini_fmt(text, size, "%s:%u", location.file, location.line);
    else
        text[0] = '\0';
}

void where_frame(const elfin_space *space, uint64_t address, bool called, char *text, size_t size)
{
    elfin_location location;

    if (elfin_symbolize(space, address - called, &location) != ELFIN_OK &&
        platform_is_own(address)) {
        mini_fmt(text, size, "%s+0x%llx", platform_name,
                 (unsigned long long)(address - platform_base()));
        return;
    }
    location.address += called;
    location.offset += called;
    location.section_offset += called;
    (void)elfin_location_format(&location, text, size);
}
