/* SPDX-License-Identifier: MIT */
/* Collecting an object's linkage out of its relocation tables, once it has been placed. */
#include "loader/image.h"
#include "loader/linkage.h"
#include "libmini/sort.h"
#include "libmini/str.h"

/* One field of an import. */
struct field_item {
    int64_t addend;
    uint32_t field;
    uint8_t kind, part;
};

/* What has been collected; working memory. */
struct linkage_draft {
    uint32_t *import; /* per symbol: 1 + its number, 0 = no import */
    uint32_t *symbol; /* per import: index in the symbol table */
    uint8_t *flags;   /* per import: IMPORT_READS_SLOT */
    uint32_t *first;  /* per import, and one more: in items */
    struct field_item *items;
    uint32_t count, run_count;
};

static bool is_import(const struct object *object, uint32_t index)
{
    const struct symbol *symbol = object->global[index - object->first_global];

    return symbol && object->use[index] &&
           (symbol->state == SYMBOL_IMPORT || symbol->state == SYMBOL_ZERO);
}

/* What the group's symbol table says of an import; FINALIZE: it is called at unload. */
enum {
    FINALIZE = 0 /* no import is symbol 0 */
};

static const struct symbol *import_symbol(const struct object *object, uint32_t index)
{
    return index == FINALIZE ? object->finalize : object->global[index - object->first_global];
}

static elfin_status number_imports(struct load *load, const struct object *object,
                                   struct linkage_draft *draft)
{
    uint64_t globals = object->symbol_count - object->first_global;

    draft->import = elfin_arena_get(&load->work, object->symbol_count, sizeof(uint32_t));
    draft->symbol = elfin_arena_get(&load->work, globals + 1, sizeof(uint32_t));
    draft->flags = elfin_arena_get(&load->work, globals + 1, 1);
    if (!draft->import || !draft->symbol || !draft->flags)
        return elfin_fail_memory(load, ELFIN_PHASE_PLACE, object);
    for (uint32_t i = object->first_global; i < object->symbol_count; i++)
        if (is_import(object, i)) {
            draft->symbol[draft->count++] = i;
            draft->import[i] = draft->count;
        }
    if (object->handle_symbol && object->finalize->state == SYMBOL_IMPORT)
        draft->symbol[draft->count++] = FINALIZE;
    draft->first = elfin_arena_get(&load->work, (uint64_t)draft->count + 1, sizeof(uint32_t));
    return draft->first ? ELFIN_OK : elfin_fail_memory(load, ELFIN_PHASE_PLACE, object);
}

/* place: run address of what the field's offset counts from. */
static void add_item(const struct load *load, const struct object *object, uint64_t place, int part,
                     struct linkage_draft *draft, uint32_t import, const struct arch_field *field)
{
    uint64_t block = load->blocks[object->block].region.run;
    struct field_item *to;

    if (field->reads_slot)
        draft->flags[import] |= IMPORT_READS_SLOT;
    if (field->kind == FOLLOW_NONE)
        return;
    if (!draft->items) { /* the first walk counts */
        draft->first[import]++;
        return;
    }
    to = &draft->items[draft->first[import]++];
    *to = (struct field_item){ .addend = field->addend,
                               .field = (uint32_t)(place + field->offset - block),
                               .kind = field->kind,
                               .part = (uint8_t)part };
    if (field->from_got)
        to->addend += (int64_t)(place + field->offset - object->got);
}

static void walk_table(const struct load *load, const struct object *object, uint32_t table,
                       struct linkage_draft *draft)
{
    struct arch_scan scan = elfin_scan_table(load, object, table);
    const struct section *section = &object->sections[object->sections[table].info];
    uint64_t count = scan.rela.size / sizeof(struct elf_rela);
    struct arch_field field;

    for (uint64_t i = 0; i < count; i += field.records) {
        struct elf_rela rela;
        uint32_t import;

        span_record(scan.rela, i, &rela, sizeof(rela));
        import = draft->import[elf_rela_symbol(rela.r_info)];
        elfin_arch_follow(&scan, i, &field);
        if (import)
            add_item(load, object, section->address, section->part, draft, import - 1, &field);
    }
}

struct image_walk {
    const struct load *load;
    const struct object *object;
    struct linkage_draft *draft;
};

static void add_from_image(void *ctx, uint32_t symbol, uint64_t place, int part,
                           const struct arch_field *field)
{
    const struct image_walk *walk = ctx;
    uint32_t import = walk->draft->import[symbol];

    if (import)
        add_item(walk->load, walk->object, place, part, walk->draft, import - 1, field);
}

static void walk(const struct load *load, const struct object *object, struct linkage_draft *draft)
{
    struct image_walk images = { .load = load, .object = object, .draft = draft };

    if (object->image) {
        load->host->images->follow(load, object, add_from_image, &images);
        return;
    }
    for (uint32_t i = object->loaded; i; i = object->sections[i].loaded)
        for (uint32_t table = object->sections[i].rela; table;
             table = object->sections[table].next_rela)
            walk_table(load, object, table, draft);
}

