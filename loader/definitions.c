/* SPDX-License-Identifier: MIT */
/* What a module defines, by name, exported or not. */
#include "loader/image.h"
#include "loader/patch.h"
#include "libmini/str.h"

static uint32_t count_of(const struct elfin_module *module)
{
    return module->images ? module->images->symbol_count(module) : module->symbol_count;
}

static const char *name_at(const struct elfin_module *module, uint32_t position)
{
    elfin_symbol symbol;

    if (!module->images)
        return record_name(&module->symbols[position]);
    return module->images->symbol(module, position, &symbol) ? symbol.name : "";
}

static struct definition definition_at(struct elfin_module *module, uint32_t position)
{
    elfin_symbol symbol;

    if (!module->images)
        return elfin_item_definition(make_item(&module->symbols[position], ITEM_RECORD));
    if (!module->images->symbol(module, position, &symbol))
        return (struct definition){ 0 };
    return (struct definition){ .owner = module,
                                .address = symbol.address,
                                .size = symbol.size,
                                .own = position + 1,
                                .tls = symbol.tls };
}

/* What is exported is found at once. */
bool elfin_module_definition(const elfin_space *space, struct elfin_module *module,
                             struct name name, struct definition *out)
{
    item found = elfin_index_find(space, name, ITEM_RECORD, NULL);

    if (found) {
        *out = elfin_item_definition(found);
        if (out->owner == module)
            return true;
    }
    for (uint32_t i = 0; i < count_of(module); i++)
        if (mini_str_equal(name_at(module, i), name.text)) {
            *out = definition_at(module, i);
            return true;
        }
    return false;
}

/*
 * Bytes of names that are hashed, at most. Those that have records were counted when these were
 * made; of an instance nobody has read them, and hostile ones may overlap.
 */
static uint64_t name_budget(const struct elfin_module *module)
{
    return module->images ? 4 * module->image->view.blob.size : UINT64_MAX;
}

static elfin_status index_definitions(struct patch *patch, struct patched_module *p)
{
    struct arena *work = &patch->load->work;
    uint32_t count = count_of(p->module);
    struct named_definition *list = elfin_arena_get(work, count, sizeof(*list));
    elfin_status status = list ? elfin_names_reserve(&p->definitions, work, count) : work->status;
    uint64_t left = name_budget(p->module);

    for (uint32_t i = 0; status == ELFIN_OK && i < count; i++) {
        struct name name = elfin_name(name_at(p->module, i));

        KNOWN(list);
        list[i] = (struct named_definition){ .name = name.text, .position = i };
        if (name.length > left || !elfin_names_enter(&p->definitions, name, &list[i]))
            status = ELFIN_ERR_LIMIT;
        left -= name.length;
    }
    p->is_indexed = true;
    return status;
}

static elfin_status refuse_names(struct patch *patch, const struct elfin_module *module)
{
    uint32_t defect =
        defect_number(DEFECT_SYMBOL_HASH) | defect_of(ELFIN_ERR_LIMIT, ELFIN_PHASE_REBIND);

    elfin_patch_diag(patch->load, defect, module, "");
    return elfin_diag_emit(patch->load);
}

elfin_status elfin_patch_definition(struct patch *patch, struct elfin_module *module,
                                    struct name name, struct definition *out)
{
    struct patched_module *p = elfin_patched_module(patch, module);
    elfin_status status = p ? ELFIN_OK : ELFIN_ERR_MEMORY;
    const struct named_definition *found;

    if (p && !p->is_indexed)
        status = index_definitions(patch, p);
    if (status == ELFIN_ERR_LIMIT)
        return refuse_names(patch, module);
    if (status != ELFIN_OK)
        return elfin_fail_memory(patch->load, ELFIN_PHASE_REBIND, NULL);
    found = elfin_names_find(&p->definitions, name);
    if (!found)
        return ELFIN_ERR_NOT_FOUND;
    *out = definition_at(module, found->position);
    return ELFIN_OK;
}

const char *elfin_binding_name(const struct binding *bound)
{
    return bound->record ? record_name(bound->record) : name_at(bound->owner, bound->own - 1);
}

bool elfin_definition_now(const struct load *load, struct name name, struct definition *out)
{
    item found = elfin_index_find_except(load->space, name, ITEM_RECORD, NULL, load->replaces);

    *out = (struct definition){ 0 };
    if (found)
        *out = elfin_item_definition(found);
    else if (load->host->resolve && !load->host->resolve(load->host->ctx, name.text, &out->address))
        out->address = 0;
    return !found;
}
