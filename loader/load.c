/* SPDX-License-Identifier: MIT */
/*
 * elfin_load: the phases in their order, and the only place that unwinds. Phases note in struct
 * load what they have acquired; nobody else gives it back.
 */
#include "loader/features.h"
#include "loader/linkage.h"

static elfin_status open_all(struct load *load, const elfin_input *inputs, size_t count)
{
    elfin_status status = elfin_inputs_open(load, inputs, count);

    if (status == ELFIN_OK && load->libraries)
        status = load->host->archives->pull(load);
    if (status == ELFIN_OK && load->status == ELFIN_OK && !load->objects)
        status = elfin_fail(load, NULL, DEFECT_NO_OBJECT);
    /* Duplicate definitions have been reported, all of them, without stopping. */
    return status == ELFIN_OK ? load->status : status;
}

/* It failed, and nobody has said so yet: there may be another way. */
static bool is_open(const struct load *load, elfin_status status)
{
    return load->status == ELFIN_OK &&
           (status == ELFIN_ERR_RANGE || status == ELFIN_ERR_REACH || status == ELFIN_ERR_MEMORY);
}

elfin_status elfin_report_stuck(struct load *load)
{
    if (load->host->reasons)
        load->host->reasons->stuck(load);
    else if (load->status == ELFIN_OK)
        elfin_fail(load, load->stuck->first, DEFECT_NO_REACH);
    return load->status;
}

/* All objects without an address together, or, if there is no place for that, apart. */
static elfin_status settle(struct load *load)
{
    const struct elfin_dividing *dividing = load->host->dividing;
    const struct elfin_reaching *reaching = load->host->reaching;
    elfin_status status;

    do {
        status = elfin_layout(load);
        if (status == ELFIN_OK && load->has_floating) {
            KNOWN(reaching);
            status = reaching->first(load);
        }
        if (status == ELFIN_OK && reaching)
            status = reaching->narrow(load);
        if (status == ELFIN_OK)
            status = elfin_place(load);
    } while (is_open(load, status) && dividing && dividing->apart(load));
    if (status == ELFIN_ERR_RANGE && load->status == ELFIN_OK) {
        KNOWN(dividing);
        status = dividing->join(load);
    }
    if (is_open(load, status)) {
        if (status == ELFIN_ERR_MEMORY)
            elfin_report_no_memory(load);
        elfin_report_stuck(load);
    }
    return status;
}

elfin_status elfin_each_object(struct load *load, object_phase phase, parallel_start start)
{
    elfin_status status = ELFIN_OK;

    if (load->crew && load->host->sharing->each(load, phase, start, &status))
        return status;
    for (struct object *o = load->objects; status == ELFIN_OK && o; o = o->next)
        status = phase(load, o);
    return status;
}

static elfin_status scan(struct load *load, struct object *object)
{
    const struct elfin_unwinding *unwinding = load->host->unwinding;
    elfin_status status;

    if (load->shards)
        load->host->sharing->place(load, object);
    elfin_note_name(load, object);
    status = elfin_scan(load, object);
    return status == ELFIN_OK && unwinding ? unwinding->scan(load, object) : status;
}

/* Executables and shared objects keep none. */
static elfin_status collect_linkage(struct load *load)
{
    elfin_status status = ELFIN_OK;

    for (struct object *o = load->objects; keeps_linkage(load) && status == ELFIN_OK && o;
         o = o->next)
        if (!o->program)
            status = load->host->rebinding->collect(load, o);
    return status;
}

static elfin_status link(struct load *load)
{
    const struct elfin_threads *threads = load->host->threads;
    const struct elfin_unwinding *unwinding = load->host->unwinding;
    const struct elfin_starting *starting = load->host->starting;
    const struct elfin_publishing *publishing = load->host->publishing;
    elfin_status status = elfin_each_object(load, scan, NULL);

    if (status != ELFIN_OK || (status = elfin_resolve(load)) != ELFIN_OK ||
        (starting && (status = starting->order(load)) != ELFIN_OK) ||
        (threads && (status = threads->place(load)) != ELFIN_OK) ||
        (status = settle(load)) != ELFIN_OK || (status = collect_linkage(load)) != ELFIN_OK ||
        (status = elfin_group_create(load)) != ELFIN_OK ||
        (publishing && (status = publishing->reserve(load)) != ELFIN_OK) ||
        (status = elfin_fixup(load)) != ELFIN_OK ||
        (unwinding && (status = unwinding->seal(load)) != ELFIN_OK))
        return status;
    if (threads)
        threads->attach(load);
    return elfin_protect(load);
}

