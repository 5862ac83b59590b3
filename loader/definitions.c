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

static elfin_status index_definitions(struct patch *patch, struct patched_module *p)
{
    struct arena *work = &patch->load->work;
    uint32_t count = count_of(p->module);
    struct named_definition *list = elfin_arena_get(work, count, sizeof(*list));
    elfin_status status =
        list ? elfin_names_reserve(&p->definitions, work, count) : ELFIN_ERR_MEMORY;

    for (uint32_t i = 0; status == ELFIN_OK && i < count; i++) {
        list[i] = (struct named_definition){ .name = name_at(p->module, i), .position = i };
        if (!elfin_names_enter(&p->definitions, elfin_name(list[i].name), &list[i]))
            status = ELFIN_ERR_LIMIT;
    }
    p->is_indexed = true;
    return status;
}

elfin_status elfin_patch_definition(struct patch *patch, struct elfin_module *module,
                                    struct name name, struct definition *out)
{
    struct patched_module *p = elfin_patched_module(patch, module);
    const struct named_definition *found;

    if (!p || (!p->is_indexed && index_definitions(patch, p) != ELFIN_OK))
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
