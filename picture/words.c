/* SPDX-License-Identifier: MIT */
/* What things are called. */
#include "picture/picture.h"

#include "libmini/str.h"

#define GIB (UINT64_C(1) << 30)

const struct picture_zone picture_zones[PICTURE_ZONES] = {
    { "below 2 GiB", 0, 2 * GIB - 1 },
    { "2 to 4 GiB", 2 * GIB, 4 * GIB - 1 },
    { "above 4 GiB", 4 * GIB, UINT64_MAX - 2 * GIB },
    { "top 2 GiB", UINT64_MAX - 2 * GIB + 1, UINT64_MAX },
};

const struct picture_zone *picture_zone_of(uint64_t address)
{
    const struct picture_zone *zone = picture_zones;

    while (address > zone->last)
        zone++;
    return zone;
}

const char *picture_kind_name(enum picture_kind kind)
{
    static const char *const names[PICTURE_KINDS] = {
        [PICTURE_MODULES] = "modules",   [PICTURE_PROGRAM] = "program",
        [PICTURE_FIRMWARE] = "firmware", [PICTURE_RESERVED] = "reserved",
        [PICTURE_FREE] = "free",
    };

    return names[kind];
}

const char *picture_part_name(elfin_part part)
{
    static const char *const names[ELFIN_PART_COUNT] = {
        [ELFIN_PART_TEXT] = "text",           [ELFIN_PART_RODATA] = "rodata",
        [ELFIN_PART_RELRO] = "relro",         [ELFIN_PART_DATA] = "data",
        [ELFIN_PART_INIT_TEXT] = "init text", [ELFIN_PART_INIT_DATA] = "init data",
    };

    return names[part];
}

const char *picture_part_rights(elfin_part part)
{
    static const char *const rights[ELFIN_PART_COUNT] = {
        [ELFIN_PART_TEXT] = "RX", [ELFIN_PART_RODATA] = "R",     [ELFIN_PART_RELRO] = "R",
        [ELFIN_PART_DATA] = "RW", [ELFIN_PART_INIT_TEXT] = "RX", [ELFIN_PART_INIT_DATA] = "RW",
    };

    return rights[part];
}

const char *picture_size(char buffer[PICTURE_SIZE_TEXT], uint64_t size)
{
    static const char units[] = "KMGTPE";
    unsigned shift = 10, unit = 0;

    if (size < 1024 || (size < 10240 && size % 1024 != 0)) {
        mini_fmt(buffer, PICTURE_SIZE_TEXT, "%llu byte%s", (unsigned long long)size,
                 size == 1 ? "" : "s");
        return buffer;
    }
    while (unit + 2 < sizeof(units) && size >> (shift + 10) != 0) {
        shift += 10;
        unit++;
    }
    if (size & ((UINT64_C(1) << shift) - 1))
        mini_fmt(buffer, PICTURE_SIZE_TEXT, "%llu.%u %ciB", (unsigned long long)(size >> shift),
                 (unsigned)((size >> (shift - 10) & 1023) * 10 >> 10), units[unit]);
    else
        mini_fmt(buffer, PICTURE_SIZE_TEXT, "%llu %ciB", (unsigned long long)(size >> shift),
                 units[unit]);
    return buffer;
}
