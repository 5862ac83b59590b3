/* SPDX-License-Identifier: MIT */
/*
 * Checks an object's symbol table and adds its global names to the group's, by the linker's rules
 * (gABI, "Symbol Table"): strong over COMMON over weak, first of equals; the most constraining
 * visibility of all mentions holds.
 */
#include "loader/features.h"
#include "loader/image.h"
#include "loader/program.h"
#include "libmini/str.h"

static bool is_dead(const struct object *object, uint32_t section)
{
    return section != SHN_UNDEF && !(section & SECTION_SPECIAL) &&
           object->sections[section].part == PART_NONE;
}

static elfin_status bad_symbol(struct load *load, const struct object *object, uint32_t index,
                               uint32_t defect)
{
    elfin_diag *diag = elfin_diag_begin(load, object, defect);

    elfin_diag_section(diag, object, object->symbol_table);
    elfin_diag_symbol(diag, object, index);
    elfin_diag_offset(diag, object->sections[object->symbol_table].offset +
                                index * sizeof(struct elf_symbol));
    return elfin_diag_emit(load);
}

static bool may_be_tls(const struct object *object, uint32_t section)
{
    return section == SHN_UNDEF || elfin_is_common(section) ||
           (!(section & SECTION_SPECIAL) && object->sections[section].flags & SHF_TLS);
}

static elfin_status check_symbol(struct load *load, struct object *object, uint32_t index,
                                 const struct elf_symbol *symbol, uint32_t section)
{
    unsigned binding = elf_symbol_binding(symbol), type = elf_symbol_type(symbol);
    bool local = index < object->first_global;

    if (symbol->st_name && symbol->st_name >= object->symbol_names.size)
        return bad_symbol(load, object, index, DEFECT_SYMBOL_NAME);
    if (section & SECTION_SPECIAL ? section != SECTION_ABS && !elfin_is_common(section)
                                  : section >= object->section_count)
        return bad_symbol(load, object, index, DEFECT_SYMBOL_SECTION);
    if (local != (binding == STB_LOCAL))
        return bad_symbol(load, object, index, DEFECT_SYMBOL_ORDER);
    if (local && (section == SHN_UNDEF || elfin_is_common(section)))
        return bad_symbol(load, object, index, DEFECT_SYMBOL_LOCAL_UNDEFINED);
    if (!local && binding != STB_GLOBAL && binding != STB_WEAK && binding != STB_GNU_UNIQUE)
        return bad_symbol(load, object, index, DEFECT_SYMBOL_BINDING);
    if (!local && *elfin_symbol_name(object, symbol) == 0)
        return bad_symbol(load, object, index, DEFECT_SYMBOL_NAMELESS);
    if (object->program && elfin_is_common(section))
        return bad_symbol(load, object, index, DEFECT_SYMBOL_LINKED_COMMON);
    if (elfin_is_common(section) && symbol->st_value && !is_power_of_two(symbol->st_value))
        return bad_symbol(load, object, index, DEFECT_SYMBOL_ALIGNMENT);
    if (type == STT_TLS && !load->host->threads)
        return bad_symbol(load, object, index, DEFECT_NO_THREADS);
    object->knows_tls |= type == STT_TLS;
    if (type == STT_TLS && !may_be_tls(object, section))
        return bad_symbol(load, object, index, DEFECT_SYMBOL_TLS);
    if (type == STT_GNU_IFUNC && section != SHN_UNDEF && !is_dead(object, section)) {
        uint32_t wrong = load->host->indirects
                             ? load->host->indirects->check(object, symbol, section)
                             : DEFECT_NO_INDIRECTS;

        object->has_indirect = true;
        if (wrong)
            return bad_symbol(load, object, index, wrong);
    }
    return ELFIN_OK;
}

static void begin_symbol(struct symbol *symbol, struct object *object, uint32_t index,
                         struct name name)
{
    symbol->name = name.text;
    symbol->hash = name.hash;
    symbol->length = name.length;
    symbol->object = object;
    symbol->first_object = object->number;
    symbol->first_index = index;
}

struct symbol *elfin_find_symbol(const struct load *load, struct name name)
{
    return elfin_names_find(load->shards ? &load->shards[shard_of(name.hash, load->shard_count)]
                                         : &load->symbols,
                            name);
}

/* The group's symbol of that name, made on first mention: that of the object's index-th. */
static struct symbol *enter_name(struct load *load, struct object *object, uint32_t index,
                                 struct name name, elfin_status *status)
{
    struct symbol *symbol, *spare = load->spare_symbol;

