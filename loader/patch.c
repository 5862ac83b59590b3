/* SPDX-License-Identifier: MIT */
/* Putting a patch together: what may be bound to what, which fields reach, which pages they are on.
 */
#include "loader/patch.h"
#include "libmini/str.h"

enum {
    SPARE = 64 /* changes that get working memory at once */
};

static const elfin_change no_options = ELFIN_CHANGE_INIT;

void elfin_patch_begin(struct patch *patch, struct load *load, const elfin_change *options)
{
    *patch = (struct patch){ .load = load, .options = options ? options : &no_options };
    patch->end = &patch->first;
}

void elfin_patch_end(struct patch *patch)
{
    for (struct patched_module *p = patch->first; p; p = p->next)
        p->module->patched = NULL;
}

elfin_diag *elfin_patch_diag(struct load *load, uint32_t defect, const struct elfin_module *module,
                             const char *symbol)
{
    elfin_diag *diag = elfin_diag_begin(load, NULL, defect);

    elfin_copy_name(diag->file, record_name(&module->self));
    elfin_copy_name(diag->symbol, symbol);
    return diag;
}

static elfin_status refuse(struct patch *patch, uint32_t defect, const struct elfin_module *module,
                           const struct import *import)
{
    elfin_patch_diag(patch->load, defect, module, import->name);
    return elfin_diag_emit(patch->load);
}

/* The rules of phase "resolve". A bare address may be either kind of value. */
static elfin_status check_kind(struct patch *patch, const struct elfin_module *module,
                               const struct import *import, const struct definition *to, bool bare)
{
    if (!bare && !to->tls && import->flags & IMPORT_TLS)
        return refuse(patch, DEFECT_REBIND_NOT_TLS, module, import);
    if (!bare && to->tls && import->flags & IMPORT_ADDRESS)
        return refuse(patch, DEFECT_REBIND_TLS, module, import);
    if (bare && !to->address && !(import->flags & IMPORT_WEAK))
        return refuse(patch, DEFECT_REBIND_UNDEFINED, module, import);
    if (import->flags & IMPORT_SIZE && !(!bare && to->owner && to->size < RECORD_SIZE_MAX))
        return refuse(patch, DEFECT_REBIND_SIZE, module, import);
    return ELFIN_OK;
}

static elfin_status out_of_range(struct patch *patch, const struct elfin_module *module,
                                 const struct import *import, const struct import_run *run,
                                 const struct arch_failure *failure)
{
    const struct elfin_block *block = &module->group->blocks[module->linkage->block];
    elfin_diag *diag = elfin_patch_diag(patch->load, failure->defect, module, import->name);

    diag->place = block->region.run + module->linkage->fields[run->first + failure->record];
    diag->have |= ELFIN_DIAG_PLACE;
    elfin_diag_value(diag, failure->value);
    elfin_diag_limits(diag, failure->low, failure->high);
    if (failure->is_signed)
        diag->have |= ELFIN_DIAG_SIGNED;
    diag->hint = failure->hint;
    return elfin_diag_emit(patch->load);
}

static void widen(const struct patch *patch, struct patched_module *p, uint8_t part, uint64_t low,
                  uint64_t high)
{
    const struct elfin_block *block = &p->module->group->blocks[p->module->linkage->block];
    struct patch_window *window = &p->window[part];
    uint64_t page = patch->load->host->page_size;

    if (is_writable(part) || is_freed(block, part))
        return;
    low &= ~(page - 1);
    high = round_up(high, page);
    if (!(p->windows & 1u << part)) {
        p->windows |= 1u << part;
        window->low = low;
        window->high = high;
        return;
    }
    if (window->low > low)
        window->low = low;
    if (window->high < high)
        window->high = high;
}

