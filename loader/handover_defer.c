/* SPDX-License-Identifier: MIT */
/*
 * Starting, put off: the calls that init would make are noted between those that unload will make,
 * all in the order in which they belong. One walk later (adopt_run.c) makes the former and keeps
 * the latter.
 */
#include "loader/features.h"

/* Executables and shared objects start themselves, or their linker knows how: they are left out. */
static elfin_status deferring_order(struct load *load)
{
    for (const struct object *o = load->objects; o; o = o->next)
        if (o->program)
            return elfin_fail(load, o, DEFECT_DEFER_PROGRAM);
    return elfin_init_order(load);
}

static uint64_t deferring_count(const struct load *load, const struct object *object)
{
    uint64_t count = elfin_starting_count(load, object) + (object->init != 0);

    if (load->options->flags & ELFIN_LOAD_NO_INIT)
        return 0;
    for (uint32_t i = object->holds & HOLDS_ARRAYS ? object->loaded : 0; i;
         i = object->sections[i].loaded) {
        const struct section *s = &object->sections[i];

        if (s->type == SHT_INIT_ARRAY || s->type == SHT_PREINIT_ARRAY)
            count += s->size / 8;
    }
    return count;
}

/* In place of elfin_host.call. */
static elfin_status note_call(void *ctx, const elfin_call *call, uint64_t *result)
{
    elfin_group *group = ctx;

    group->finals[group->final_count++] = (struct final_call){ .module = call->module,
                                                               .address = call->address,
                                                               .entry = call->entry };
    *result = 0;
    return ELFIN_OK;
}

/* Resolvers are known by what they resolve (elfin_module_indirect): their slots lead to traps. */
static elfin_status deferring_run(struct load *load)
{
    const elfin_host *host = load->host;
    elfin_host noting = *host;
    elfin_status status;

    if (load->options->flags & ELFIN_LOAD_NO_INIT)
        return ELFIN_OK;
    load->group->ran = true;
    noting.ctx = load->group;
    noting.call = note_call;
    load->host = &noting;
    status = elfin_init_modules(load);
    load->host = host;
    return status;
}

/* What only init needs is still needed. */
static void deferring_finish(struct load *load)
{
    (void)load;
}

/* Nothing has been started here. */
static void deferring_end(const elfin_host *host, elfin_group *group)
{
    (void)host;
    group->final_count = 0;
}

const struct elfin_starting elfin_deferring = {
    .priority = elfin_starting_priority,
    .handles = elfin_starting_handles,
    .finalize = elfin_symbols_finalize,
    .order = deferring_order,
    .count = deferring_count,
    .run = deferring_run,
    .finish = deferring_finish,
    .end = deferring_end,
};