    if (!spare)
        load->spare_symbol = spare = elfin_arena_get(&load->work, 1, sizeof(*spare));
    if (!spare) {
        *status = load->work.status;
        return NULL;
    }
    symbol = elfin_names_enter(&load->symbols, name, spare);
    if (symbol != spare) {
        *status = symbol ? ELFIN_OK : ELFIN_ERR_LIMIT;
        return symbol;
    }
    load->spare_symbol = NULL;
    begin_symbol(symbol, object, index, name);
    return symbol;
}

/*
 * With ELFIN_LOAD_FIRST_WINS, for a definition that comes too late to have its name: a symbol
 * beside the table, which nobody but its object's own references sees.
 */
static struct symbol *keep_own(struct load *load, struct object *object, uint32_t index,
                               struct name name)
{
    struct symbol *symbol = elfin_arena_get(&load->work, 1, sizeof(*symbol));

    if (!symbol)
        return NULL;
    symbol->kept = true;
    begin_symbol(symbol, object, index, name);
    return symbol;
}

void elfin_symbols_list(struct load *load)
{
    struct symbol **end = &load->first_symbol;

    for (struct object *o = load->objects; o; o = o->next)
        if (o->first_new) {
            *end = o->first_new;
            end = &o->last_new->next;
        }
    *end = NULL;
}

/* From least to most constraining. */
static unsigned visibility_rank(unsigned visibility)
{
    return visibility == STV_DEFAULT ? 0 : 4 - visibility;
}

static void refer(struct load *load, struct symbol *symbol, struct object *object, bool weak)
{
    if (!object->archive)
        symbol->outside = true;
    else if (!symbol->archive)
        symbol->archive = object->archive;
    else if (!mini_str_equal(symbol->archive, object->archive))
        symbol->outside = true;
    if (weak)
        return;
    if (!symbol->strong_reference && symbol->state == SYMBOL_UNDEFINED)
        symbol->object = object;
    symbol->strong_reference = true;
    if (symbol->state == SYMBOL_UNDEFINED && !symbol->open) {
        symbol->open = true;
        symbol->next_open = load->open;
        load->open = symbol;
    }
}

static void duplicate(struct load *load, const struct object *object, uint32_t index,
                      const struct symbol *symbol)
{
    elfin_diag *diag = elfin_diag_begin(load, object, DEFECT_DUPLICATE);

    elfin_diag_symbol(diag, object, index);
    elfin_copy_name(diag->other, symbol->object->file_name);
    elfin_diag_emit(load);
}

static void define(struct load *load, struct symbol *symbol, struct object *object, uint32_t index,
                   const struct elf_symbol *elf, uint32_t section)
{
    uint64_t align = elfin_is_common(section) && elf->st_value ? elf->st_value : 1;
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
    if (state == SYMBOL_STRONG && symbol->state == SYMBOL_STRONG) {
        if (!object->program)
            duplicate(load, object, index, symbol);
        return;
    }
    if (state == SYMBOL_COMMON && symbol->state == SYMBOL_COMMON) {
        if (symbol->size < elf->st_size)
            symbol->size = elf->st_size;
        if (symbol->align < align)
            symbol->align = align;
        return;
    }
    if (state <= symbol->state)
        return;
    symbol->state = state;
    symbol->object = object;
    symbol->index = index;
    symbol->size = elf->st_size;
    symbol->align = align;
    symbol->tls = elf_symbol_type(elf) == STT_TLS;
}

/*
 * Lies in a section of the object for certain: whoever refers to it needs no proof. What indirect
 * functions and thread-local data are used for has to be known all the same.
 */
static bool is_inner(const struct object *object, const struct elf_symbol *symbol, uint32_t section)
{
    return !(section & SECTION_SPECIAL) && symbol->st_value <= object->sections[section].size &&
           elf_symbol_type(symbol) != STT_GNU_IFUNC && !is_tls(&object->sections[section]);
}

/* One that only one symbol of an object may have. */
static elfin_status take_name(struct load *load, const struct object *object, uint32_t index,
                              uint32_t *taken)
{
    if (*taken)
        return bad_symbol(load, object, index, DEFECT_SYMBOL_TWICE);
    *taken = index;
    return ELFIN_OK;
}

/* Names with a meaning of their own begin like this. */
static inline bool may_be_special(const char *name)
{
    return name[0] == '_' && (name[1] == '_' || name[1] == 'G' || name[1] == 'T');
}

