/* SPDX-License-Identifier: MIT */
/*
 * Holds floor against the library: for every object, both link it at the addresses that the library
 * chose, and every byte of every section has to be the same. Where a field names a slot, what is in
 * the slot counts, since each has slots of its own. A yardstick that did less would measure
 * nothing.
 *
 * usage: check same 1 FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lib/setup.h"

static struct setup s;
static struct arena copy; /* where floor writes */
static uint64_t delta, sections, slots, skipped;

static bool is_slot(const Elf64_Rela *r)
{
    uint32_t type = (uint32_t)r->r_info;

    return type == R_X86_64_GOTPCREL || type == R_X86_64_GOTPCRELX ||
           type == R_X86_64_REX_GOTPCRELX;
}

static uint64_t slot_content(uint64_t p, uint64_t to)
{
    int32_t distance;
    uint64_t content;

    memcpy(&distance, (void *)(p + to), 4);
    memcpy(&content, (void *)(p + 4 + (uint64_t)distance + to), 8);
    return content;
}

/* Where both name slots with the same content, floor's field becomes the library's. */
static void unify_slots(const struct object *o, const Elf64_Shdr *table)
{
    const Elf64_Rela *r = (const void *)(o->data + table->sh_offset);

    for (uint64_t i = 0; i < table->sh_size / sizeof(*r); i++) {
        uint64_t p = s.scratch.address[table->sh_info] + r[i].r_offset;

        if (!is_slot(&r[i]) || r[i].r_addend != -4 ||
            memcmp((void *)p, (void *)(p + delta), 4) == 0)
            continue;
        if (slot_content(p, 0) != slot_content(p, delta))
            continue;
        memcpy((void *)(p + delta), (void *)p, 4);
        slots++;
    }
}

/* The addresses of the library; false if the object has something that floor places elsewhere. */
static bool take_addresses(const elfin_module *module)
{
    elfin_section section;

    memset(s.scratch.address, 0, s.objects.most_sections * sizeof(uint64_t));
    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++) {
        if (section.index >= 0)
            s.scratch.address[section.index] = section.address;
        else if (section.index == ELFIN_SECTION_COMMON)
            return false;
    }
    s.scratch.common = HOST_IMAGE + s.host.image.used;
    return true;
}

static bool same(const struct object *o)
{
    const Elf64_Shdr *section = elf_sections(o);

    for (uint32_t i = 1; i < o->sections; i++)
        if (is_applied(section, &section[i]))
            unify_slots(o, &section[i]);
    for (uint32_t i = 1; i < o->sections; i++) {
        uint64_t at = s.scratch.address[i];

        if (!is_copied(&section[i]) || !at)
            continue;
        sections++;
        for (uint64_t k = 0; k < section[i].sh_size; k++)
            if (*(uint8_t *)(at + k) != *(uint8_t *)(at + delta + k)) {
                fprintf(stderr, "%s: section %u, offset %#lx: %02x, floor has %02x\n", o->file, i,
                        k, *(uint8_t *)(at + k), *(uint8_t *)(at + delta + k));
                return false;
            }
    }
    return true;
}

static bool check(const struct object *o)
{
    elfin_group *group;
    uint64_t ticks;
    bool good = true;

    setup_rewind(&s);
    if (setup_load(&s, o, NULL, NULL, &group, &ticks) != ELFIN_OK)
        abort();
    if (!take_addresses(elfin_next_module(group, NULL)))
        skipped++;
    else
        good = floor_link(&s.names.table, o, delta, &s.scratch) && same(o);
    setup_unload(&s, group);
    return good;
}

int main(int argc, char **argv)
{
    uint64_t wrong = 0;

    if (argc < 4)
        return 2;
    setup_init(&s, argv + 3, argc - 3, NAMES_ALL);
    s.flags = ELFIN_LOAD_KEEP_SECTIONS;
    arena_init(&copy, 0, s.objects.memory + (2 << 20), 0);
    delta = (uint64_t)copy.base - HOST_IMAGE;
    for (size_t i = 0; i < s.objects.count; i++)
        if (!s.objects.list[i].skip)
            wrong += !check(&s.objects.list[i]);
    setup_print(&s, argv[1]);
    printf(", \"compared\": %lu, \"slots\": %lu, \"common\": %lu, \"wrong\": %lu}\n", sections,
           slots, skipped, wrong);
    return wrong != 0;
}
