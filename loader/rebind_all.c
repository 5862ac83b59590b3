/* SPDX-License-Identifier: MIT */
/* elfin_rebind_all: any number of imports of a module, or of all, in one transaction. */
#include "loader/patch.h"

/* ---- No circles ------------------------------------------------------------------------------ */

/* The module gets to use a group that it need not have used. */
static bool has_new_owner(const struct patch *patch, const struct patched_module *p,
                          const struct patch_change *c)
{
    const struct elfin_module *owner = c->to.owner;

    return owner && owner != c->import->bound.owner && owner->group != p->module->group &&
           owner->group != patch->load->group;
}

static bool has_new_owners(const struct patch *patch)
{
    for (const struct patched_module *p = patch->first; p; p = p->next)
        for (const struct patch_change *c = p->first; c; c = c->next)
            if (has_new_owner(patch, p, c))
                return true;
    return false;
}

/* Edges as they will be; done once more, as they were. */
static void exchange_edges(struct patch *patch)
{
    for (struct patched_module *p = patch->first; p; p = p->next) {
        if (!p->first)
            continue;
        elfin_linkage_drop_uses(p->module);
        for (struct patch_change *c = p->first; c; c = c->next) {
            struct binding bound = c->import->bound;

            c->import->bound = c->to;
            c->to = bound;
        }
        elfin_linkage_add_uses(patch->load->space, p->module);
        elfin_linkage_count_uses(p->module);
    }
}

/* Its edge is gone; when all are, nobody who is left uses the group. */
static void pass(elfin_group **list, elfin_group *group)
{
    if (--group->waits)
        return;
    group->next_reached = *list;
    *list = group;
}

/* Takes away groups that nobody uses until none is left, or only circles and what they use. */
static bool is_circular(elfin_space *space)
{
    elfin_group *list = NULL;
    uint64_t left = 0;

    for (elfin_group *g = space->first; g; g = g->next) {
        g->waits = g->users + 1;
        left++;
    }
    for (elfin_group *g = space->first; g; g = g->next)
        pass(&list, g);
    for (; list; left--) {
        const elfin_group *group = list;

        list = list->next_reached;
        for (uint32_t m = 0; m < group->module_count; m++)
            for (uint32_t i = 0; i < group->modules[m].uses_count; i++)
                if (group->modules[m].uses[i]->group != group)
                    pass(&list, group->modules[m].uses[i]->group);
    }
    return left;
}

/* The first change that closes a circle. */
static elfin_status report_circle(struct patch *patch)
{
    for (const struct patched_module *p = patch->first; p; p = p->next)
        for (const struct patch_change *c = p->first; c; c = c->next) {
            const struct elfin_module *owner = c->to.owner;
            elfin_diag *diag;
            uint64_t used;

            if (!has_new_owner(patch, p, c))
                continue;
            exchange_edges(patch);
            used = elfin_mark_used(patch->load->space, owner->group);
            exchange_edges(patch);
            if (p->module->group->mark != used)
                continue;
            diag = elfin_patch_diag(patch->load, DEFECT_REBIND_CIRCLE, p->module, c->import->name);
            elfin_copy_name(diag->other, record_name(&owner->self));
            return elfin_diag_emit(patch->load);
        }
    return ELFIN_OK;
}

elfin_status elfin_patch_check_circles(struct patch *patch)
{
    bool circular;

    if (!has_new_owners(patch))
        return ELFIN_OK;
    exchange_edges(patch);
    circular = is_circular(patch->load->space);
    exchange_edges(patch);
    return circular ? report_circle(patch) : ELFIN_OK;
}

/* ---- The call -------------------------------------------------------------------------------- */

struct rebind_all {
    struct load load;
    struct patch patch;
    elfin_choose *choose;
    void *ctx;
};

static elfin_status not_found(struct rebind_all *r, const char *name)
{
    elfin_copy_name(elfin_diag_begin(&r->load, NULL, DEFECT_REBIND_TARGET)->symbol, name);
    return elfin_diag_emit(&r->load);
}

static elfin_status find_target(struct rebind_all *r, struct name name, const elfin_target *target,
                                struct definition *to, bool *bare)
{
    struct elfin_module *module = (struct elfin_module *)(uintptr_t)target->module;
    elfin_status status;