/* A relocation section may be long, the number of items in it is then counted in 32 bits. */
static bool sum_up(struct linkage_draft *draft)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i <= draft->count; i++) {
        uint32_t own = draft->first[i];

        draft->first[i] = (uint32_t)sum;
        sum += own;
        if (sum > UINT32_MAX)
            return false;
    }
    return true;
}

static int by_run(const struct field_item *x, const struct field_item *y)
{
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->addend != y->addend)
        return x->addend < y->addend ? -1 : 1;
    return 0;
}

static int by_field(const void *a, const void *b, void *ctx)
{
    const struct field_item *x = a, *y = b;
    int order = by_run(x, y);

    (void)ctx;
    if (order)
        return order;
    return x->field < y->field ? -1 : x->field > y->field;
}

/* Tables are in order nearly always. */
static void sort_items(struct field_item *items, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (by_field(&items[i - 1], &items[i], NULL) > 0) {
            mini_sort(items, count, sizeof(*items), by_field, NULL);
            return;
        }
}

static void count_runs(struct linkage_draft *draft)
{
    for (uint32_t k = 0; k < draft->count; k++)
        for (uint32_t i = draft->first[k]; i < draft->first[k + 1]; i++)
            draft->run_count +=
                i == draft->first[k] || by_run(&draft->items[i - 1], &draft->items[i]) != 0;
}

elfin_status elfin_linkage_collect(struct load *load, struct object *object)
{
    struct linkage_draft *draft = elfin_arena_get(&load->work, 1, sizeof(*draft));
    elfin_status status;

    if (!draft)
        return elfin_fail_memory(load, ELFIN_PHASE_PLACE, object);
    if ((status = number_imports(load, object, draft)) != ELFIN_OK)
        return status;
    walk(load, object, draft);
    if (!sum_up(draft))
        return elfin_fail(load, object, DEFECT_LINKAGE_LIMIT);
    draft->items = elfin_arena_get(&load->work, (uint64_t)draft->first[draft->count] + 1,
                                   sizeof(struct field_item));
    if (!draft->items)
        return elfin_fail_memory(load, ELFIN_PHASE_PLACE, object);
    walk(load, object, draft);
    /* Each entry has moved to where the next one begins. */
    for (uint32_t i = draft->count; i > 0; i--)
        draft->first[i] = draft->first[i - 1];
    draft->first[0] = 0;
    for (uint32_t i = 0; i < draft->count; i++)
        sort_items(draft->items + draft->first[i], draft->first[i + 1] - draft->first[i]);
    count_runs(draft);
    object->draft = draft;
    return ELFIN_OK;
}

void elfin_linkage_carve(struct carver *c, const struct object *object, struct elfin_module *module)
{
    const struct linkage_draft *draft = object->draft;
    struct linkage *linkage = carve(c, sizeof(*linkage));
    struct import *imports = carve(c, draft->count * sizeof(*imports));
    struct import_run *runs = carve(c, draft->run_count * sizeof(*runs));
    uint32_t *fields = carve(c, draft->first[draft->count] * sizeof(*fields));
    uint64_t uses = (uint64_t)object->uses_count + object->uses_modules_count + draft->count;
    struct elfin_module **list = carve(c, uses * sizeof(struct elfin_module *));

    for (uint32_t i = 0; i < draft->count; i++) {
        const char *name = carve_name(c, import_symbol(object, draft->symbol[i])->name);

        if (imports)
            imports[i].name = name;
    }
    if (!module)
        return;
    *linkage = (struct linkage){ .imports = imports,
                                 .runs = runs,
                                 .fields = fields,
                                 .import_count = draft->count,
                                 .run_count = draft->run_count,
                                 .field_count = draft->first[draft->count] };
    module->linkage = linkage;
    module->uses = list;
}

static uint32_t fill_runs(const struct linkage_draft *draft, struct linkage *linkage, uint32_t k,
                          uint32_t next)
{
    for (uint32_t i = draft->first[k]; i < draft->first[k + 1]; i++) {
        const struct field_item *from = &draft->items[i];

        if (i == draft->first[k] || by_run(from - 1, from) != 0)
            linkage->runs[next++] = (struct import_run){
                .addend = from->addend, .first = i, .kind = from->kind, .part = from->part
            };
        linkage->runs[next - 1].count++;
        linkage->fields[i] = from->field;
    }
    return next;
}

/* Offsets in the block between which all words lie that say what unload calls. */
struct final_words {
    uint64_t low, high;
};

static struct final_words find_finals(const struct load *load, const struct object *object)
{
    uint64_t block = load->blocks[object->block].region.run;
    struct final_words words = { .low = UINT64_MAX };

