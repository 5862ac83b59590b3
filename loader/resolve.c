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
    static const uint32_t defects[2][2] = { { DEFECT_UNDEFINED, DEFECT_UNDEFINED_FINALIZE },
                                            { DEFECT_HIDDEN, DEFECT_HIDDEN_FINALIZE } };
    uint32_t defect = defects[is_hidden(symbol)][symbol->finalizes];
    elfin_diag *diag = elfin_diag_begin(load, symbol->object, defect);

    elfin_copy_name(diag->symbol, symbol->name);
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

/* The host exports addresses only: a size that nobody knows is refused, not taken for 0. */
static void check_sizes(struct load *load, const struct object *object)
{
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        const struct symbol *symbol = object->global[i - object->first_global];
        elfin_diag *diag;

        if (!symbol || !(object->use[i] & USE_SIZE) || symbol->state != SYMBOL_IMPORT ||
            (symbol->import && symbol->import->owner))
            continue;
        diag = elfin_diag_begin(load, object, DEFECT_SIZE_UNKNOWN);
        elfin_diag_symbol(diag, object, i);
        elfin_diag_emit(load);
    }
}

/*
 * Who mentions __dso_handle without a definition in the group gets one of its own, like
 * _GLOBAL_OFFSET_TABLE_, and what it gives to __cxa_atexit will be undone by __cxa_finalize.
 */
void elfin_give_handles(struct load *load)
{
    static const char name[] = "__dso_handle";
    struct symbol *symbol = elfin_names_find(&load->symbols, name, elfin_hash(name));
    bool own = !symbol || symbol->state != SYMBOL_UNDEFINED;

    for (struct object *o = load->objects; o; o = o->next) {
        if (o->handle_symbol && (own || !o->use[o->handle_symbol])) {
            o->handle_symbol = 0;
        } else if (o->handle_symbol) {
            o->global[o->handle_symbol - o->first_global] = NULL;
            o->finalize->used = o->finalize->finalizes = true;
        }
    }
    if (!own)
        symbol->state = SYMBOL_ZERO;
}

elfin_status elfin_resolve(struct load *load)
{
    elfin_status status = elfin_needs(load);

    if (status == ELFIN_OK)
        status = elfin_gather(load);
    if (status != ELFIN_OK)
        return status;
    elfin_give_handles(load);
    for (struct symbol *symbol = load->first_symbol; symbol; symbol = symbol->next)
        if (symbol->state == SYMBOL_UNDEFINED)
            bind(load, symbol);
    for (const struct object *o = load->objects; o; o = o->next)
        check_sizes(load, o);
    if (load->status != ELFIN_OK)
        return load->status;
    return elfin_edges(load);
}
