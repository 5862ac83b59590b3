/* SPDX-License-Identifier: MIT */
/*
 * Sections that the program names: __start_NAME and __stop_NAME, if nobody in the group defines
 * them, are the two ends of all its sections with that name, which then lie side by side in the
 * order of the objects, as if a linker had made one of them. Linkers do so for names that are C
 * identifiers, and do not let others' definitions come before (STV_PROTECTED; ld -z
 * start-stop-visibility).
 */
#include "loader/features.h"
#include "libmini/str.h"

enum {
    NAME_LIMIT = 1024 /* bytes of a name, lest overlapping ones cost more than the file is long */
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_identifier(const char *name)
{
    uint32_t i;

    if (!is_letter(*name))
        return false;
    for (i = 1; i < NAME_LIMIT && name[i]; i++)
        if (!is_letter(name[i]) && (name[i] < '0' || name[i] > '9'))
            return false;
    return i < NAME_LIMIT;
}

/* NAME of __start_NAME or __stop_NAME; NULL for other symbols, and for those that are defined. */
static const char *named_section(const struct symbol *symbol, bool *is_stop)
{
    static const char start[] = "__start_", stop[] = "__stop_";
    const char *name;

    if (symbol->name[0] != '_' || symbol->name[1] != '_' || symbol->name[2] != 's')
        return NULL;
    *is_stop = mini_str_starts(symbol->name, stop);
    if (symbol->state != SYMBOL_UNDEFINED || (!*is_stop && !mini_str_starts(symbol->name, start)))
        return NULL;
    name = symbol->name + (*is_stop ? sizeof(stop) : sizeof(start)) - 1;
    return is_identifier(name) ? name : NULL;
}

static elfin_status enter(struct load *load, struct names *names, const char *text)
{
    struct name name = elfin_name(text);
    elfin_status status = elfin_names_reserve(names, &load->work, 1);
    struct gathered *gathered;

    if (status == ELFIN_OK && elfin_names_find(names, name))
        return ELFIN_OK;
    gathered = elfin_arena_get(&load->work, 1, sizeof(*gathered));
    if (!gathered)
        status = load->work.status;
    if (status == ELFIN_OK && !elfin_names_enter(names, name, gathered))
        status = ELFIN_ERR_LIMIT;
    if (status != ELFIN_OK)
        return elfin_fail(load, load->objects, defect_as(DEFECT_GATHER_MEMORY, status));
    KNOWN(gathered);
    gathered->name = text;
    gathered->end = &gathered->first;
    gathered->next = load->gathered;
    load->gathered = gathered;
    return ELFIN_OK;
}

static elfin_status append(struct load *load, struct gathered *gathered, struct object *object,
                           uint32_t index)
{
    struct gathered_section *entry = elfin_arena_get(&load->work, 1, sizeof(*entry));
    struct section *section = &object->sections[index];

    if (!entry)
        return elfin_fail_memory(load, ELFIN_PHASE_RESOLVE, object);
    *entry = (struct gathered_section){ .object = object, .index = index };
    *gathered->end = gathered->last = entry;
    gathered->end = &entry->next;
    gathered->parts |= 1u << section->part;
    if (gathered->align < section->align)
        gathered->align = section->align;
    section->gathered = true;
    return ELFIN_OK;
}

static elfin_status collect(struct load *load, const struct names *names, struct object *object)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = object->loaded; status == ELFIN_OK && i; i = object->sections[i].loaded) {
        const char *name = elfin_section_name(object, i);
        struct gathered *gathered = NULL;

        if (is_lasting(&object->sections[i]) && !(object->sections[i].flags & SHF_TLS) &&
            is_identifier(name))
            gathered = elfin_names_find(names, elfin_name(name));
        if (gathered)
            status = append(load, gathered, object, i);
    }
    return status;
}

static elfin_status refuse(struct load *load, const struct gathered_section *entry,
                           const struct object *other, uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, entry->object, defect);

    elfin_diag_section(diag, entry->object, entry->index);
    elfin_copy_name(diag->other, other->file_name);
    return elfin_diag_emit(load);
}

