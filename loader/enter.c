/* SPDX-License-Identifier: MIT */
/*
 * The global names of all objects in one table, by the linker's rules (gABI, "Symbol Table"):
 * strong over COMMON over weak, first of equals; the most constraining visibility of all mentions
 * holds.
 */
#include "loader/features.h"
#include "loader/image.h"

enum {
    SPARE_MOST = 16 /* symbols that are made at once, in a load with several inputs */
};

/* Nobody will refer to what an image that is loaded alone defines: it is told of its imports. */
uint32_t elfin_count_named(const struct load *load, const struct object *object)
{
    return load->alone ? object->image->import_count : object->symbol_count - object->first_global;
}

/* A new symbol, which stays a spare one until it is taken; `more` will be asked for at most. */
static struct symbol *make_symbol(struct load *load, struct object *object, uint32_t index,
                                  const struct name *name, uint32_t more)
{
    struct symbol *symbol = load->spare.symbol;

    if (!load->spare.count) {
        load->spare.count = load->is_single || more < SPARE_MOST ? more : (uint32_t)SPARE_MOST;
        symbol = elfin_arena_take(&load->work, load->spare.count, symbol_bytes(load));
        load->spare.symbol = symbol;
    }
    if (!symbol) {
        load->spare.count = 0;
        return NULL;
    }
    *symbol = (struct symbol){ .name = name->text,
                               .hash = name->hash,
                               .length = name->length,
                               .object = object,
                               .index = index };
    if (load->libraries)
        *library_symbol(symbol) = (struct library_symbol){ 0 };
    return symbol;
}

static void take_symbol(struct load *load)
{
    load->spare.symbol = (void *)((uint8_t *)load->spare.symbol + symbol_bytes(load));
    load->spare.count--;
}

/* The group's symbol of that name, made on first mention: that of the object's index-th. */
struct symbol *elfin_enter_name(struct load *load, struct object *object, uint32_t index,
                                const struct name *name, uint32_t more)
{
    struct elfin_table *table = &load->symbols.table;
    struct elfin_table_entry *entry = table_first(table, name->hash);
    struct symbol *symbol = entry->hash == name->hash ? elfin_names_search(&entry, *name) : NULL;

    if (symbol)
        return symbol;
    symbol = make_symbol(load, object, index, name, more);
    if (!symbol ||
        elfin_table_add(table, entry, name->hash, make_item(symbol, ITEM_NAMED)) != ELFIN_OK)
        return NULL;
    take_symbol(load);
    return symbol;
}

/*
 * With ELFIN_LOAD_FIRST_WINS, for a definition that comes too late to have its name: a symbol
 * beside the table, which nobody but its object's own references sees.
 */
static struct symbol *keep_own(struct load *load, struct object *object, uint32_t index,
                               const struct name *name)
{
    struct symbol *symbol = make_symbol(load, object, index, name, 1);

    if (symbol) {
        take_symbol(load);
        symbol->kept = true;
    }
    return symbol;
}

/* From least to most constraining. */
static unsigned visibility_rank(unsigned visibility)
{
    return visibility == STV_DEFAULT ? 0 : 4 - visibility;
}

static void duplicate(struct load *load, const struct object *object, uint32_t index,
                      const struct symbol *symbol)
{
    elfin_diag *diag = elfin_diag_begin(load, object, DEFECT_DUPLICATE);

    elfin_diag_symbol(diag, object, index);
    elfin_copy_name(diag->other, symbol->object->file_name);
    elfin_diag_emit(load);
}

/* The largest of all. */
static void add_common(struct symbol *symbol, const struct elf_symbol *elf)
{
    unsigned align_log2 = elf->st_value ? (unsigned)__builtin_ctzll(elf->st_value) : 0;

    if (symbol->size < elf->st_size)
        symbol->size = elf->st_size;
    if (symbol->align_log2 < align_log2)
        symbol->align_log2 = (uint8_t)align_log2;
}