    *bare = !module;
    *to = (struct definition){ .address = target->address };
    if (!module)
        return ELFIN_OK;
    if (module->group->retired)
        return ELFIN_ERR_ARGUMENT;
    if (target->symbol)
        name = elfin_name(target->symbol);
    status = elfin_patch_definition(&r->patch, module, name, to);
    return status == ELFIN_ERR_NOT_FOUND ? not_found(r, name.text) : status;
}

static bool is_bound_so(const struct import *import, const struct definition *to)
{
    return import->bound.value == to->address && import->bound.record == to->record &&
           import->bound.owner == to->owner && import->bound.own == to->own;
}

static elfin_status rebind_import(struct rebind_all *r, struct elfin_module *module,
                                  struct import *import)
{
    struct name name = { .text = import->name, .hash = import->hash };
    elfin_import told = {
        .module = module,
        .name = import->name,
        .owner = import->bound.owner,
        .address = import->bound.value,
        .weak = import->flags & IMPORT_WEAK,
        .tls = import->flags & IMPORT_TLS,
    };
    elfin_choice choice = ELFIN_CHOICE_LOAD;
    elfin_target target = { 0 };
    elfin_status status = ELFIN_OK;
    struct definition to;
    bool bare;

    if (r->choose)
        choice = r->choose(r->ctx, &told, &target);
    if (choice == ELFIN_CHOICE_KEEP)
        return ELFIN_OK;
    if (choice == ELFIN_CHOICE_LOAD)
        bare = elfin_definition_now(&r->load, name, &to);
    else
        status = find_target(r, name, &target, &to, &bare);
    if (status != ELFIN_OK || is_bound_so(import, &to))
        return status;
    return elfin_patch_add(&r->patch, module, import, &to, bare);
}

/* Problems of one import do not keep those of others from being reported. */
static bool stops(elfin_status status)
{
    return status == ELFIN_ERR_MEMORY || status == ELFIN_ERR_HOST || status == ELFIN_ERR_LIMIT ||
           status == ELFIN_ERR_ARGUMENT;
}

static elfin_status rebind_module(struct rebind_all *r, struct elfin_module *module)
{
    struct linkage *linkage = module->linkage;
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; linkage && !stops(status) && i < linkage->import_count; i++)
        status = rebind_import(r, module, &linkage->imports[i]);
    return stops(status) ? status : ELFIN_OK;
}

static elfin_status rebind_modules(struct rebind_all *r, struct elfin_module *module)
{
    elfin_status status = ELFIN_OK;

    if (module && !module->linkage) {
        elfin_patch_diag(&r->load, DEFECT_REBIND_FIXED, module, "");
        return elfin_diag_emit(&r->load);
    }
    if (module)
        return rebind_module(r, module);
    for (elfin_group *g = r->load.space->first; g; g = g->next)
        for (uint32_t m = 0; !g->retired && status == ELFIN_OK && m < g->module_count; m++)
            status = rebind_module(r, &g->modules[m]);
    return status;
}

static elfin_status run(struct rebind_all *r, struct elfin_module *module)
{
    elfin_status status = rebind_modules(r, module);

    if (status == ELFIN_OK)
        status = r->load.status;
    if (status == ELFIN_OK)
        status = elfin_patch_check_circles(&r->patch);
    if (status == ELFIN_OK)
        status = elfin_patch_write(&r->patch);
    if (status == ELFIN_OK)
        elfin_patch_commit(&r->patch);
    return status;
}

elfin_status elfin_rebind_all(elfin_space *space, elfin_module *module, elfin_choose *choose,
                              void *ctx, const elfin_change *change, elfin_diag *diag)
{
    struct rebind_all r;
    elfin_options options;
    elfin_status status;

    if (!space || !space->host.reserve || (module && module->group->retired) ||
        (change && (change->struct_size != sizeof(*change) || change->flags)))
        return elfin_refuse_call(diag, ELFIN_ERR_ARGUMENT);
    if (space->busy)
        return elfin_refuse_call(diag, ELFIN_ERR_BUSY);
    elfin_rebind_begin(&r.load, &r.patch, &options, space, change, diag);
    r.choose = choose;
    r.ctx = ctx;
    status = elfin_rebind_end(&r.load, &r.patch, run(&r, module));
    return status == ELFIN_ERR_ARGUMENT ? elfin_refuse_call(diag, status) : status;
}
