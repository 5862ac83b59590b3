/* SPDX-License-Identifier: MIT */
/*
 * Phase "init": module code runs for the first time. First all resolvers of indirect functions, so
 * that whatever comes later can call these. Then for each module in init order its init arrays by
 * priority, then its ELFIN_INIT function; what will have to be called at unload is noted as soon
 * as its counterpart has succeeded, so that a failure undoes exactly what was done.
 */
#include "loader/features.h"
#include "loader/program.h"
#include "libmini/sort.h"

elfin_status elfin_call_module(const elfin_host *host, const elfin_call *c, uint64_t *result)
{
    *result = 0;
    if (has_failed(c->module) && (c->entry != ELFIN_ENTRY_FINALIZE || !host->call))
        return ELFIN_ERR_CALL;
    if (host->call)
        return host->call(host->ctx, c, result);
    switch (c->entry) {
    case ELFIN_ENTRY_INIT:
        *result = (uint32_t)((int (*)(int, char **))(uintptr_t)c->address)(c->argc, c->argv);
        break;
    case ELFIN_ENTRY_RESOLVER:
        *result = ((uint64_t(*)(void))(uintptr_t)c->address)();
        break;
    case ELFIN_ENTRY_CTOR:
        ((void (*)(int, char **, char **))(uintptr_t)c->address)(c->argc, c->argv,
                                                                 c->argv + c->argc);
        break;
    case ELFIN_ENTRY_FINALIZE:
        ((void (*)(uint64_t))(uintptr_t)c->address)(c->argument);
        break;
    case ELFIN_ENTRY_SAVE:
        *result = ((uint64_t(*)(void))(uintptr_t)c->address)();
        break;
    case ELFIN_ENTRY_RESTORE:
        *result =
            (uint32_t)((int (*)(uint64_t, uint32_t))(uintptr_t)c->address)(c->argument, c->version);
        break;
    default:
        ((void (*)(void))(uintptr_t)c->address)();
        break;
    }
    return ELFIN_OK;
}

void elfin_final_run(const elfin_host *host, elfin_group *group)
{
    while (group->final_count) {
        const struct final_call *final = &group->finals[--group->final_count];
        elfin_call c = { .module = final->module,
                         .entry = final->entry,
                         .address = final->address,
                         .argument = final->entry == ELFIN_ENTRY_FINALIZE ? final->from : 0 };
        uint64_t result;

        if (!final->address || (final->entry == ELFIN_ENTRY_EXIT && final->module->state.moved))
            continue;
        if (elfin_call_module(host, &c, &result) != ELFIN_OK && !has_failed(final->module))
            elfin_log_module(host, final->module, ": an exit function did not return normally");
    }
}

/* The address stored at a run address of the object's module. */
static uint64_t read_address(const struct load *load, const struct object *object, uint64_t address)
{
    const elfin_region *region = &load->blocks[object->block].region;
    uint64_t value;

    __builtin_memcpy(&value, (const uint8_t *)region->edit + (address - region->run),
                     sizeof(value));
    return value;
}

struct init_array {
    uint32_t section;
    int32_t priority;
};

static int by_priority(const void *a, const void *b, void *ctx)
{
    const struct init_array *x = a, *y = b;

    (void)ctx;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return x->section < y->section ? -1 : x->section > y->section;
}

/* The object's init (and preinit) or fini arrays, sorted; NULL without memory. */
static struct init_array *collect_arrays(struct load *load, const struct object *object, bool fini,
                                         uint32_t *count)
{
    struct init_array *arrays;
    uint32_t found = 0;

    for (int pass = 0;; pass++) {
        arrays = pass ? elfin_arena_get(&load->work, found, sizeof(*arrays)) : NULL;
        if (pass && !arrays)
            return NULL;
        found = 0;
        for (uint32_t i = object->holds & HOLDS_ARRAYS ? object->loaded : 0; i;
             i = object->sections[i].loaded) {
            const struct section *s = &object->sections[i];
            bool wanted = fini ? s->type == SHT_FINI_ARRAY
                               : s->type == SHT_INIT_ARRAY || s->type == SHT_PREINIT_ARRAY;

            if (!wanted)
                continue;
            if (arrays)
                arrays[found] = (struct init_array){ .section = i, .priority = s->priority };
            found++;
        }
        if (pass)
            break;
    }
    mini_sort(arrays, found, sizeof(*arrays), by_priority, NULL);
    *count = found;
    return arrays;
}

elfin_status elfin_call_resolver(struct load *load, const struct object *object, const char *name,
                                 uint64_t resolver, uint64_t *target)
{
    elfin_call c = { .module = object->module, .entry = ELFIN_ENTRY_RESOLVER, .address = resolver };
    elfin_status status =
        elfin_call_module(load->host, &c, target) == ELFIN_OK ? ELFIN_OK : ELFIN_ERR_CALL;
    elfin_diag *diag;

    if (status == ELFIN_OK && *target == 0)
        status = ELFIN_ERR_RESOLVER;
    if (status == ELFIN_OK)
        return ELFIN_OK;
    diag = elfin_diag_begin(load, object,
                            status == ELFIN_ERR_CALL ? DEFECT_RESOLVER_CALL : DEFECT_RESOLVER_ZERO);
    elfin_copy_name(diag->symbol, name);
    elfin_diag_value(diag, resolver);
    return elfin_diag_emit(load);
}