/* As in a linker's output section, the rights that one of them needs are those of all. */
static elfin_status settle(struct load *load, struct gathered *gathered)
{
    static const int8_t order[] = { ELFIN_PART_RODATA, ELFIN_PART_RELRO, ELFIN_PART_DATA,
                                    ELFIN_PART_TEXT };
    const struct gathered_section *first = gathered->first;

    if (gathered->parts & 1u << ELFIN_PART_TEXT &&
        gathered->parts & (1u << ELFIN_PART_DATA | 1u << ELFIN_PART_RELRO))
        return refuse(load, first, gathered->last->object, DEFECT_GATHER_RIGHTS);
    for (uint32_t i = 0; i < sizeof(order); i++)
        if (gathered->parts & 1u << order[i])
            gathered->part = order[i];
    for (struct gathered_section *entry = gathered->first; entry; entry = entry->next) {
        entry->object->sections[entry->index].part = gathered->part;
        if (entry->object->block != first->object->block)
            return refuse(load, first, entry->object, DEFECT_GATHER_APART);
    }
    return ELFIN_OK;
}

static void bind(struct symbol *symbol, const struct gathered *gathered, bool is_stop)
{
    const struct gathered_section *entry = is_stop ? gathered->last : gathered->first;

    symbol->state = is_stop ? SYMBOL_STOP : SYMBOL_START;
    symbol->object = entry->object;
    symbol->index = entry->index;
}

/* The names of sections that the object asks for. */
static elfin_status enter_asked(struct load *load, struct names *names, const struct object *object)
{
    uint32_t count = object->asks_sections ? object->symbol_count - object->first_global : 0;
    elfin_status status = ELFIN_OK;
    bool is_stop;

    for (uint32_t i = 0; status == ELFIN_OK && i < count; i++)
        if (object->global[i] && named_section(object->global[i], &is_stop))
            status = enter(load, names, named_section(object->global[i], &is_stop));
    return status;
}

static void bind_asked(const struct names *names, const struct object *object)
{
    uint32_t count = object->asks_sections ? object->symbol_count - object->first_global : 0;
    bool is_stop;

    for (uint32_t i = 0; i < count; i++) {
        struct symbol *symbol = object->global[i];
        const char *name = symbol ? named_section(symbol, &is_stop) : NULL;
        const struct gathered *g = name ? elfin_names_find(names, elfin_name(name)) : NULL;

        if (g && g->first)
            bind(symbol, g, is_stop);
    }
}

static elfin_status gathering_gather(struct load *load)
{
    struct names names = { 0 };
    elfin_status status = ELFIN_OK;

    for (const struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        status = enter_asked(load, &names, o);
    if (status != ELFIN_OK || !load->gathered)
        return status;
    for (struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        status = collect(load, &names, o);
    for (struct gathered *g = load->gathered; status == ELFIN_OK && g; g = g->next)
        if (g->first)
            status = settle(load, g);
    for (const struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        bind_asked(&names, o);
    return status;
}

/* ---- Layout ---------------------------------------------------------------------------------- */

static void gathering_distribute(struct load *load)
{
    for (struct gathered *g = load->gathered; g; g = g->next) {
        struct block *block = g->first ? &load->blocks[g->first->object->block] : NULL;

        if (!block || block->reserved)
            continue;
        g->next_in_block = block->gathered;
        block->gathered = g;
    }
}

/* Where one needs more than the one before leaves, padding lies between, as in a linker's output.
 */
static elfin_status lay_gathered(struct cursor *c, const struct gathered *gathered)
{
    uint64_t align = gathered->align; /* the first one's: of the whole */

    for (struct gathered_section *s = gathered->first; s; s = s->next) {
        struct section *section = &s->object->sections[s->index];
        uint64_t gap = 0;
        elfin_status status;

        c->object = s->object;
        status = elfin_take(c, s->index, align, section->size, &section->address, &gap);
        section->gap = (uint32_t)gap;
        if (status != ELFIN_OK)
            return status;
        align = s->next ? s->next->object->sections[s->next->index].align : 0;
    }
    return ELFIN_OK;
}

static elfin_status gathering_lay(struct cursor *c, int part)
{
    elfin_status status = ELFIN_OK;

    for (const struct gathered *g = c->block->gathered; status == ELFIN_OK && g;
         g = g->next_in_block)
        if (g->part == part)
            status = lay_gathered(c, g);
    return status;
}

const struct elfin_gathering elfin_gathering = {
    .gather = gathering_gather,
    .distribute = gathering_distribute,
    .lay = gathering_lay,
};
