/* SPDX-License-Identifier: MIT */
/*
 * Names of a module's code and data: its sections, and one symbol for each address that has some,
 * of the file's symbol table (static ones too) and of what the loader has made (stubs of indirect
 * functions, COMMON).
 */
#include "loader/debug_symbols.h"
#include "libmini/sort.h"
#include "libmini/str.h"

/* A section or symbol, before the tables are made. */
struct candidate {
    uint32_t start, size;
    uint32_t rank; /* of those with one start the greatest is kept */
    uint32_t order;
    const char *name;
};

struct collector {
    const struct debug_object *object;
    const struct elfin_block *block;
    struct candidate *sections, *symbols;
    uint64_t section_count, symbol_count;
    uint64_t name_budget; /* what copies of names may take: they may overlap in the file */
};

enum {
    NAMES_LIMIT = 1 << 30
};

/* Ranks of symbols: a typed one before a label, then a global one before a local one. */
enum {
    RANK_LABEL = 0,
    RANK_OBJECT = 4,
    RANK_FUNCTION = 8,
    RANK_WEAK = 1,
    RANK_GLOBAL = 2,
};

/* Names that assemblers make up are of no use to people. */
static bool is_name(const char *name)
{
    return name && name[0] && !(name[0] == '.' && name[1] == 'L');
}

static void collect(const struct collector *c, struct candidate *list, uint64_t *count,
                    uint64_t address, uint64_t size, const char *name, uint32_t rank)
{
    uint64_t offset = address - c->block->region.run;

    if (offset >= c->block->region.size)
        return;
    if (size > c->block->region.size - offset)
        size = c->block->region.size - offset;
    list[*count] = (struct candidate){ .start = (uint32_t)offset,
                                       .size = (uint32_t)size,
                                       .rank = rank,
                                       .order = (uint32_t)*count,
                                       .name = name };
    ++*count;
}

static void collect_sections(struct collector *c)
{
    const struct debug_object *o = c->object;

    for (uint32_t i = 1; i < o->section_count; i++) {
        struct elf_section section = debug_section(o, i);
        uint64_t address = o->addresses ? o->addresses[i] : section.sh_addr + o->bias;

        if ((section.sh_flags & (SHF_ALLOC | SHF_TLS)) == SHF_ALLOC && section.sh_size &&
            (o->addresses ? address : section.sh_addr))
            collect(c, c->sections, &c->section_count, address, section.sh_size,
                    elfin_debug_section_name(o, &section), 0);
    }
    for (uint32_t i = 0; i < o->module->section_count; i++) {
        const struct module_section *s = &o->module->sections[i];

        if (s->index < 0 && s->size)
            collect(c, c->sections, &c->section_count, s->address, s->size, s->name, 0);
    }
}

static uint32_t rank_of(const struct elf_symbol *symbol)
{
    static const uint8_t types[STT_GNU_IFUNC + 1] = {
        [1] = RANK_OBJECT, [STT_FUNC] = RANK_FUNCTION, [STT_GNU_IFUNC] = RANK_FUNCTION
    };
    unsigned binding = elf_symbol_binding(symbol);

    return types[elf_symbol_type(symbol)] + (binding == STB_LOCAL  ? 0u
                                             : binding == STB_WEAK ? RANK_WEAK
                                                                   : RANK_GLOBAL);
}

static void collect_symbol(struct collector *c, const struct symtab *table, uint32_t index)
{
    const struct debug_object *o = c->object;
    struct elf_section home;
    struct elf_symbol symbol;
    uint32_t section, type;
    const char *name;
    uint64_t base;

    span_record(table->symbols, index, &symbol, sizeof(symbol));
    type = elf_symbol_type(&symbol);
    section = elfin_symtab_section(table, index, &symbol);
    name = span_string(table->names, symbol.st_name);
    if ((type > STT_FUNC && type != STT_GNU_IFUNC) || !section || section >= o->section_count ||
        !is_name(name))
        return;
    home = debug_section(o, section);
    base = o->addresses ? o->addresses[section] : o->bias;
    /* What is at a section's end is not about what follows it in memory. */
    if ((o->addresses && !base) ||
        symbol.st_value - (o->addresses ? 0 : home.sh_addr) >= home.sh_size)
        return;
    collect(c, c->symbols, &c->symbol_count, base + symbol.st_value, symbol.st_size, name,
            rank_of(&symbol));
}