static elfin_status failed(struct load *load, const struct object *object, elfin_status status,
                           uint64_t address, int32_t result)
{
    elfin_diag *diag = elfin_diag_begin(
        load, object, status == ELFIN_ERR_INIT ? DEFECT_INIT_ERROR : DEFECT_INIT_CALL);

    elfin_diag_value(diag, status == ELFIN_ERR_INIT ? (uint64_t)(int64_t)result : address);
    if (status == ELFIN_ERR_INIT)
        diag->have |= ELFIN_DIAG_SIGNED;
    return elfin_diag_emit(load);
}

elfin_status elfin_init_call(struct load *load, const struct object *object, elfin_entry entry,
                             uint64_t address)
{
    static char *const no_words[] = { NULL, NULL };
    const elfin_options *options = load->options;
    elfin_call c = {
        .module = object->module,
        .entry = entry,
        .address = address,
        .argc = options->argv ? options->argc : 0,
        .argv = options->argv ? options->argv : (char **)(uintptr_t)no_words,
    };
    uint64_t result;

    if (elfin_call_module(load->host, &c, &result) != ELFIN_OK)
        return failed(load, object, ELFIN_ERR_CALL, address, 0);
    if (entry == ELFIN_ENTRY_INIT && (uint32_t)result)
        return failed(load, object, ELFIN_ERR_INIT, address, (int32_t)(uint32_t)result);
    return ELFIN_OK;
}

/* Elements that are 0 are skipped, as C run-times do. */
static elfin_status run_constructors(struct load *load, const struct object *object)
{
    uint32_t count = 0;
    struct init_array *arrays = collect_arrays(load, object, false, &count);
    elfin_status status = ELFIN_OK;

    if (!arrays)
        return elfin_fail_memory(load, ELFIN_PHASE_INIT, object);
    for (uint32_t a = 0; a < count; a++) {
        const struct section *s = &object->sections[arrays[a].section];

        for (uint64_t at = 0; status == ELFIN_OK && at < s->size; at += 8) {
            uint64_t address = read_address(load, object, s->address + at);

            if (address)
                status = elfin_init_call(load, object, ELFIN_ENTRY_CTOR, address);
        }
    }
    return status;
}

void elfin_init_final(struct load *load, const struct object *object, elfin_entry entry,
                      uint64_t address, uint64_t from)
{
    elfin_group *group = load->group;

    group->finals[group->final_count++] = (struct final_call){
        .module = object->module, .address = address, .from = from, .entry = entry
    };
}

/* Of a module whose imports may be bound anew also words that are 0 now. */
static void add_final(struct load *load, const struct object *object, elfin_entry entry,
                      uint64_t from)
{
    uint64_t address = read_address(load, object, from);

    if (address || object->draft)
        elfin_init_final(load, object, entry, address, from);
}

static elfin_status add_destructors(struct load *load, const struct object *object)
{
    uint32_t count = 0;
    struct init_array *arrays = collect_arrays(load, object, true, &count);

    if (!arrays)
        return elfin_fail_memory(load, ELFIN_PHASE_INIT, object);
    for (uint32_t a = 0; a < count; a++) {
        const struct section *s = &object->sections[arrays[a].section];

        for (uint64_t at = 0; at < s->size; at += 8)
            add_final(load, object, ELFIN_ENTRY_DTOR, s->address + at);
    }
    return ELFIN_OK;
}

static elfin_status resolve_object(struct load *load, const struct object *object)
{
    elfin_status status = ELFIN_OK;

    if (object->indirect_count)
        status = load->host->indirects->resolve(load, object);
    if (status == ELFIN_OK && object->program)
        status = load->host->programs->resolve(load, object);
    return status;
}

/* Noted before any of its constructors runs: those are what registers destructors. */
static void add_finalize(struct load *load, const struct object *object)
{
    if (object->handle_symbol)
        elfin_init_final(load, object, ELFIN_ENTRY_FINALIZE, object->finalize->value,
                         handle_address(object));
}

static elfin_status init_object(struct load *load, const struct object *object)
{
    elfin_status status;

    if (object->program)
        return load->host->programs->init(load, object);
    add_finalize(load, object);
    status = run_constructors(load, object);
    if (status == ELFIN_OK)
        status = add_destructors(load, object);
    if (status == ELFIN_OK && object->init)
        status =
            elfin_init_call(load, object, ELFIN_ENTRY_INIT,
                            read_address(load, object, object->sections[object->init].address));
    if (status == ELFIN_OK && object->exit)
        add_final(load, object, ELFIN_ENTRY_EXIT, object->sections[object->exit].address);
    return status;
}

elfin_status elfin_init_modules(struct load *load)
{
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < load->object_count; i++)
        status = init_object(load, load->order[i]);
    return status;
}

elfin_status elfin_init_run(struct load *load)
{
    elfin_status status = ELFIN_OK;

    if (load->options->flags & ELFIN_LOAD_NO_INIT)
        return ELFIN_OK;
    load->group->ran = true;
    for (uint32_t i = 0; status == ELFIN_OK && i < load->object_count; i++)
        status = resolve_object(load, load->order[i]);
    return status == ELFIN_OK ? elfin_init_modules(load) : status;
}