    for (uint32_t i = 1; i < object->section_count; i++) {
        const struct section *s = &object->sections[i];
        uint64_t at = s->address - block;

        if (s->part == PART_NONE || (s->type != SHT_FINI_ARRAY && i != object->exit))
            continue;
        if (words.low > at)
            words.low = at;
        if (words.high < at + s->size)
            words.high = at + s->size;
    }
    return words;
}

/* Runs are ascending: their ends tell whether one may be such a word. */
static void note_finals(const struct linkage *linkage, const struct final_words *words,
                        struct import *import)
{
    for (uint32_t i = 0; i < import->run_count; i++) {
        const struct import_run *run = &linkage->runs[import->first_run + i];
        const uint32_t *fields = &linkage->fields[run->first];

        if (fields[0] < words->high && (uint64_t)fields[run->count - 1] + 8 > words->low)
            import->flags |= IMPORT_FINAL;
    }
}

static void fill_import(const struct object *object, uint32_t index, struct import *import)
{
    const struct symbol *symbol = import_symbol(object, index);
    unsigned use = index == FINALIZE ? 0u : object->use[index];

    import->bound.record = symbol->state == SYMBOL_IMPORT ? symbol->import : NULL;
    import->bound.owner = import->bound.record ? record_module(import->bound.record) : NULL;
    import->bound.value = symbol->value;
    import->hash = symbol->hash;
    import->slot = object->slot && index ? object->slot[index] & ~ARCH_IN_USE : 0;
    import->stub = object->stub && index ? object->stub[index] & ~ARCH_IN_USE : 0;
    if (!symbol->strong_reference && index != FINALIZE)
        import->flags |= IMPORT_WEAK;
    if (use & USE_TLS)
        import->flags |= IMPORT_TLS;
    if (use & USE_ADDRESS || index == FINALIZE)
        import->flags |= IMPORT_ADDRESS;
    if (index == FINALIZE)
        import->flags |= IMPORT_FINALIZE;
    if (use & USE_SIZE)
        import->flags |= IMPORT_SIZE;
}

static int by_name(const void *a, const void *b, void *ctx)
{
    const struct import *x = a, *y = b;

    (void)ctx;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

/* What fix-up has done is what the checks say of the same binding. */
static void note_used(const struct elfin_module *module, struct import *import)
{
    struct arch_binding to = elfin_import_binding(module, import, &import->bound);
    const struct import_run *failed;
    struct arch_failure failure;
    uint32_t used = 0;

    if (elfin_import_check(module, import, &to, &used, &failed, &failure))
        import->flags |= used;
}

/* Edges of the group and of ELFIN_NEEDS come first: they stay. */
static void fill_uses(struct load *load, const struct object *object)
{
    struct elfin_module *module = object->module;
    const char *name;
    uint32_t count = 0;

    load->space->mark++;
    for (uint32_t i = 0; i < object->uses_count; i++)
        module->uses[count++] = object->uses[i]->module;
    for (uint64_t at = 0; (name = elfin_next_need(object, &at));) {
        item found = elfin_find_module_item(load, elfin_name(name));
        struct elfin_module *used = found ? record_module(item_pointer(found)) : NULL;

        if (elfin_names_find(&load->modules, elfin_name(name)) || !used ||
            used->mark == load->space->mark)
            continue;
        used->mark = load->space->mark;
        module->uses[count++] = used;
    }
    module->linkage->fixed_uses = module->uses_count = count;
    elfin_linkage_add_uses(load->space, module);
}

void elfin_linkage_fill(struct load *load, const struct object *object)
{
    const struct linkage_draft *draft = object->draft;
    struct elfin_module *module = object->module;
    struct linkage *linkage = module->linkage;
    struct final_words words = find_finals(load, object);
    uint32_t next = 0;

    linkage->got = object->got;
    linkage->plt = object->plt;
    linkage->trap = object->trap;
    for (uint32_t i = 0; i < object->block; i++) /* empty blocks are not kept */
        linkage->block += load->blocks[i].size != 0;
    for (uint32_t k = 0; k < draft->count; k++) {
        struct import *import = &linkage->imports[k];

        import->first_run = next;
        next = fill_runs(draft, linkage, k, next);
        import->run_count = next - import->first_run;
        import->flags = draft->flags[k];
        fill_import(object, draft->symbol[k], import);
        note_used(module, import);
        note_finals(linkage, &words, import);
    }
    mini_sort(linkage->imports, linkage->import_count, sizeof(struct import), by_name, NULL);
    fill_uses(load, object);
}

const struct elfin_rebinding elfin_rebinding = {
    .collect = elfin_linkage_collect,
    .carve = elfin_linkage_carve,
    .fill = elfin_linkage_fill,
    .arch = elfin_arch_follow,
};