/* All of the file's, then what the group's records have: there is room for them. */
static void collect_symbols(struct collector *c, const struct symtab *table)
{
    const struct elfin_module *module = c->object->module;

    for (uint32_t i = 1; i < table->count; i++)
        collect_symbol(c, table, i);
    for (uint32_t i = 0; i < module->symbol_count; i++) {
        const struct record *record = &module->symbols[i];

        if (!(record->flags & RECORD_TLS))
            collect(c, c->symbols, &c->symbol_count, record->address, record->size,
                    record_name(record),
                    (record->flags & RECORD_FUNCTION ? RANK_FUNCTION : RANK_OBJECT) + RANK_GLOBAL);
    }
}

static int by_start(const void *a, const void *b, void *ctx)
{
    const struct candidate *x = a, *y = b;

    (void)ctx;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank > y->rank ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static uint64_t end_of(const struct candidate *c)
{
    return c->start + (uint64_t)c->size;
}

/* The section that the symbol is in; NULL: none. *at moves on as symbols do. */
static const struct candidate *section_of(const struct collector *c, uint64_t *at, uint64_t start)
{
    while (*at < c->section_count && end_of(&c->sections[*at]) <= start)
        ++*at;
    return *at < c->section_count && c->sections[*at].start <= start ? &c->sections[*at] : NULL;
}

/*
 * Of sorted symbols, those that are kept, each with a size that ends with its section: one for each
 * address, no labels inside of functions. Others without size extend to the next.
 */
static void select_symbols(struct collector *c)
{
    struct candidate *last = NULL;
    uint64_t section_at = 0, kept = 0, typed_end = 0;

    for (uint64_t i = 0; i < c->symbol_count; i++) {
        struct candidate symbol = c->symbols[i];
        const struct candidate *section = section_of(c, &section_at, symbol.start);

        if (!section || (last && last->start == symbol.start) ||
            (!symbol.size && symbol.rank < RANK_OBJECT && symbol.start < typed_end))
            continue;
        if (last && !last->size)
            last->size = symbol.start - last->start;
        if (end_of(&symbol) > end_of(section))
            symbol.size = (uint32_t)(end_of(section) - symbol.start);
        if (end_of(&symbol) > typed_end)
            typed_end = end_of(&symbol);
        last = &c->symbols[kept++];
        *last = symbol;
    }
    if (last && !last->size)
        last->size = UINT32_MAX - last->start;
    c->symbol_count = kept;
}

/* Offset of its copy among the names; a name that there is no room for is "". */
static uint32_t add_name(struct collector *c, const char *name, char *names, uint32_t *used)
{
    uint64_t size = mini_strnlen(name, c->name_budget) + 1;
    uint32_t at = *used;

    if (size > c->name_budget) {
        c->name_budget = 0; /* and no more are measured */
        return 0;
    }
    c->name_budget -= size;
    if (names)
        memcpy(names + at, name, size);
    *used += (uint32_t)size;
    return at;
}

/* Measures names, or copies them too and writes the rows. */
static uint32_t write_rows(struct collector *c, uint64_t name_budget, struct section_row *sections,
                           struct elfin_symbol_row *symbols, char *names)
{
    uint32_t used = 1; /* the first name is "" */

    c->name_budget = name_budget;
    for (uint64_t i = 0; i < c->section_count; i++) {
        uint32_t name = add_name(c, c->sections[i].name, names, &used);

        if (names)
            sections[i] = (struct section_row){ c->sections[i].start, c->sections[i].size, name };
    }
    for (uint64_t i = 0; i < c->symbol_count; i++) {
        uint32_t name = add_name(c, c->symbols[i].name, names, &used);

        if (names)
            symbols[i] = (struct elfin_symbol_row){ c->symbols[i].start, c->symbols[i].size, name };
    }
    if (names)
        names[0] = 0;
    return used;
}

static struct module_symbols *keep(struct collector *c, uint64_t name_budget)
{
    struct module_symbols *m;
    elfin_region region;
    uint32_t names_size = write_rows(c, name_budget, NULL, NULL, NULL);
    uint64_t size = sizeof(*m) + c->section_count * sizeof(struct section_row) +
                    c->symbol_count * sizeof(struct elfin_symbol_row) + names_size;

    if (elfin_reserve_plain(c->object->host, ELFIN_PURPOSE_RECORDS, size, &region) != ELFIN_OK)
        return NULL;
    m = region.edit;
    *m = (struct module_symbols){ .region = region,
                                  .base = c->block->region.run,
                                  .section_count = (uint32_t)c->section_count,
                                  .symbol_count = (uint32_t)c->symbol_count,
                                  .names_size = names_size };
    m->seal = seal_of(m, offsetof(struct module_symbols, seal));
    write_rows(c, name_budget, (struct section_row *)section_rows(m),
               (struct elfin_symbol_row *)symbol_rows(m), (char *)symbol_names(m));
    return m;
}

/* The block that the module lies in: all of it in one. */
static const struct elfin_block *block_of(const struct debug_object *object)
{
    const struct elfin_group *group = object->module->group;
    uint64_t address = object->module->address;

    for (uint32_t i = 1; !address && object->addresses && i < object->section_count; i++)
        address = object->addresses[i];
    for (uint32_t i = 0; i < group->block_count; i++)
        if (address - group->blocks[i].region.run < group->blocks[i].region.size)
            return &group->blocks[i];
    return NULL;
}

/* Of the whole symbol table, or else the dynamic one. */
static uint32_t find_table(const struct debug_object *object)
{
    enum {
        SHT_DYNSYM = 11
    };
    uint32_t found = 0;

    for (uint32_t i = 1; i < object->section_count; i++) {
        uint32_t type = debug_section(object, i).sh_type;

        if (type == SHT_SYMTAB)
            return i;
        if (type == SHT_DYNSYM)
            found = i;
    }
    return found;
}

static void *symbols_add(const struct debug_object *object)
{
    const struct elfin_module *module = object->module;
    struct collector c = { .object = object, .block = block_of(object) };
    struct symtab table;

    if (!c.block)
        return NULL;
    elfin_symtab_open(object, find_table(object), &table);
    c.sections = elfin_arena_take(
        object->work, (uint64_t)object->section_count + module->section_count, sizeof(*c.sections));
    c.symbols = elfin_arena_take(object->work, (uint64_t)table.count + module->symbol_count,
                                 sizeof(*c.symbols));
    if (!c.sections || !c.symbols)
        return NULL;
    collect_sections(&c);
    collect_symbols(&c, &table);
    mini_sort(c.sections, c.section_count, sizeof(*c.sections), by_start, NULL);
    mini_sort(c.symbols, c.symbol_count, sizeof(*c.symbols), by_start, NULL);
    select_symbols(&c);
    return keep(&c, object->file.size < NAMES_LIMIT / 4 ? 4 * object->file.size : NAMES_LIMIT);
}

static void symbols_remove(const elfin_host *host, void *data)
{
    elfin_region region = ((struct module_symbols *)data)->region;

    host->release(host->ctx, &region);
}

const struct debug_part elfin_debug_symbols = {
    .add = symbols_add,
    .remove = symbols_remove,
};
