/* SPDX-License-Identifier: MIT */
#include "bench/lib/names.h"

#include <stdlib.h>
#include <string.h>

#include "bench/lib/host.h"

struct walk {
    const struct objects *objects;
    struct floor_names *table;
    const struct floor_names *except;
};

static void add(struct walk *walk, const char *name)
{
    if (!walk->except || !floor_names_find(walk->except, name))
        floor_names_add(walk->table, name, NULL);
}

/* Each global name of each object. */
static void each_global(struct walk *walk, void (*each)(struct walk *, const char *, uint16_t))
{
    for (size_t k = 0; k < walk->objects->count; k++) {
        const struct object *o = &walk->objects->list[k];
        const Elf64_Shdr *section = elf_sections(o);

        for (uint32_t i = 1; !o->skip && i < o->sections; i++) {
            const Elf64_Sym *symbol = (const void *)(o->data + section[i].sh_offset);

            if (section[i].sh_type != SHT_SYMTAB)
                continue;
            for (uint32_t n = section[i].sh_info; n < o->symbols; n++)
                each(walk,
                     (const char *)o->data + section[section[i].sh_link].sh_offset +
                         symbol[n].st_name,
                     symbol[n].st_shndx);
        }
    }
}

static void add_import(struct walk *walk, const char *name, uint16_t section)
{
    if (section == SHN_UNDEF)
        add(walk, name);
}

/* In Linux a symbol __ksymtab_NAME says that NAME is exported. */
static void add_export(struct walk *walk, const char *name, uint16_t section)
{
    if (section != SHN_UNDEF && strncmp(name, "__ksymtab_", 10) == 0)
        add(walk, name + 10);
}

static void add_definition(struct walk *walk, const char *name, uint16_t section)
{
    if (section != SHN_UNDEF)
        add(walk, name);
}

void names_collect(struct names *names, const struct objects *objects, enum names_of which)
{
    uint64_t most = objects->symbols + 1;
    struct floor_names all = { 0 }, inner = { 0 };
    struct walk walk = { .objects = objects, .table = &all };

    if (which == NAMES_OUTER) {
        floor_names_init(&inner, most);
        each_global(&(struct walk){ .objects = objects, .table = &inner }, add_definition);
        walk.except = &inner;
    }
    floor_names_init(&all, most);
    each_global(&walk, add_import);
    if (which == NAMES_ALL)
        each_global(&walk, add_export);

    /* The table that is measured is as large as its names demand, and not as the symbols did. */
    floor_names_init(&names->table, all.used);
    names->list = calloc(all.used + 1, sizeof(*names->list));
    names->count = 0;
    for (uint64_t i = 0; names->list && i < all.capacity; i++) {
        uint64_t address = HOST_NAMES + 16 * (uint64_t)names->count;

        if (!all.slot[i].name)
            continue;
        floor_names_add(&names->table, all.slot[i].name, NULL)->address = address;
        names->list[names->count++] =
            (elfin_export){ .name = all.slot[i].name, .address = address };
    }
    free(all.slot);
    free(inner.slot);
}
