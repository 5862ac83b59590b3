/* SPDX-License-Identifier: MIT */
/*
 * Checks an object's symbol table, and hashes its global names for the group's table (enter.c).
 * Needs nothing but the object.
 */
#include "loader/features.h"
#include "loader/image.h"
#include "loader/program.h"
#include "libmini/str.h"

elfin_status elfin_bad_symbol(struct load *load, const struct object *object, uint32_t index,
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
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_NAME);
    if (section & SECTION_SPECIAL ? section != SECTION_ABS && !elfin_is_common(section)
                                  : section >= object->section_count)
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_SECTION);
    if (local != (binding == STB_LOCAL))
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_ORDER);
    if (local && (section == SHN_UNDEF || elfin_is_common(section)))
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_LOCAL_UNDEFINED);
    if (!local && binding != STB_GLOBAL && binding != STB_WEAK && binding != STB_GNU_UNIQUE)
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_BINDING);
    if (!local && *elfin_symbol_name(object, symbol) == 0)
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_NAMELESS);
    if (object->program && elfin_is_common(section))
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_LINKED_COMMON);
    if (elfin_is_common(section) && symbol->st_value && !is_power_of_two(symbol->st_value))
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_ALIGNMENT);
    if (type == STT_TLS && !load->host->threads)
        return elfin_bad_symbol(load, object, index, DEFECT_NO_THREADS);
    object->knows_tls |= type == STT_TLS;
    if (type == STT_TLS && !may_be_tls(object, section))
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_TLS);
    if (type == STT_GNU_IFUNC && section != SHN_UNDEF && !is_dead_section(object, section)) {
        uint32_t wrong = load->host->indirects
                             ? load->host->indirects->check(object, symbol, section)
                             : DEFECT_NO_INDIRECTS;

        object->has_indirect = true;
        if (wrong)
            return elfin_bad_symbol(load, object, index, wrong);
    }
    return ELFIN_OK;
}

/* One that only one symbol of an object may have. */
static elfin_status take_name(struct load *load, const struct object *object, uint32_t index,
                              uint32_t *taken)
{
    if (*taken)
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_TWICE);
    *taken = index;
    return ELFIN_OK;
}

/* Names with a meaning of their own begin like this. */
static inline bool may_be_special(const char *name)
{
    if (name[0] != '_')
        return false;
    if (name[1] != '_')
        return name[1] == 'G' || name[1] == 'T';
    return name[2] == 't' || name[2] == 'g' || name[2] == 'd' || name[2] == 's';
}

/* *made is set for what the loader makes: there is nothing to resolve. */
static elfin_status check_special(struct load *load, struct object *object, uint32_t index,
                                  const char *name, uint32_t section, bool *made)
{
    bool may_make = section == SHN_UNDEF && !object->program; /* linked files lack nothing */

    object->asks_sections |=
        name[2] == 's' && name[3] == 't' && (name[4] == 'o' || (name[4] == 'a' && name[5] == 'r'));
    *made = may_make;
    if (may_make && load->host->slots && mini_str_equal(name, "_GLOBAL_OFFSET_TABLE_"))
        return take_name(load, object, index, &object->got_symbol);
    if (may_make && mini_str_equal(name, "_TLS_MODULE_BASE_"))
        return take_name(load, object, index, &object->tls_base);
    *made = false;
    if (mini_str_equal(name, "__tls_get_addr"))
        object->tls_get_addr = index;
    if (elfin_is_common(section) && mini_str_equal(name, "__gnu_lto_slim"))
        return elfin_bad_symbol(load, object, index, DEFECT_IS_GCC_LTO);
    if (may_make && load->host->starting && mini_str_equal(name, "__dso_handle"))
        return take_name(load, object, index, &object->handle_symbol);
    return ELFIN_OK;
}

static elfin_status check_global(struct load *load, struct object *object, uint32_t index,
                                 const struct elf_symbol *elf, uint32_t section)
{
    struct name name = elfin_name_in(object->symbol_names, elf->st_name);
    elfin_status status = ELFIN_OK;
    bool made = false, is_reference;
    struct symbol_key key;

    if (may_be_special(name.text))
        status = check_special(load, object, index, name.text, section, &made);
    if (made || status != ELFIN_OK)
        return status;
    if (!elfin_name_charge(object, name.length))
        return elfin_bad_symbol(load, object, index, DEFECT_SYMBOL_NAMES_OVERLAP);
    key = (struct symbol_key){ .hash = name.hash, .length = name.length };
    __builtin_memcpy(&object->global[index - object->first_global], &key, sizeof(key));
    is_reference = section == SHN_UNDEF || is_dead_section(object, section);
    if (elf_symbol_binding(elf) == STB_WEAK)
        object->refers_weakly |= is_reference;
    /* A strong definition loses its name to none but a second strong one: then it keeps its own. */
    else if (!is_reference && !object->program && is_inner_symbol(object, elf, section))
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
    if (is_dead_section(object, section))
        return USE_DEAD;
    return is_inner_symbol(object, symbol, section) ? (uint16_t)USE_INNER : 0;
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
        const struct elf_symbol *symbol = elf_symbol_at(object, index);
        const struct section *section;

        if (symbol->st_info > (STB_LOCAL << 4 | STT_SECTION) ||
            symbol->st_shndx - 1u >= limit - 1 || symbol->st_name >= object->symbol_names.size)
            break;
        section = &sections[symbol->st_shndx];
        if (section->part == PART_NONE)
            object->use[index] = USE_DEAD;
        else if (symbol->st_value <= section->size && !(section->flags & SHF_TLS))
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

/*
 * Most global symbols: of a kind and in a section that need no more checks, so that only the name
 * is left to do.
 */
static inline bool is_plain_global(const struct object *object, const struct elf_symbol *symbol)
{
    unsigned binding = elf_symbol_binding(symbol);

    return (binding == STB_GLOBAL || binding == STB_WEAK) && elf_symbol_type(symbol) <= STT_FUNC &&
           symbol->st_shndx < SHN_LORESERVE && symbol->st_shndx < object->section_count &&
           symbol->st_name < object->symbol_names.size &&
           object->symbol_names.data[symbol->st_name] && !object->program;
}

elfin_status elfin_symbols_check(struct load *load, struct object *object)
{
    uint32_t end = object->first_global + elfin_count_named(load, object);
    elfin_status status = ELFIN_OK;

    object->use = elfin_arena_get(&load->work, object->symbol_count, sizeof(*object->use));
    object->global = elfin_arena_get(&load->work, object->symbol_count - object->first_global,
                                     sizeof(*object->global));
    if (!object->use || !object->global)
        return elfin_fail_memory(load, ELFIN_PHASE_OBJECT, object);
    for (uint32_t i = load->alone ? object->first_global : 1; status == ELFIN_OK && i < end; i++) {
        const struct elf_symbol *symbol;

        if (FOR_SPEED && i < object->first_global && !object->program &&
            (i = check_locals(object, i)) >= end)
            break;
        symbol = elf_symbol_at(object, i);
        if (FOR_SPEED && i >= object->first_global && is_plain_global(object, symbol))
            status = check_global(load, object, i, symbol, symbol->st_shndx);
        else
            status = check(load, object, i, symbol);
    }
    return status;
}