static elfin_status commit(struct load *load)
{
    const struct elfin_unwinding *unwinding = load->host->unwinding;
    const struct elfin_starting *starting = load->host->starting;
    const struct elfin_debugging *debugging = load->host->debugging;
    const struct load_hooks *hooks = load->hooks;
    elfin_status status = elfin_publish(load);

    if (status == ELFIN_OK && hooks)
        status = hooks->published(load);
    if (status != ELFIN_OK || (unwinding && (status = unwinding->add(load)) != ELFIN_OK))
        return status;
    if (debugging)
        debugging->attach(load);
    if ((starting && (status = starting->run(load)) != ELFIN_OK) ||
        (status = elfin_protect_after_init(load)) != ELFIN_OK)
        return status;
    if (hooks && (status = hooks->finished(load)) != ELFIN_OK)
        return status;
    if (starting) /* gives memory back: nothing may fail after it */
        starting->finish(load);
    return ELFIN_OK;
}

static void unwind(struct load *load)
{
    if (load->group)
        elfin_detach(load->host, load->group);
    if (load->published)
        elfin_withdraw(load->space, load->group);
    if (load->host->publishing)
        load->host->publishing->settle(load, false);
    for (uint32_t i = 0; i < load->block_count; i++)
        if (load->blocks[i].reserved)
            load->host->release(load->host->ctx, &load->blocks[i].region);
    if (load->group) {
        elfin_region records = load->group->records;

        load->host->release(load->host->ctx, &records);
    }
}

static bool are_valid(const elfin_space *space, const elfin_input *inputs, size_t count,
                      const elfin_options *options, elfin_group *const *out)
{
    if (!space || !space->host.reserve || !inputs || !count || count > UINT32_MAX / 2 || !out)
        return false;
    if (options && (options->struct_size != sizeof(*options) ||
                    (options->flags & ELFIN_LOAD_KEEP_SECTIONS && !space->host.listing)))
        return false;
    if (options && options->flags & ELFIN_LOAD_REBIND && !space->host.rebinding)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!inputs[i].file || !*inputs[i].file || (!inputs[i].data && inputs[i].size) ||
            (inputs[i].image && inputs[i].data) || (inputs[i].name && !*inputs[i].name))
            return false;
    return true;
}

elfin_status elfin_refuse_call(elfin_diag *diag, elfin_status status)
{
    if (diag)
        elfin_diag_clear(diag, defect_of(status, ELFIN_PHASE_NONE));
    return status;
}

elfin_status elfin_load_run(struct load *load, elfin_space *space, const elfin_input *inputs,
                            size_t count, const elfin_options *options, elfin_group **out,
                            elfin_diag *diag)
{
    static const elfin_options defaults = ELFIN_OPTIONS_INIT;
    elfin_status status;

    if (!are_valid(space, inputs, count, options, out))
        return elfin_refuse_call(diag, ELFIN_ERR_ARGUMENT);
    if (space->busy)
        return elfin_refuse_call(diag, ELFIN_ERR_BUSY);
    space->busy = true;
    load->space = space;
    load->options = options ? options : &defaults;
    load->diag = diag;
    load->host = &space->host;
    load->objects_end = &load->objects;
    load->libraries_end = &load->libraries;
    elfin_arena_init(&load->work, load->host);
    if (load->host->parallel)
        load->host->sharing->begin(load, inputs, count);

    if ((status = open_all(load, inputs, count)) == ELFIN_OK && (status = link(load)) == ELFIN_OK)
        status = commit(load);
    if (load->hooks) /* before the group may go */
        load->hooks->ended(load);
    if (load->host->debugging)
        load->host->debugging->loaded(load, status);
    if (status != ELFIN_OK)
        unwind(load);
    else if (load->host->publishing)
        load->host->publishing->settle(load, true);
    elfin_arena_release(&load->work);
    space->busy = false;
    if (status != ELFIN_OK) /* the first problem, which *diag is about */
        return load->status != ELFIN_OK ? load->status
                                        : elfin_refuse_call(diag, ELFIN_ERR_INTERNAL);
    *out = load->group;
    if (diag)
        elfin_diag_clear(diag, DEFECT_NONE);
    return ELFIN_OK;
}

elfin_status elfin_load(elfin_space *space, const elfin_input *inputs, size_t count,
                        const elfin_options *options, elfin_group **out, elfin_diag *diag)
{
    struct load load = { 0 };

    return elfin_load_run(&load, space, inputs, count, options, out, diag);
}
