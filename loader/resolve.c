/* SPDX-License-Identifier: MIT */
/*
 * Phase "resolve": every name of the group that it does not define is bound to the host or to
 * another group, with one look-up per name, or is 0 because all references are weak, or is missing.
 * All missing names are reported.
 */
#include "loader/features.h"
#include "loader/image.h"
#include "libmini/str.h"

static struct name symbol_name(const struct symbol *symbol)
{
    return (struct name){ .text = symbol->name, .hash = symbol->hash };
}

/* Members of one archive see each other's hidden names, whichever group pulled them. */
static item find_private(const struct load *load, const struct symbol *symbol)
{
    if (!symbol->archive || symbol->outside)
        return 0;
    return elfin_index_find_except(load->space, symbol_name(symbol), ITEM_PRIVATE, symbol->archive,
                                   load->replaces);
}

item elfin_find_import(const struct load *load, const struct symbol *symbol)
{
    item found = find_private(load, symbol);

    if (found || is_hidden(symbol))
        return found;
    return elfin_index_find_except(load->space, symbol_name(symbol), ITEM_RECORD, NULL,
                                   load->replaces);
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

/* exported: what the space has under that name, or 0. */
static void bind(struct load *load, struct symbol *symbol, item exported)
{
    item found = find_private(load, symbol);

    if (!found && !is_hidden(symbol))
        found = load->replaces ? elfin_find_import(load, symbol) : exported;
    if (found) {
        struct definition definition = elfin_item_definition(found);

        symbol->state = SYMBOL_IMPORT;
        symbol->import = definition.record;
        symbol->import_tls = definition.tls;
        symbol->value = definition.address;
        symbol->size = definition.size;
    } else if (elfin_ask_host(load, symbol)) {
        symbol->state = SYMBOL_IMPORT;
    } else if (symbol->strong_reference && symbol->used) {
        report_missing(load, symbol);
    } else {
        symbol->state = SYMBOL_ZERO;
        symbol->value = 0;
    }
}

/* Looks names up in batches, in the order of the symbols. */
static void bind_all(struct load *load)
{
    struct symbol *symbol = load->first_symbol;

    while (symbol) {
        struct symbol *symbols[INDEX_BATCH];
        struct name names[INDEX_BATCH];
        item exported[INDEX_BATCH];
        uint32_t count = 0;

        for (; symbol && count < INDEX_BATCH; symbol = symbol->next)
            if (symbol->state == SYMBOL_UNDEFINED) {
                symbols[count] = symbol;
                names[count++] = symbol_name(symbol);
            }
        elfin_index_find_exports(load->space, names, count, exported);
        for (uint32_t i = 0; i < count; i++)
            bind(load, symbols[i], exported[i]);
    }
}

/* The host exports addresses only: a size that nobody knows is refused, not taken for 0. */
static void check_sizes(struct load *load, const struct object *object)
{
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        const struct symbol *symbol = object->global[i - object->first_global];
        elfin_diag *diag;

        if (!symbol || !(object->use[i] & USE_SIZE) || symbol->state != SYMBOL_IMPORT ||
            (symbol->import && symbol->size < RECORD_SIZE_MAX))
            continue;
        diag = elfin_diag_begin(load, object, DEFECT_SIZE_UNKNOWN);
        elfin_diag_symbol(diag, object, i);
        elfin_diag_emit(load);
    }
}

elfin_status elfin_resolve(struct load *load)
{
    elfin_status status = elfin_needs(load);

    if (status == ELFIN_OK && load->host->gathering)
        status = load->host->gathering->gather(load);
    if (status != ELFIN_OK)
        return status;
    if (load->host->starting)
        load->host->starting->handles(load);
    bind_all(load);
    for (const struct object *o = load->objects; o; o = o->next)
        check_sizes(load, o);
    for (const struct object *o = load->objects; o; o = o->next)
        if (o->image)
            load->host->images->check(load, o);
    if (load->status != ELFIN_OK)
        return load->status;
    return elfin_edges(load);
}
