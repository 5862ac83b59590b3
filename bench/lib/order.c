/* SPDX-License-Identifier: MIT */
#include "bench/lib/order.h"

#include <stdlib.h>

#include "bench/floor.h"

/* A symbol of the object's table, or NULL behind the last. Globals only. */
struct globals {
    const Elf64_Sym *next, *end;
    const char *strings;
};

static struct globals globals_of(const struct object *o)
{
    const Elf64_Shdr *section = elf_sections(o);

    for (uint32_t i = 1; i < o->sections; i++)
        if (section[i].sh_type == SHT_SYMTAB) {
            const Elf64_Sym *first = (const void *)(o->data + section[i].sh_offset);

            return (struct globals){
                .next = first + section[i].sh_info,
                .end = first + o->symbols,
                .strings = (const char *)o->data + section[section[i].sh_link].sh_offset,
            };
        }
    return (struct globals){ 0 };
}

static void note_definitions(const struct objects *objects, struct floor_names *owners)
{
    for (size_t k = 0; k < objects->count; k++) {
        struct globals g = globals_of(&objects->list[k]);

        for (; !objects->list[k].skip && g.next < g.end; g.next++) {
            bool added;
            struct floor_name *name;

            if (g.next->st_shndx == SHN_UNDEF)
                continue;
            name = floor_names_add(owners, g.strings + g.next->st_name, &added);
            if (added)
                name->address = k;
        }
    }
}

/* An owner of an import of the object that has not been put in order yet; the object itself: none.
 */
static size_t waits_for(const struct floor_names *owners, size_t k, struct globals *rest,
                        const uint8_t *state)
{
    while (rest->next < rest->end) {
        const Elf64_Sym *symbol = rest->next++;
        const struct floor_name *name;

        if (symbol->st_shndx != SHN_UNDEF)
            continue;
        name = floor_names_find(owners, rest->strings + symbol->st_name);
        if (name && !state[name->address])
            return name->address;
    }
    return k;
}

size_t *order_by_use(const struct objects *objects, size_t *count)
{
    struct floor_names owners;
    size_t *order = calloc(objects->count + 1, sizeof(*order)), depth = 0;
    struct {
        size_t object;
        struct globals rest;
    } *stack = calloc(objects->count + 1, sizeof(*stack));
    uint8_t *state = calloc(objects->count + 1, 1); /* 1: on the stack or in order */

    floor_names_init(&owners, objects->symbols + 1);
    if (!order || !stack || !state)
        abort();
    note_definitions(objects, &owners);
    *count = 0;
    for (size_t k = 0; k < objects->count; k++) {
        if (objects->list[k].skip || state[k])
            continue;
        state[k] = 1;
        stack[depth].object = k;
        stack[depth++].rest = globals_of(&objects->list[k]);
        while (depth) {
            size_t top = stack[depth - 1].object;
            size_t other = waits_for(&owners, top, &stack[depth - 1].rest, state);

            if (other == top) {
                order[(*count)++] = top;
                depth--;
                continue;
            }
            state[other] = 1;
            stack[depth].object = other;
            stack[depth++].rest = globals_of(&objects->list[other]);
        }
    }
    free(state);
    free(stack);
    free(owners.slot);
    return order;
}
