/* SPDX-License-Identifier: MIT */
/*
 * Which module uses which: from symbols that are bound to another module's definition, and from
 * ELFIN_NEEDS. Each edge once. Also makes module names unique.
 */
#include "loader/features.h"
#include "loader/program.h"
#include "libmini/str.h"

void elfin_add_used(struct load *load, struct object *user, struct object *used)
{
    if (used == user || load->users[used->number] == user->number + 1)
        return;
    load->users[used->number] = user->number + 1;
    user->uses[user->uses_count++] = used;
}

/* Others may be looking at that module too: what is there several times is taken out later. */
void elfin_add_used_module(struct object *user, struct elfin_module *used)
{
    uint32_t count = user->uses_modules_count;

    if (!count || user->uses_modules[count - 1] != used)
        user->uses_modules[user->uses_modules_count++] = used;
}

static void take_out_repeated(struct load *load, struct object *user)
{
    uint32_t count = user->uses_modules_count;

    load->space->mark++;
    user->uses_modules_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct elfin_module *used = user->uses_modules[i];

        if (used->mark == load->space->mark)
            continue;
        used->mark = load->space->mark;
        user->uses_modules[user->uses_modules_count++] = used;
    }
}

static void add_symbol(struct load *load, struct object *user, const struct symbol *symbol)
{
    if (symbol->state == SYMBOL_IMPORT && symbol->import)
        elfin_add_used_module(user, record_module(symbol->import));
    else if (symbol->state >= SYMBOL_WEAK && symbol->state <= SYMBOL_STRONG)
        elfin_add_used(load, user, symbol->object);
}

item elfin_find_module_item(const struct load *load, struct name name)
{
    return elfin_index_find_except(load->space, name, ITEM_MODULE, NULL, load->replaces);
}

bool elfin_is_taken(const struct load *load, struct name name)
{
    return elfin_names_find(&load->modules, name) || elfin_find_module_item(load, name);
}

/* The host exports addresses only: a size that nobody knows is refused, not taken for 0. */
static void check_size(struct load *load, const struct object *object, uint32_t index)
{
    const struct symbol *symbol = object->global[index - object->first_global];
    elfin_diag *diag;

    if (symbol->state != SYMBOL_IMPORT || (symbol->import && symbol->size < RECORD_SIZE_MAX))
        return;
    diag = elfin_diag_begin(load, object, DEFECT_SIZE_UNKNOWN);
    elfin_diag_symbol(diag, object, index);
    elfin_diag_emit(load);
}

/* Room for modules of the group, each once, and for those of other groups, some several times. */
static void make_lists(struct load *load, struct object *object)
{
    uint64_t most = object->handle_symbol != 0, modules;

    if (object->needs)
        most += object->sections[object->needs].size;
    if (object->program)
        most += object->program->need_count;
    modules = most;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++, most++) {
        const struct symbol *symbol = object->global[i - object->first_global];

        modules += symbol && symbol->import;
    }
    most = most < load->object_count ? most : load->object_count;
    object->uses = elfin_arena_take(&load->work, most, sizeof(*object->uses));
    object->uses_modules = elfin_arena_take(&load->work, modules, sizeof(*object->uses_modules));
}

static elfin_status object_edges(struct load *load, struct object *object)
{
    make_lists(load, object);
    if (!object->uses || !object->uses_modules)
        return elfin_fail_memory(load, ELFIN_PHASE_RESOLVE, object);
    object->uses_count = object->uses_modules_count = 0;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        const struct symbol *symbol = object->global[i - object->first_global];

        if (symbol && object->use[i] & USE_SIZE)
            check_size(load, object, i);
        if (symbol && object->use[i] & USE_ANY)
            add_symbol(load, object, symbol);
    }
    if (object->handle_symbol)
        add_symbol(load, object, object->finalize);
    if (load->host->records)
        load->host->records->add_needs(load, object);
    return ELFIN_OK;
}

static elfin_status enter_name(struct load *load, struct object *object)
{
    struct name name = elfin_name(object->name);
    elfin_status status;

    if (object->archive && elfin_is_taken(load, name)) {
        status = load->host->archives->rename(load, object);
        if (status != ELFIN_OK)
            return status;
        name = elfin_name(object->name);
    }
    if (elfin_is_taken(load, name)) {
        elfin_diag *diag = elfin_diag_begin(load, object, DEFECT_MODULE_NAME);

        elfin_copy_name(diag->other, object->name);
        return elfin_diag_emit(load);
    }
    if (!elfin_names_enter(&load->modules, name, object))
        return elfin_fail(load, object, defect_as(DEFECT_MODULE_NAMES_MEMORY, ELFIN_ERR_LIMIT));
    return ELFIN_OK;
}

elfin_status elfin_needs(struct load *load)
{
    elfin_status status = elfin_names_reserve(&load->modules, &load->work, load->object_count);

    if (status != ELFIN_OK)
        return elfin_fail(load, load->objects, defect_as(DEFECT_MODULE_NAMES_MEMORY, status));
    for (struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        status = enter_name(load, o);
    for (struct object *o = load->objects; load->host->records && status == ELFIN_OK && o;
         o = o->next)
        load->host->records->check_needs(load, o);
    return status;
}

static void take_users(struct load *load, uint32_t cpu)
{
    load->users += cpu * (uint64_t)load->object_count;
}

elfin_status elfin_edges(struct load *load)
{
    uint64_t cpus = elfin_parallel_cpus(load);
    elfin_status status;

    load->users = elfin_arena_get(&load->work, load->object_count * cpus, sizeof(*load->users));
    if (!load->users)
        return elfin_fail_memory(load, ELFIN_PHASE_RESOLVE, load->objects);
    status = elfin_each_object(load, object_edges, take_users);
    for (struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        if (o->uses_modules_count)
            take_out_repeated(load, o);
    return status;
}
