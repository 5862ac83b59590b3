/* SPDX-License-Identifier: MIT */
/*
 * Phase "resolve": every name of the group that it does not define is bound to the host or to
 * another group, with one look-up per name, or is 0 because all references are weak, or is missing.
 * All missing names are reported.
 */
#include "loader/features.h"
#include "loader/image.h"
#include "libmini/str.h"

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

static void bind(struct load *load, struct symbol *symbol, item found)
{
    if (found) {
        load->host->publishing->bind(symbol, found);
    } else if (elfin_ask_host(load, symbol)) {
        symbol->state = SYMBOL_IMPORT;
    } else if (symbol->strong_reference && symbol->used) {
        report_missing(load, symbol);
    } else {
        symbol->state = SYMBOL_ZERO;
        symbol->value = 0;
    }
}

/*
 * The undefined names whose home is this object, looked up in batches. What the host may have
 * to be asked for is left to the calling CPU.
 */
struct batch {
    struct symbol *symbols[INDEX_BATCH];
    struct name names[INDEX_BATCH];
    uint32_t count;
};

static elfin_status bind_batch(struct load *load, struct object *object, struct batch *batch)
{
    const struct elfin_publishing *publishing = load->host->publishing;
    item found[INDEX_BATCH] = { 0 };

    if (publishing)
        publishing->find(load, batch->symbols, batch->names, batch->count, found);
    for (uint32_t i = 0; i < batch->count; i++) {
        if (!found[i] && is_worker(load) && load->host->resolve)
            return ELFIN_ERR_BUSY;
        bind(load, batch->symbols[i], found[i]);
        object->knows_tls |= batch->symbols[i]->import_tls;
    }
    batch->count = 0;
    return ELFIN_OK;
}

static elfin_status bind_new(struct load *load, struct object *object)
{
    uint32_t count = object->symbol_count - object->first_global;
    elfin_status status = ELFIN_OK;
    struct batch batch;

    batch.count = 0;
    for (uint32_t i = 0; status == ELFIN_OK && i <= count; i++) {
        struct symbol *symbol = i < count ? object->global[i] : object->finalize;

        if (!symbol || !is_home(symbol, object, i < count ? object->first_global + i : 0) ||
            symbol->state != SYMBOL_UNDEFINED)
            continue;
        batch.symbols[batch.count] = symbol;
        batch.names[batch.count++] = symbol_name(symbol);
        if (batch.count == INDEX_BATCH)
            status = bind_batch(load, object, &batch);
    }
    return status == ELFIN_OK ? bind_batch(load, object, &batch) : status;
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
    status = elfin_each_object(load, bind_new, NULL);
    if (status == ELFIN_OK)
        status = elfin_edges(load);
    for (const struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        if (o->image)
            load->host->images->check(load, o);
    return status == ELFIN_OK ? load->status : status;
}
