/* SPDX-License-Identifier: MIT */
/*
 * Phase "resolve": every name of the group that it does not define is bound to the host or to
 * another group, with one look-up per name, or is 0 because all references are weak, or is missing.
 * All missing names are reported.
 */
#include "loader/internal.h"
#include "libmini/str.h"

/* Members of one archive see each other's hidden names, whichever group pulled them. */
const struct record *elfin_find_import(const struct load *load, const struct symbol *symbol)
{
    const elfin_space *space = load->space;
    const struct record *import = NULL;

    if (symbol->archive && !symbol->outside)
        import =
            elfin_index_find(space, symbol->name, symbol->hash, RECORD_PRIVATE, symbol->archive);
    if (!import && !is_hidden(symbol))
        import = elfin_index_find(space, symbol->name, symbol->hash, RECORD_EXPORTED, NULL);
    return import;
}

bool elfin_ask_host(const struct load *load, struct symbol *symbol)
{
    if (!symbol->asked && load->host->resolve && !is_hidden(symbol)) {
        symbol->asked = true;
        symbol->host_found = load->host->resolve(load->host->ctx, symbol->name, &symbol->value);
    }
    return symbol->host_found && !is_hidden(symbol);
}

static void report_missing(struct load *load, const struct symbol *symbol)
{
    bool hidden = is_hidden(symbol);
    elfin_diag *diag = elfin_diag_begin(load, hidden ? ELFIN_ERR_HIDDEN : ELFIN_ERR_UNDEFINED,
                                        ELFIN_PHASE_RESOLVE, symbol->object, "");

    elfin_copy_name(diag->symbol, symbol->name);
    diag->hint = hidden
                     ? "define it in an object of this load, or declare it with default visibility"
                     : "load the module or library that defines it first, or have the host "
                       "export it";
    elfin_diag_emit(load);
}

static void bind(struct load *load, struct symbol *symbol)
{
    const struct record *record = elfin_find_import(load, symbol);

    if (record) {
        symbol->state = SYMBOL_IMPORT;
        symbol->import = record;
        symbol->value = record->address;
        symbol->size = record->size;
    } else if (elfin_ask_host(load, symbol)) {
        symbol->state = SYMBOL_IMPORT;
    } else if (symbol->strong_reference && symbol->used) {
        report_missing(load, symbol);
    } else {
        symbol->state = SYMBOL_ZERO;
        symbol->value = 0;
    }
}

bool elfin_is_external(const struct object *object, uint32_t index, uint64_t *address)
{
    const struct symbol *symbol;
    struct elf_symbol elf;
    uint32_t section;

    if (index >= object->first_global) {
        symbol = object->global[index - object->first_global];
        if (!symbol)
            return false;
        *address = symbol->value;
        if (symbol->state == SYMBOL_IMPORT || symbol->state == SYMBOL_ZERO ||
            symbol->object->block != object->block)
            return true;
        if (symbol->state == SYMBOL_COMMON)
            return false;
        object = symbol->object;
        index = symbol->index;
    }
    elf = elfin_read_symbol(object, index);
    section = elfin_symbol_section(object, &elf, index);
    *address = elf.st_value;
    return section == SECTION_ABS || section == SHN_UNDEF;
}

elfin_status elfin_resolve(struct load *load)
{
    for (struct symbol *symbol = load->first_symbol; symbol; symbol = symbol->next)
        if (symbol->state == SYMBOL_UNDEFINED)
            bind(load, symbol);
    if (load->status != ELFIN_OK)
        return load->status;
    return elfin_edges(load);
}
