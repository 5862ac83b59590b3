/* SPDX-License-Identifier: MIT */
/* Reading a module's linkage, and the edges that follow from it. */
#include "loader/image.h"
#include "loader/linkage.h"

bool elfin_import_is(const struct linkage *linkage, const struct import *import, struct name name)
{
    return import < linkage->imports + linkage->import_count && import->hash == name.hash &&
           elfin_name_equal(import->name, name.text, name.hash);
}

struct import *elfin_import_find(const struct linkage *linkage, struct name name)
{
    uint32_t low = 0, high = linkage->import_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (linkage->imports[middle].hash < name.hash)
            low = middle + 1;
        else
            high = middle;
    }
    while (low < linkage->import_count && linkage->imports[low].hash == name.hash &&
           !elfin_import_is(linkage, &linkage->imports[low], name))
        low++;
    return elfin_import_is(linkage, &linkage->imports[low], name) ? &linkage->imports[low] : NULL;
}

struct arch_fields elfin_import_run(const struct elfin_module *module, const struct import_run *run)
{
    const struct linkage *linkage = module->linkage;
    const elfin_region *region = &module->group->blocks[linkage->block].region;

    return (struct arch_fields){ .fields = linkage->fields + run->first,
                                 .count = run->count,
                                 .kind = run->kind,
                                 .addend = run->addend,
                                 .address = region->run,
                                 .edit = region->edit };
}

static uint64_t size_of(const struct binding *to)
{
    elfin_symbol symbol;

    if (to->record)
        return to->record->size;
    return to->own && to->owner->images->symbol(to->owner, to->own - 1, &symbol) ? symbol.size : 0;
}

struct arch_binding elfin_import_binding(const struct elfin_module *module,
                                         const struct import *import, const struct binding *to)
{
    const struct linkage *linkage = module->linkage;

    return (struct arch_binding){
        .value = to->value,
        .size = size_of(to),
        .slot = linkage->got + ARCH_SLOT_SIZE * ((uint64_t)import->slot - 1),
        .stub = linkage->plt + ARCH_STUB_SIZE * ((uint64_t)import->stub - 1),
        .trap = linkage->plt + ARCH_STUB_SIZE * ((uint64_t)linkage->trap - 1),
        .has_stub = import->stub != 0,
        .has_trap = linkage->trap != 0,
    };
}

bool elfin_import_check(const struct elfin_module *module, const struct import *import,
                        const struct arch_binding *to, uint32_t *used,
                        const struct import_run **failed, struct arch_failure *failure)
{
    const struct import_run *runs = module->linkage->runs + import->first_run;
    unsigned use = 0;

    for (uint32_t i = 0; i < import->run_count; i++) {
        struct arch_fields run = elfin_import_run(module, &runs[i]);

        if (!elfin_arch_follow_check(&run, to, &use, failure)) {
            *failed = &runs[i];
            return false;
        }
    }
    *used = 0;
    if (use & USE_BRANCH)
        *used |= IMPORT_STUB_USED | IMPORT_SLOT_USED;
    if (use & USE_SLOT || import->flags & IMPORT_READS_SLOT)
        *used |= IMPORT_SLOT_USED;
    return true;
}

/* Users of a group are counted by edges from other groups. */
static void count_user(const struct elfin_module *user, const struct elfin_module *used, bool add)
{
    if (used->group != user->group)
        used->group->users += add ? 1 : UINT64_MAX;
}

void elfin_linkage_drop_uses(struct elfin_module *module)
{
    for (uint32_t i = module->linkage->fixed_uses; i < module->uses_count; i++)
        count_user(module, module->uses[i], false);
    module->uses_count = module->linkage->fixed_uses;
}

void elfin_linkage_count_uses(struct elfin_module *module)
{
    for (uint32_t i = module->linkage->fixed_uses; i < module->uses_count; i++)
        count_user(module, module->uses[i], true);
}

void elfin_linkage_add_uses(elfin_space *space, struct elfin_module *module)
{
    const struct linkage *linkage = module->linkage;

    space->mark++;
    module->mark = space->mark;
    for (uint32_t i = 0; i < module->uses_count; i++)
        module->uses[i]->mark = space->mark;
    for (uint32_t i = 0; i < linkage->import_count; i++) {
        struct elfin_module *owner = linkage->imports[i].bound.owner;

        if (!owner || owner->mark == space->mark)
            continue;
        owner->mark = space->mark;
        module->uses[module->uses_count++] = owner;
    }
}
