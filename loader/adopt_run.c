/* SPDX-License-Identifier: MIT */
/*
 * An adopted group becomes what a loaded one is, in the order of a load: rights, names, unwind
 * tables, resolvers, init.
 */
#include "loader/adopt.h"

void elfin_adopt_subject(struct adopt *a, elfin_group *group, elfin_module *module)
{
    a->load.group = group;
    a->load.objects = &a->subject;
    a->options.flags = group->ran ? 0 : ELFIN_LOAD_NO_INIT;
    a->subject.module = module;
    a->subject.name = record_name(&module->self);
    a->subject.file_name = module->file;
}

/* Where to write what will be at a run address of the group: it has been proven to be there. */
static uint8_t *edit_in(const struct adopt *a, const struct adopt_at *at, const elfin_group *group,
                        uint64_t address)
{
    const struct adopt_range *range = elfin_adopt_find(a, at, address);
    const elfin_region *region = &group->blocks[range->owner - at->first_block].region;

    return (uint8_t *)region->edit + (address - range->first);
}

static void attach(struct adopt *a, const struct adopt_at *at, elfin_group *group)
{
    const elfin_host *host = a->load.host;

    for (uint32_t i = 0; i < group->module_count; i++) {
        elfin_tls *tls = &group->modules[i].tls;

        if (tls->file_size)
            tls->image = edit_in(a, at, group, tls->run);
        if (tls->size && host->tls_attach)
            host->tls_attach(host->ctx, tls);
    }
    group->tls_attached = true;
}

static elfin_status resolve(struct adopt *a, const struct adopt_at *at, elfin_group *group,
                            elfin_module *module)
{
    elfin_status status = ELFIN_OK;

    elfin_adopt_subject(a, group, module);
    for (uint32_t i = 0; status == ELFIN_OK && i < module->indirect_count; i++) {
        const elfin_indirect *f = &module->indirect[i];
        uint64_t target;

        status = elfin_call_resolver(&a->load, &a->subject, f->name, f->resolver, &target);
        if (status == ELFIN_OK)
            __builtin_memcpy(edit_in(a, at, group, f->slot), &target, sizeof(target));
    }
    return status;
}

/*
 * Makes the calls of init, and keeps those of unload, whose places are before or at those that they
 * have now: so what has been kept is all that has to be undone.
 */
static elfin_status call_all(struct adopt *a, elfin_group *group, uint32_t count)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < count; i++) {
        struct final_call call = group->finals[i];

        if (call.entry == ELFIN_ENTRY_CTOR || call.entry == ELFIN_ENTRY_INIT) {
            elfin_adopt_subject(a, group, (elfin_module *)(uintptr_t)call.module);
            status = elfin_init_call(&a->load, &a->subject, call.entry, call.address);
        } else {
            group->finals[group->final_count++] = call;
        }
    }
    return status;
}

static elfin_status init(struct adopt *a, const struct adopt_at *at, elfin_group *group)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; group->ran && status == ELFIN_OK && i < group->module_count; i++)
        status = resolve(a, at, group, &group->modules[i]);
    if (status == ELFIN_OK)
        status = call_all(a, group, at->group.call_count);
    elfin_adopt_subject(a, group, group->modules);
    return status;
}

/* Debug data is made of what files there are. */
static void debug(struct adopt *a, elfin_group *group)
{
    const struct elfin_debugging *debugging = a->load.host->debugging;
    const elfin_adoption *adoption = a->adoption;
    const void *data;
    size_t size;

    for (uint32_t i = 0; debugging && adoption->object && i < group->module_count; i++)
        if (adoption->object(adoption->ctx, &group->modules[i], &data, &size))
            debugging->adopt(a->load.space, &group->modules[i], data, size);
}

elfin_status elfin_adopt_start(struct adopt *a, const struct adopt_at *at, elfin_group *group)
{
    struct load *load = &a->load;
    const struct elfin_unwinding *unwinding = load->host->unwinding;
    elfin_status status;

    elfin_adopt_subject(a, group, group->modules);
    if (group->tls_start != group->tls_end)
        attach(a, at, group);
    if ((status = elfin_protect(load)) != ELFIN_OK || (status = elfin_publish(load)) != ELFIN_OK)
        return status;
    a->published++;
    if (unwinding && (status = unwinding->add(load)) != ELFIN_OK)
        return status;
    debug(a, group);
    status = init(a, at, group);
    return status == ELFIN_OK ? elfin_protect_after_init(load) : status;
}
