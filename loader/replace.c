/* SPDX-License-Identifier: MIT */
/*
 * elfin_replace and elfin_move: an ordinary load that does not see the old group's names, with two
 * more steps. When the new names are published, behind the old ones, everything that users need is
 * found and checked, before any code of the new group runs. When it has been initialised, state is
 * handed over, the users are patched, and the new names and edges take the old ones' places.
 */
#include "loader/publish.h"
#include "loader/replace.h"

static struct name import_name(const struct import *import)
{
    return (struct name){ .text = import->name, .hash = import->hash };
}

static struct replacement *of_load(struct load *load)
{
    return (struct replacement *)(void *)load;
}

struct elfin_module *elfin_successor(const struct replacement *r, const struct elfin_module *old)
{
    const struct object *object =
        elfin_names_find(&r->load.modules, elfin_name(record_name(&old->self)));

    return object ? object->module : NULL;
}

/* The record of the definition that the new group's symbol is bound to; NULL: it has none. */
static const struct record *record_of(const struct symbol *symbol)
{
    const struct object *object = symbol->object;
    uint32_t low = 0, high = object->own_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (object->own[middle] < symbol->index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < object->own_count && object->own[low] == symbol->index
               ? &object->module->symbols[low]
               : NULL;
}

/* To whom the definition is shown that the import is bound to: 0, only those who name its module.
 */
static uint32_t kinds_of(const struct import *import)
{
    const struct record *record = import->bound.record;

    return record ? record->flags & (RECORD_EXPORTED | RECORD_PRIVATE) : 0;
}

/* What the new group shows of that name to whom the old record was shown. */
static const struct record *find_new(const struct replacement *r, const struct import *import)
{
    uint32_t kinds = kinds_of(import);
    const struct symbol *symbol = elfin_find_symbol(&r->load, import_name(import));
    const struct record *record = NULL;

    if (symbol && symbol->state >= SYMBOL_WEAK && symbol->state <= SYMBOL_STRONG)
        record = record_of(symbol);
    return record && record->flags & kinds ? record : NULL;
}

static bool uses_group(const struct elfin_module *module, const elfin_group *group)
{
    for (uint32_t i = 0; i < module->uses_count; i++)
        if (module->uses[i]->group == group)
            return true;
    return false;
}

/* The new definition of what a user imports from the old group; *bare: only an address, or 0. */
static elfin_status new_definition(struct replacement *r, const struct import *import,
                                   struct definition *out, bool *bare)
{
    const struct record *record = find_new(r, import);
    elfin_status status = ELFIN_ERR_NOT_FOUND;

    *bare = false;
    if (record) {
        *out = elfin_item_definition(make_item(record, ITEM_RECORD));
        return ELFIN_OK;
    }
    if (!kinds_of(import)) { /* see elfin_target */
        struct elfin_module *module = elfin_successor(r, import->bound.owner);

        if (module)
            status = elfin_patch_definition(&r->patch, module,
                                            elfin_name(elfin_binding_name(&import->bound)), out);
    }
    if (status != ELFIN_ERR_NOT_FOUND)
        return status;
    *bare = elfin_definition_now(&r->load, import_name(import), out);
    return ELFIN_OK;
}

static elfin_status redirect_imports(struct replacement *r, struct elfin_module *user)
{
    struct linkage *linkage = user->linkage;
    elfin_status status;

    for (uint32_t i = 0; i < linkage->import_count; i++) {
        struct import *import = &linkage->imports[i];
        struct definition to;
        bool bare;

        if (!import->bound.owner || import->bound.owner->group != r->old)
            continue;
        status = new_definition(r, import, &to, &bare);
        if (status == ELFIN_OK)
            status = elfin_patch_add(&r->patch, user, import, &to, bare);
        if (status == ELFIN_ERR_MEMORY || status == ELFIN_ERR_HOST || status == ELFIN_ERR_LIMIT)
            return status;
    }
    return ELFIN_OK;
}

/* ELFIN_NEEDS. */
static void check_needs(struct replacement *r, const struct elfin_module *user)
{
    for (uint32_t i = 0; i < user->linkage->fixed_uses; i++) {
        const struct elfin_module *used = user->uses[i];
        elfin_diag *diag;

        if (used->group != r->old || elfin_successor(r, used))
            continue;
        diag = elfin_patch_diag(&r->load, DEFECT_REPLACE_NEED, user, "");
        elfin_copy_name(diag->other, record_name(&used->self));
        elfin_diag_emit(&r->load);
    }
}

static elfin_status redirect(struct replacement *r, struct elfin_module *user, uint64_t used)
{
    elfin_diag *diag;

    if (!user->linkage) {
        diag = elfin_patch_diag(&r->load, DEFECT_REPLACE_FIXED, user, "");
    } else if (user->group->mark == used) {
        diag = elfin_patch_diag(&r->load, DEFECT_REPLACE_CIRCLE, user, "");
    } else {
        check_needs(r, user);
        return redirect_imports(r, user);
    }
    elfin_copy_name(diag->other, record_name(&r->old->modules[0].self));
    elfin_diag_emit(&r->load);
    return ELFIN_OK; /* reported; so are the others */
}

/* The modules of a move are those of the group. */
static elfin_status check_same(struct replacement *r)
{
    bool same = r->load.group->module_count == r->old->module_count;

    for (uint32_t i = 0; same && i < r->old->module_count; i++)
        same = elfin_successor(r, &r->old->modules[i]) != NULL;
    if (same)
        return ELFIN_OK;
    elfin_patch_diag(&r->load, DEFECT_MOVE_OTHER, &r->old->modules[0], "");
    return elfin_diag_emit(&r->load);
}

elfin_status elfin_replace_published(struct load *load)
{
    struct replacement *r = of_load(load);
    elfin_status status = r->move ? check_same(r) : ELFIN_OK;
    uint64_t used = elfin_mark_used(load->space, load->group);

    if (status == ELFIN_OK)
        status = elfin_state_check(r);
    for (elfin_group *g = load->space->first; status == ELFIN_OK && g; g = g->next)
        for (uint32_t m = 0;
             status == ELFIN_OK && !g->retired && g != r->old && m < g->module_count; m++)
            if (uses_group(&g->modules[m], r->old))
                status = redirect(r, &g->modules[m], used);
    if (status == ELFIN_OK && load->status == ELFIN_OK)
        status = elfin_patch_check_circles(&r->patch);
    return status == ELFIN_OK ? load->status : status;
}

/* Needs that modules of the old name have met: they are met by the new one. */
static void move_needs(const struct replacement *r, struct elfin_module *user)
{
    for (uint32_t i = 0; i < user->linkage->fixed_uses; i++) {
        struct elfin_module *next;

        if (user->uses[i]->group != r->old)
            continue;
        next = elfin_successor(r, user->uses[i]);
        r->old->users--;
        next->group->users++;
        user->uses[i] = next;
    }
}

static void move_edges(const struct replacement *r)
{
    for (elfin_group *g = r->load.space->first; g; g = g->next)
        for (uint32_t m = 0; !g->retired && g != r->old && m < g->module_count; m++)
            if (g->modules[m].linkage)
                move_needs(r, &g->modules[m]);
}

elfin_status elfin_replace_finished(struct load *load)
{
    struct replacement *r = of_load(load);
    elfin_status status = elfin_state_hand_over(r);

    if (status == ELFIN_OK)
        status = elfin_patch_write(&r->patch);
    if (status != ELFIN_OK)
        return status;
    move_edges(r);
    elfin_state_commit(r);
    elfin_patch_commit(&r->patch);
    elfin_publish_instead(load);
    r->old->retired = true;
    return ELFIN_OK;
}

void elfin_replace_ended(struct load *load)
{
    elfin_patch_end(&of_load(load)->patch);
}

static elfin_status replace(elfin_space *space, elfin_group *group, const elfin_input *inputs,
                            size_t count, const elfin_options *options, const elfin_change *change,
                            bool move, elfin_group **out, elfin_diag *diag)
{
    static const struct load_hooks hooks = { .published = elfin_replace_published,
                                             .finished = elfin_replace_finished,
                                             .replaced = elfin_find_replaced,
                                             .ended = elfin_replace_ended };
    elfin_options own = ELFIN_OPTIONS_INIT;
    struct replacement r = { .change = change, .old = group, .move = move };

    if (!space || !group || group->retired ||
        (change && (change->struct_size != sizeof(*change) ||
                    change->flags & ~(uint32_t)ELFIN_CHANGE_FRESH || (move && change->flags))))
        return elfin_refuse_call(diag, ELFIN_ERR_ARGUMENT);
    if (options)
        own = *options;
    if (move && !group->ran)
        own.flags |= ELFIN_LOAD_NO_INIT;
    r.load.hooks = &hooks;
    r.load.replaces = group;
    r.load.moves = move;
    elfin_patch_begin(&r.patch, &r.load, change);
    return elfin_load_run(&r.load, space, inputs, count, &own, out, diag);
}

elfin_status elfin_replace(elfin_space *space, elfin_group *group, const elfin_input *inputs,
                           size_t count, const elfin_options *options, const elfin_change *change,
                           elfin_group **out, elfin_diag *diag)
{
    return replace(space, group, inputs, count, options, change, false, out, diag);
}

elfin_status elfin_move(elfin_space *space, elfin_group *group, const elfin_input *inputs,
                        size_t count, const elfin_options *options, const elfin_change *change,
                        elfin_group **out, elfin_diag *diag)
{
    return replace(space, group, inputs, count, options, change, true, out, diag);
}

elfin_status elfin_retire(elfin_space *space, elfin_group *group, elfin_diag *diag)
{
    if (!space || !group || !group->retired)
        return elfin_refuse_call(diag, ELFIN_ERR_ARGUMENT);
    return elfin_unload(space, group, diag, NULL, NULL);
}
