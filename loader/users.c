/* SPDX-License-Identifier: MIT */
/*
 * Which module uses which: from symbols that are bound to another module's definition, and from
 * ELFIN_NEEDS. Each edge once. Edges to other groups keep those from being unloaded.
 */
#include "loader/features.h"
#include "loader/program.h"

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

static void users_end(struct load *load, struct object *user)
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

static elfin_status users_collect(struct load *load, struct object *object)
{
    make_lists(load, object);
    if (!object->uses || !object->uses_modules)
        return elfin_fail_memory(load, ELFIN_PHASE_RESOLVE, object);
    object->uses_count = object->uses_modules_count = 0;
    for (uint32_t i = object->first_global; i < object->symbol_count; i++) {
        const struct symbol *symbol = object->global[i - object->first_global];

        if (symbol && object->use[i] & USE_ANY)
            add_symbol(load, object, symbol);
    }
    if (object->handle_symbol)
        add_symbol(load, object, object->finalize);
    if (load->host->records)
        load->host->records->add_needs(load, object);
    return ELFIN_OK;
}

static elfin_status users_begin(struct load *load)
{
    uint64_t cpus = elfin_parallel_cpus(load);

    load->users = elfin_arena_get(&load->work, load->object_count * cpus, sizeof(*load->users));
    return load->users ? ELFIN_OK : elfin_fail_memory(load, ELFIN_PHASE_RESOLVE, load->objects);
}

/* Edges to other groups keep those from being unloaded. */
static void users_count(elfin_group *group, bool add)
{
    for (uint32_t m = 0; m < group->module_count; m++)
        for (uint32_t i = 0; i < group->modules[m].uses_count; i++) {
            elfin_group *used = group->modules[m].uses[i]->group;

            if (used != group)
                used->users += add ? 1 : UINT64_MAX;
        }
}

static bool uses_group(const elfin_module *module, const elfin_group *group)
{
    for (uint32_t i = 0; i < module->uses_count; i++)
        if (module->uses[i]->group == group)
            return true;
    return false;
}

/* Names every module of another group that uses this one; the first goes to the caller too. */
static elfin_status users_report(const elfin_space *space, const elfin_group *group,
                                 elfin_diag *diag,
                                 void (*report)(void *ctx, const elfin_diag *diag),
                                 void *report_ctx)
{
    bool first = true;
    elfin_diag d;

    elfin_diag_clear(&d, DEFECT_IN_USE);
    elfin_copy_name(d.file, record_name(&group->modules[0].self));
    for (const elfin_group *g = space->first; g; g = g->next) {
        for (uint32_t m = 0; g != group && m < g->module_count; m++) {
            if (!uses_group(&g->modules[m], group))
                continue;
            elfin_copy_name(d.other, record_name(&g->modules[m].self));
            if (first && diag)
                *diag = d;
            first = false;
            if (report)
                report(report_ctx, &d);
        }
    }
    return ELFIN_ERR_IN_USE;
}

const struct elfin_users elfin_users = {
    .begin = users_begin,
    .collect = users_collect,
    .end = users_end,
    .count = users_count,
    .report = users_report,
};