/* *made is set for what the loader makes: there is nothing to resolve. */
static elfin_status check_special(struct load *load, struct object *object, uint32_t index,
                                  const char *name, uint32_t section, bool *made)
{
    bool may_make = section == SHN_UNDEF && !object->program; /* linked files lack nothing */

    object->asks_sections |= name[2] == 's' && name[3] == 't';
    *made = may_make;
    if (may_make && mini_str_equal(name, "_GLOBAL_OFFSET_TABLE_"))
        return take_name(load, object, index, &object->got_symbol);
    if (may_make && mini_str_equal(name, "_TLS_MODULE_BASE_"))
        return take_name(load, object, index, &object->tls_base);
    *made = false;
    if (mini_str_equal(name, "__tls_get_addr"))
        object->tls_get_addr = index;
    if (elfin_is_common(section) && mini_str_equal(name, "__gnu_lto_slim"))
        return bad_symbol(load, object, index, DEFECT_IS_GCC_LTO);
    if (may_make && load->host->starting && mini_str_equal(name, "__dso_handle"))
        return take_name(load, object, index, &object->handle_symbol);
    return ELFIN_OK;
}

static elfin_status check_global(struct load *load, struct object *object, uint32_t index,
                                 const struct elf_symbol *elf, uint32_t section)
{
    struct name name = elfin_name_in(object->symbol_names, elf->st_name);
    elfin_status status = ELFIN_OK;
    bool made = false;

    if (may_be_special(name.text))
        status = check_special(load, object, index, name.text, section, &made);
    if (made || status != ELFIN_OK)
        return status;
    if (!elfin_name_charge(object, name.length))
        return bad_symbol(load, object, index, DEFECT_SYMBOL_NAMES_OVERLAP);
    object->keys[index - object->first_global] =
        (struct symbol_key){ .hash = name.hash, .length = name.length };
    /* A strong definition loses its name to none but a second strong one: then it keeps its own. */
    if (elf_symbol_binding(elf) != STB_WEAK && section != SHN_UNDEF && !object->program &&
        !is_dead(object, section) && is_inner(object, elf, section))
        object->use[index] |= USE_INNER;
    return ELFIN_OK;
}

/* Symbols of linked files that nobody can refer to by name. */
static bool is_ignored(const struct load *load, const struct object *object, uint32_t index,
                       const struct elf_symbol *symbol)
{
    return object->program && load->host->programs->ignores(object, index, symbol);
}

/* What is known of a local symbol before any record refers to it. */
static uint16_t local_use(const struct object *object, const struct elf_symbol *symbol,
                          uint32_t section)
{
    if (is_dead(object, section))
        return USE_DEAD;
    return is_inner(object, symbol, section) ? (uint16_t)USE_INNER : 0;
}

/*
 * Most symbols: local, of a kind that needs no more checks, in a section of the object. From
 * `index` on, up to the first one that is not so.
 */
static uint32_t check_locals(struct object *object, uint32_t index)
{
    const struct section *sections = object->sections;
    uint32_t limit = object->section_count < SHN_LORESERVE ? object->section_count : SHN_LORESERVE;

    for (; index < object->first_global; index++) {
        struct elf_symbol symbol = elfin_read_symbol(object, index);
        const struct section *section;

        if (symbol.st_info > (STB_LOCAL << 4 | STT_SECTION) || symbol.st_shndx - 1u >= limit - 1 ||
            symbol.st_name >= object->symbol_names.size)
            break;
        section = &sections[symbol.st_shndx];
        if (section->part == PART_NONE)
            object->use[index] = USE_DEAD;
        else if (symbol.st_value <= section->size && !(section->flags & SHF_TLS))
            object->use[index] = (uint16_t)USE_INNER;
    }
    return index;
}

static elfin_status check(struct load *load, struct object *object, uint32_t index,
                          const struct elf_symbol *symbol)
{
    uint32_t section = elfin_symbol_section(object, symbol, index);
    bool ignored = is_ignored(load, object, index, symbol);
    elfin_status status = ELFIN_OK;

    if (!ignored || !object->program->is_symtab)
        status = check_symbol(load, object, index, symbol, section);
    if (ignored || status != ELFIN_OK)
        return status;
    if (index >= object->first_global)
        return check_global(load, object, index, symbol, section);
    object->use[index] = local_use(object, symbol, section);
    return ELFIN_OK;
}

/* Nobody will refer to what an image that is loaded alone defines: it is told of its imports. */
static uint32_t count_named(const struct load *load, const struct object *object)
{
    return load->alone ? object->image->import_count : object->symbol_count - object->first_global;
}