static void define(struct load *load, struct symbol *symbol, struct object *object, uint32_t index,
                   const struct elf_symbol *elf, uint32_t section)
{
    uint8_t state = SYMBOL_STRONG;

    if (elfin_is_common(section)) {
        state = SYMBOL_COMMON;
        set_flag(&object->has_commons);
    } else if (elf_symbol_binding(elf) == STB_WEAK) {
        state = SYMBOL_WEAK;
    }
    /* Linked files may be preempted: objects come first, then the first of them. */
    if (symbol->state != SYMBOL_UNDEFINED && !object->program != !symbol->object->program) {
        if (object->program)
            return;
        symbol->state = SYMBOL_UNDEFINED;
    }
    if (state == symbol->state && state == SYMBOL_STRONG && !object->program)
        duplicate(load, object, index, symbol);
    if (state == symbol->state && state == SYMBOL_COMMON)
        add_common(symbol, elf);
    if (state <= symbol->state)
        return;
    symbol->state = state;
    symbol->object = object;
    symbol->index = index;
    symbol->size = elf->st_size;
    symbol->align_log2 = 0;
    if (state == SYMBOL_COMMON)
        add_common(symbol, elf);
    symbol->tls = elf_symbol_type(elf) == STT_TLS;
}

/* A second strong definition, which is no error. */
static bool comes_late(const struct load *load, const struct symbol *symbol,
                       const struct object *object, const struct elf_symbol *elf, uint32_t section)
{
    return symbol->state == SYMBOL_STRONG && load->options->flags & ELFIN_LOAD_FIRST_WINS &&
           symbol->object != object && !symbol->object->program && !object->program &&
           section != SHN_UNDEF && !is_dead_section(object, section) && !elfin_is_common(section) &&
           elf_symbol_binding(elf) != STB_WEAK;
}

elfin_status elfin_symbol_enter(struct load *load, struct object *object, uint32_t number,
                                struct symbol **entered)
{
    uint32_t index = object->first_global + number;
    struct symbol_key key = symbol_key(object, number);
    const struct elf_symbol *elf = elf_symbol_at(object, index);
    uint32_t section = elfin_symbol_section(object, elf, index);
    struct name name = { .text = (const char *)object->symbol_names.data + elf->st_name,
                         .hash = key.hash,
                         .length = key.length };
    unsigned visibility = elf_symbol_visibility(elf);
    struct symbol *symbol =
        elfin_enter_name(load, object, index, &name, object->symbol_count - index);

    if (symbol && comes_late(load, symbol, object, elf, section))
        symbol = keep_own(load, object, index, &name);
    if (!symbol)
        return elfin_bad_symbol(load, object, index,
                                elfin_enter_failure(load) == ELFIN_ERR_LIMIT
                                    ? (uint32_t)DEFECT_SYMBOL_HASH
                                    : defect_as(DEFECT_SYMBOL_MEMORY, elfin_enter_failure(load)));
    if (visibility && visibility_rank(visibility) > visibility_rank(symbol->visibility))
        symbol->visibility = (uint8_t)visibility;
    *entered = symbol;
    if (section == SHN_UNDEF && elf_symbol_type(elf) == STT_TLS && !symbol->tls_reference)
        symbol->tls_reference = object->number + 1;
    if (section == SHN_UNDEF || is_dead_section(object, section))
        elfin_refer(load, symbol, object, index, elf_symbol_binding(elf) == STB_WEAK);
    else
        define(load, symbol, object, index, elf, section);
    return ELFIN_OK;
}

elfin_status elfin_symbols_make_room(struct load *load, const struct object *object, uint32_t index,
                                     uint64_t names)
{
    elfin_status status = elfin_names_reserve(&load->symbols, &load->work, names);

    return status == ELFIN_OK
               ? ELFIN_OK
               : elfin_bad_symbol(load, object, index, defect_as(DEFECT_SYMBOL_MEMORY, status));
}

elfin_status elfin_symbols_enter(struct load *load, struct object *object)
{
    uint32_t count = elfin_count_named(load, object);
    elfin_status status =
        elfin_symbols_make_room(load, object, object->first_global, (uint64_t)count + 1);

    for (uint32_t i = 0; status == ELFIN_OK && i < count; i++) {
        if (FOR_SPEED && i + SYMBOLS_AHEAD < count)
            elfin_names_prefetch(&load->symbols, symbol_key(object, i + SYMBOLS_AHEAD).hash);
        if (symbol_key(object, i).hash)
            status = elfin_symbol_enter(load, object, i, &object->global[i]);
    }
    return status == ELFIN_OK && object->handle_symbol
               ? load->host->starting->finalize(load, object)
               : status;
}
