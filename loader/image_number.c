/* SPDX-License-Identifier: MIT */
/* Making an image: what each symbol is, and which symbols and sections it keeps, in which order. */
#include "loader/image_prepare.h"

enum {
    FIRST_SECTION = IMAGE_ANCHOR + 1,
    FIRST_SYMBOL = 2 /* 0 is none, 1 the anchor's */
};

static enum prepare_known known_section(const struct object *object, uint32_t index)
{
    struct elf_symbol elf = elfin_read_symbol(object, index);
    uint32_t section = elfin_symbol_section(object, &elf, index);

    if (section & SECTION_SPECIAL)
        return PREPARE_VALUE;
    return is_tls(&object->sections[section]) ? PREPARE_TLS : PREPARE_INSIDE;
}

static enum prepare_known known_name(const struct symbol *symbol)
{
    switch (symbol->state) {
    case SYMBOL_IMPORT:
        return PREPARE_IMPORT;
    case SYMBOL_COMMON:
        return symbol->tls ? PREPARE_TLS : PREPARE_INSIDE;
    case SYMBOL_STRONG:
    case SYMBOL_WEAK:
        return known_section(symbol->object, symbol->index);
    default: /* the ends of a section */
        return PREPARE_INSIDE;
    }
}

static uint64_t value_of(const struct object *object, uint32_t index)
{
    if (is_made(object, index))
        return made_address(object, index);
    if (index >= object->first_global)
        return object->global[index - object->first_global]->value;
    return elfin_own_address(object, index);
}

static void learn(struct prepare *p, uint32_t index)
{
    const struct object *object = p->object;
    enum prepare_known known;

    if (is_made(object, index))
        known = PREPARE_INSIDE;
    else if (index == object->tls_base)
        return; /* its value is 0 */
    else if (object->use[index] & USE_DEAD)
        return;
    else if (index >= object->first_global)
        known = known_name(object->global[index - object->first_global]);
    else
        known = known_section(object, index);
    p->known[index] = (uint8_t)known;
    if (known == PREPARE_TLS)
        p->offset[index] = value_of(object, index);
    else if (known != PREPARE_IMPORT)
        p->value[index] = value_of(object, index);
}

/* Of local symbols only those that a record of the image will name. */
static bool is_kept_local(const struct prepare *p, uint32_t index)
{
    const struct object *object = p->object;
    uint64_t stub;

    if (object->use[index] & USE_DEAD)
        return false;
    if (object->slot && object->slot[index])
        return true;
    if (p->known[index] == PREPARE_VALUE)
        return object->use[index] & ~USE_INNER;
    return elfin_indirect_stub(object, index, &stub);
}

static bool is_definition(const struct object *object, uint32_t index)
{
    struct elf_symbol elf = elfin_read_symbol(object, index);
    uint32_t section = elfin_symbol_section(object, &elf, index);

    return section & SECTION_SPECIAL || (section && object->sections[section].part != PART_NONE);
}

/* A name that others define, or that a group gathers; not one that is undefined here and there. */
static bool is_kept_reference(const struct object *object, uint32_t index)
{
    const struct symbol *symbol = object->global[index - object->first_global];

    if (index == object->got_symbol || index == object->tls_base)
        return false;
    return index == object->handle_symbol || symbol->state == SYMBOL_IMPORT ||
           is_section_end(symbol);
}

static void number_symbols(struct prepare *p)
{
    const struct object *object = p->object;
    uint32_t next = FIRST_SYMBOL;

    for (uint32_t i = 1; i < object->first_global; i++)
        if (is_kept_local(p, i))
            p->symbol[i] = next++;
    p->first_global = next;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++)
        if (!is_definition(object, i) && is_kept_reference(object, i))
            p->symbol[i] = next++;
    p->first_definition = next;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++)
        if (is_definition(object, i))
            p->symbol[i] = next++;
    p->symbol_count = next;
}

elfin_status elfin_prepare_number(struct prepare *p)
{
    const struct object *object = p->object;
    struct arena *work = &p->load->work;

    p->known = elfin_arena_get(work, object->symbol_count, sizeof(*p->known));
    p->value = elfin_arena_get(work, object->symbol_count, sizeof(*p->value));
    p->offset = elfin_arena_get(work, object->symbol_count, sizeof(*p->offset));
    p->symbol = elfin_arena_get(work, object->symbol_count, sizeof(*p->symbol));
    p->section = elfin_arena_get(work, object->section_count, sizeof(*p->section));
    if (!p->known || !p->value || !p->offset || !p->symbol || !p->section)
        return elfin_fail_memory(p->load, ELFIN_PHASE_LAYOUT, p->object);
    for (uint32_t i = 1; i < object->symbol_count; i++)
        learn(p, i);
    number_symbols(p);
    p->section_count = FIRST_SECTION;
    for (uint32_t i = 1; i < object->section_count; i++)
        if (object->sections[i].part != PART_NONE)
            p->section[i] = p->section_count++;
    return ELFIN_OK;
}