static void note_windows(const struct patch *patch, struct patched_module *p,
                         const struct patch_change *change)
{
    const struct linkage *linkage = p->module->linkage;
    uint64_t base = p->module->group->blocks[linkage->block].region.run, at;
    const struct import *import = change->import;

    for (uint32_t i = 0; i < import->run_count; i++) {
        const struct import_run *run = &linkage->runs[import->first_run + i];
        const uint32_t *fields = linkage->fields + run->first;
        uint32_t before, after;

        elfin_arch_follow_extent(run->kind, &before, &after);
        widen(patch, p, run->part, fields[0] - before, (uint64_t)fields[run->count - 1] + after);
    }
    if (import->slot) {
        at = linkage->got + ARCH_SLOT_SIZE * (uint64_t)(import->slot - 1) - base;
        widen(patch, p, ELFIN_PART_RELRO, at, at + ARCH_SLOT_SIZE);
    }
    if (import->stub && (change->used | import->flags) & IMPORT_STUB_USED) {
        at = linkage->plt + ARCH_STUB_SIZE * (uint64_t)(import->stub - 1) - base;
        widen(patch, p, ELFIN_PART_TEXT, at, at + ARCH_STUB_SIZE);
    }
}

/* A definition that belongs to a module keeps that in use. */
static struct binding bound_of(const struct definition *definition)
{
    return (struct binding){ .record = definition->record,
                             .owner = definition->owner,
                             .value = definition->address,
                             .own = definition->own };
}

static struct patch_change *new_change(struct patch *patch)
{
    if (!patch->first_change.import)
        return &patch->first_change;
    if (!patch->spare_count) {
        patch->spare = elfin_arena_get(&patch->load->work, SPARE, sizeof(*patch->spare));
        if (!patch->spare)
            return NULL;
        patch->spare_count = SPARE;
    }
    patch->spare_count--;
    return patch->spare++;
}

struct patched_module *elfin_patched_module(struct patch *patch, struct elfin_module *module)
{
    struct patched_module *p = module->patched;

    if (p)
        return p;
    p = patch->first ? elfin_arena_get(&patch->load->work, 1, sizeof(*p)) : &patch->first_module;
    if (!p)
        return NULL;
    p->module = module;
    p->end = &p->first;
    module->patched = p;
    *patch->end = p;
    patch->end = &p->next;
    return p;
}

elfin_status elfin_patch_add(struct patch *patch, struct elfin_module *module,
                             struct import *import, const struct definition *definition, bool bare)
{
    elfin_status status = check_kind(patch, module, import, definition, bare);
    const struct import_run *failed;
    struct arch_failure failure;
    struct patch_change *change;
    struct patched_module *p;
    struct binding bound = bound_of(definition);
    struct arch_binding to;
    uint32_t used;

    if (status != ELFIN_OK)
        return status;
    to = elfin_import_binding(module, import, &bound);
    if (!elfin_import_check(module, import, &to, &used, &failed, &failure))
        return out_of_range(patch, module, import, failed, &failure);
    p = elfin_patched_module(patch, module);
    change = new_change(patch);
    if (!p || !change)
        return elfin_fail_memory(patch->load, ELFIN_PHASE_REBIND, NULL);
    *change = (struct patch_change){ .import = import, .to = bound, .used = used };
    *p->end = change;
    p->end = &change->next;
    p->has_finals |= (import->flags & (IMPORT_FINAL | IMPORT_FINALIZE)) != 0;
    if (import->flags & IMPORT_FINALIZE)
        p->finalize = change;
    note_windows(patch, p, change);
    return ELFIN_OK;
}

static void reach(elfin_group **list, elfin_group *group, uint64_t mark)
{
    if (group->mark == mark)
        return;
    group->mark = mark;
    group->next_reached = *list;
    *list = group;
}

uint64_t elfin_mark_used(elfin_space *space, elfin_group *from)
{
    uint64_t mark = ++space->mark;
    elfin_group *list = NULL;

    reach(&list, from, mark);
    while (list) {
        const elfin_group *group = list;

        list = list->next_reached;
        for (uint32_t m = 0; m < group->module_count; m++)
            for (uint32_t i = 0; i < group->modules[m].uses_count; i++)
                reach(&list, group->modules[m].uses[i]->group, mark);
    }
    return mark;
}