elfin_status elfin_symbols_check(struct load *load, struct object *object)
{
    uint32_t end = object->first_global + count_named(load, object);
    elfin_status status = ELFIN_OK;

    object->use = elfin_arena_get(&load->work, object->symbol_count, sizeof(*object->use));
    object->global = elfin_arena_get(&load->work, object->symbol_count - object->first_global,
                                     sizeof(*object->global));
    object->keys = elfin_arena_get(&load->work, count_named(load, object), sizeof(*object->keys));
    if (!object->use || !object->global || !object->keys)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    for (uint32_t i = load->alone ? object->first_global : 1; status == ELFIN_OK && i < end; i++) {
        struct elf_symbol symbol;

        if (!object->program && (i = check_locals(object, i)) >= end)
            break;
        symbol = elfin_read_symbol(object, i);
        status = check(load, object, i, &symbol);
    }
    return status;
}

/* ---- Into the group's ------------------------------------------------------------------------ */

/*
 * __dso_handle identifies a module to __cxa_atexit. Linkers take it from crtbegin.o; here each
 * object gets its own, unless the group defines one (see resolve.c). It is mentioned where
 * something has to be undone at unload, which takes __cxa_finalize.
 */
elfin_status elfin_symbols_finalize(struct load *load, struct object *object)
{
    struct name name = elfin_name(FINALIZE_NAME);
    elfin_status status = ELFIN_OK;

    object->finalize = enter_name(load, object, 0, name, &status);
    if (!object->finalize)
        return bad_symbol(load, object, object->handle_symbol,
                          defect_as(DEFECT_FINALIZE_MEMORY, status));
    refer(load, object->finalize, object, false);
    return ELFIN_OK;
}

/* A second strong definition, which is no error. */
static bool comes_late(const struct load *load, const struct symbol *symbol,
                       const struct object *object, const struct elf_symbol *elf, uint32_t section)
{
    return symbol->state == SYMBOL_STRONG && load->options->flags & ELFIN_LOAD_FIRST_WINS &&
           symbol->object != object && !symbol->object->program && !object->program &&
           section != SHN_UNDEF && !is_dead(object, section) && !elfin_is_common(section) &&
           elf_symbol_binding(elf) != STB_WEAK;
}

elfin_status elfin_symbol_enter(struct load *load, struct object *object, uint32_t number,
                                struct symbol **entered)
{
    uint32_t index = object->first_global + number;
    struct elf_symbol elf = elfin_read_symbol(object, index);
    uint32_t section = elfin_symbol_section(object, &elf, index);
    struct name name = { .text = (const char *)object->symbol_names.data + elf.st_name,
                         .hash = object->keys[number].hash,
                         .length = object->keys[number].length };
    unsigned visibility = elf_symbol_visibility(&elf);
    elfin_status status = ELFIN_OK;
    struct symbol *symbol = enter_name(load, object, index, name, &status);

    if (symbol && comes_late(load, symbol, object, &elf, section)) {
        symbol = keep_own(load, object, index, name);
        status = load->work.status;
    }
    if (!symbol)
        return bad_symbol(load, object, index,
                          status == ELFIN_ERR_LIMIT ? (uint32_t)DEFECT_SYMBOL_HASH
                                                    : defect_as(DEFECT_SYMBOL_MEMORY, status));
    if (visibility && visibility_rank(visibility) > visibility_rank(symbol->visibility))
        symbol->visibility = (uint8_t)visibility;
    *entered = symbol;
    if (section == SHN_UNDEF && elf_symbol_type(&elf) == STT_TLS && !symbol->tls_reference)
        symbol->tls_reference = object;
    if (section == SHN_UNDEF || is_dead(object, section))
        refer(load, symbol, object, elf_symbol_binding(&elf) == STB_WEAK);
    else
        define(load, symbol, object, index, &elf, section);
    return ELFIN_OK;
}

elfin_status elfin_symbols_make_room(struct load *load, const struct object *object, uint32_t index,
                                     uint64_t names)
{
    elfin_status status = elfin_names_reserve(&load->symbols, &load->work, names);

    return status == ELFIN_OK
               ? ELFIN_OK
               : bad_symbol(load, object, index, defect_as(DEFECT_SYMBOL_MEMORY, status));
}

elfin_status elfin_symbols_enter(struct load *load, struct object *object)
{
    const struct symbol_key *keys = object->keys;
    uint32_t count = count_named(load, object);
    elfin_status status =
        elfin_symbols_make_room(load, object, object->first_global, (uint64_t)count + 1);

    for (uint32_t i = 0; status == ELFIN_OK && i < count; i++) {
        if (i + SYMBOLS_AHEAD < count)
            elfin_names_prefetch(&load->symbols, keys[i + SYMBOLS_AHEAD].hash);
        if (keys[i].hash)
            status = elfin_symbol_enter(load, object, i, &object->global[i]);
    }
    return status == ELFIN_OK && object->handle_symbol ? elfin_symbols_finalize(load, object)
                                                       : status;
}
