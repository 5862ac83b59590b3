/* SPDX-License-Identifier: MIT */
/* elfin_rebind: one import of one module, or of all that have it. */
#include "loader/patch.h"
#include "libmini/str.h"

struct rebind {
    struct load load;
    struct patch patch;
    struct name name;
    const elfin_target *target; /* NULL: as a load would bind it */
    struct definition to;
    bool bare;     /* only an address */
    uint64_t used; /* mark of the groups that the target's owner uses */
    bool found;    /* some module has the import */
};

static elfin_status not_found(struct rebind *r, uint32_t defect)
{
    elfin_copy_name(elfin_diag_begin(&r->load, NULL, defect)->symbol, r->name.text);
    return elfin_diag_emit(&r->load);
}

static elfin_status find_target(struct rebind *r)
{
    const elfin_target *target = r->target;

    if (!target) {
        r->bare = elfin_definition_now(&r->load, r->name, &r->to);
    } else if (!target->module) {
        r->to.address = target->address;
        r->bare = true;
    } else if (!elfin_module_definition(
                   r->load.space, (struct elfin_module *)(uintptr_t)target->module,
                   target->symbol ? elfin_name(target->symbol) : r->name, &r->to)) {
        return not_found(r, DEFECT_REBIND_TARGET);
    }
    if (r->to.owner)
        r->used = elfin_mark_used(r->load.space, r->to.owner->group);
    return ELFIN_OK;
}

/* Groups can be unloaded in some order only if they do not use each other in a circle. */
static elfin_status check_circle(struct rebind *r, const struct elfin_module *module)
{
    const struct elfin_module *owner = r->to.owner;
    elfin_diag *diag;

    if (!owner || owner->group == module->group || module->group->mark != r->used)
        return ELFIN_OK;
    diag = elfin_patch_diag(&r->load, DEFECT_REBIND_CIRCLE, module, r->name.text);
    elfin_copy_name(diag->other, record_name(&owner->self));
    return elfin_diag_emit(&r->load);
}

static elfin_status rebind_module(struct rebind *r, struct elfin_module *module)
{
    struct linkage *linkage = module->linkage;
    struct import *import = linkage ? elfin_import_find(linkage, r->name) : NULL;
    elfin_status status = ELFIN_OK;

    if (!import)
        return ELFIN_OK;
    r->found = true;
    if (check_circle(r, module) != ELFIN_OK)
        return ELFIN_OK; /* reported; so are the others */
    for (; elfin_import_is(linkage, import, r->name); import++) {
        status = elfin_patch_add(&r->patch, module, import, &r->to, r->bare);
        if (status == ELFIN_ERR_MEMORY || status == ELFIN_ERR_HOST)
            return status;
    }
    return ELFIN_OK;
}

static elfin_status rebind_all(struct rebind *r)
{
    const elfin_group *own = r->target && r->to.owner ? r->to.owner->group : NULL;
    elfin_status status = ELFIN_OK;

    for (elfin_group *g = r->load.space->first; g; g = g->next)
        for (uint32_t m = 0; g != own && !g->retired && status == ELFIN_OK && m < g->module_count;
             m++)
            status = rebind_module(r, &g->modules[m]);
    return status;
}

static elfin_status run(struct rebind *r, struct elfin_module *module)
{
    elfin_status status = find_target(r);

    if (status != ELFIN_OK)
        return status;
    if (module && !module->linkage) {
        elfin_patch_diag(&r->load, DEFECT_REBIND_FIXED, module, r->name.text);
        return elfin_diag_emit(&r->load);
    }
    status = module ? rebind_module(r, module) : rebind_all(r);
    if (status == ELFIN_OK && !r->found)
        return not_found(r, DEFECT_REBIND_IMPORT);
    if (status == ELFIN_OK)
        status = r->load.status;
    if (status == ELFIN_OK)
        status = elfin_patch_write(&r->patch);
    if (status == ELFIN_OK)
        elfin_patch_commit(&r->patch);
    return status;
}

static bool are_valid(const elfin_space *space, const elfin_module *module, const char *name,
                      const elfin_target *target, const elfin_change *change)
{
    if (!space || !space->host.reserve || !name || !*name)
        return false;
    if (change && (change->struct_size != sizeof(*change) || change->flags))
        return false;
    if (module && module->group->retired)
        return false;
    return !target || !target->module || !target->module->group->retired;
}

void elfin_rebind_begin(struct load *load, struct patch *patch, elfin_options *options,
                        elfin_space *space, const elfin_change *change, elfin_diag *diag)
{
    static const elfin_options defaults = ELFIN_OPTIONS_INIT;

    space->busy = true;
    *options = defaults;
    if (change) {
        options->report = change->report;
        options->report_ctx = change->ctx;
    }
    *load = (struct load){ .space = space, .host = &space->host, .options = options, .diag = diag };
    elfin_arena_init(&load->work, load->host);
    elfin_patch_begin(patch, load, change);
}

elfin_status elfin_rebind_end(struct load *load, struct patch *patch, elfin_status status)
{
    elfin_patch_end(patch);
    elfin_arena_release(&load->work);
    load->space->busy = false;
    if (status == ELFIN_OK && load->diag)
        elfin_diag_clear(load->diag, DEFECT_NONE);
    return status == ELFIN_OK || status == ELFIN_ERR_ARGUMENT ? status : load->status;
}

elfin_status elfin_rebind(elfin_space *space, elfin_module *module, const char *name,
                          const elfin_target *target, const elfin_change *change, elfin_diag *diag)
{
    elfin_options options;
    struct rebind r;

    if (!are_valid(space, module, name, target, change))
        return elfin_refuse_call(diag, ELFIN_ERR_ARGUMENT);
    if (space->busy)
        return elfin_refuse_call(diag, ELFIN_ERR_BUSY);
    elfin_rebind_begin(&r.load, &r.patch, &options, space, change, diag);
    r.name = elfin_name(name);
    r.target = target;
    r.to = (struct definition){ 0 };
    r.bare = r.found = false;
    r.used = 0;
    return elfin_rebind_end(&r.load, &r.patch, run(&r, module));
}
