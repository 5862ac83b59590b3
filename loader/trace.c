/* SPDX-License-Identifier: MIT */
/*
 * The ring of what happened to spaces. Whoever writes takes a number, and with it a place, by one
 * atomic addition; the record has its number only when all else is there.
 */
#include "loader/debug.h"
#include "loader/patch.h"

elfin_status elfin_trace_init(void *memory, size_t size, uint64_t (*now)(void *ctx), void *ctx,
                              uint64_t frequency, elfin_trace **out)
{
    elfin_trace *trace = memory;
    uint64_t capacity = 1;

    if (!memory || !out || (uintptr_t)memory % _Alignof(elfin_trace) ||
        size < sizeof(*trace) + sizeof(elfin_trace_record))
        return ELFIN_ERR_ARGUMENT;
    size = (size - sizeof(*trace)) / sizeof(elfin_trace_record);
    while (capacity <= size / 2)
        capacity *= 2;
    *trace = (elfin_trace){ .version = ELFIN_TRACE_VERSION,
                            .record_size = sizeof(elfin_trace_record),
                            .capacity = capacity,
                            .frequency = frequency,
                            .start = now ? now(ctx) : 0,
                            .now = now,
                            .ctx = ctx };
    __builtin_memset(trace->records, 0, capacity * sizeof(elfin_trace_record));
    *out = trace;
    return ELFIN_OK;
}

static void copy_name(char to[ELFIN_TRACE_NAME_SIZE], const char *from)
{
    uint32_t i = 0;

    for (; from && i + 1 < ELFIN_TRACE_NAME_SIZE && from[i]; i++)
        to[i] = from[i];
    to[i] = '\0';
}

static elfin_trace_record *place_of(const elfin_trace *trace, uint64_t number)
{
    return (elfin_trace_record *)&trace->records[(number - 1) & (trace->capacity - 1)];
}

/* A record without its names. */
struct event {
    uint16_t kind, status;
    uint32_t phase;
    uint64_t address, value;
};

static void note(elfin_trace *trace, const struct event *what, const char *name, const char *other)
{
    elfin_trace_record *record;
    uint64_t number;

    if (!trace)
        return;
    number = __atomic_add_fetch(&trace->written, 1, __ATOMIC_RELAXED);
    record = place_of(trace, number);
    __atomic_store_n(&record->number, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE); /* nobody sees the rest before that */
    record->time = trace->now ? trace->now(trace->ctx) : 0;
    record->address = what->address;
    record->value = what->value;
    record->kind = what->kind;
    record->status = what->status;
    record->phase = what->phase;
    copy_name(record->name, name);
    copy_name(record->other, other);
    __atomic_store_n(&record->number, number, __ATOMIC_RELEASE);
}

void elfin_trace_add(elfin_trace *trace, uint16_t kind, uint16_t status, uint64_t address,
                     uint64_t value, const char *name, const char *other)
{
    struct event what = { .kind = kind, .status = status, .address = address, .value = value };

    note(trace, &what, name, other);
}

uint64_t elfin_trace_lost(const elfin_trace *trace)
{
    uint64_t written = __atomic_load_n(&trace->written, __ATOMIC_RELAXED);

    return written > trace->capacity ? written - trace->capacity : 0;
}

bool elfin_trace_read(const elfin_trace *trace, uint64_t number, elfin_trace_record *out)
{
    const elfin_trace_record *record;

    if (!number)
        return false;
    record = place_of(trace, number);
    if (__atomic_load_n(&record->number, __ATOMIC_ACQUIRE) != number)
        return false;
    __builtin_memcpy(out, record, sizeof(*out));
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&record->number, __ATOMIC_RELAXED) == number;
}

/* ---- What the library notes ------------------------------------------------------------------ */

static const char *name_of(const struct elfin_module *module)
{
    return record_name(&module->self);
}

/* Of what succeeds. What fails has a number that is higher by this. */
#define FAILED (ELFIN_TRACE_LOAD_FAILED - ELFIN_TRACE_LOAD)

static uint16_t kind_of(const struct load *load)
{
    if (!load->replaces)
        return ELFIN_TRACE_LOAD;
    return load->moves ? ELFIN_TRACE_MOVE : ELFIN_TRACE_REPLACE;
}

static void note_failure(const struct load *load, elfin_status status)
{
    /* The caller's is about the first problem, if one has been reported. */
    const elfin_diag *diag = load->diag && load->status != ELFIN_OK ? load->diag : &load->scratch;
    const char *other = *diag->symbol ? diag->symbol : diag->section;
    struct event what = { .kind = (uint16_t)(kind_of(load) + FAILED),
                          .status = (uint16_t)status,
                          .phase = diag->phase,
                          .value = diag->value };

    if (load->replaces)
        what.address = load->replaces->modules[0].address;
    note(load->host->trace, &what, diag->file, other);
}

static void note_uses(elfin_trace *trace, const struct elfin_module *module)
{
    for (uint32_t i = 0; i < module->uses_count; i++)
        elfin_trace_add(trace, ELFIN_TRACE_BIND, 0, module->address, module->uses[i]->address,
                        name_of(module), name_of(module->uses[i]));
}

static void note_group(const struct load *load)
{
    const elfin_group *group = load->group, *old = load->replaces;
    elfin_trace *trace = load->host->trace;

    for (uint32_t m = 0; m < group->module_count; m++) {
        const struct elfin_module *module = &group->modules[m];

        elfin_trace_add(trace, kind_of(load), 0, module->address,
                        old ? old->modules[0].address : module->size, name_of(module),
                        module->file);
    }
    for (uint32_t m = 0; m < group->module_count; m++)
        note_uses(trace, &group->modules[m]);
}

void elfin_trace_loaded(struct load *load, elfin_status status)
{
    if (!load->host->trace)
        return;
    if (status == ELFIN_OK) {
        note_group(load);
        return;
    }
    note_failure(load, load->status != ELFIN_OK ? load->status : status);
    if (load->group)
        load->group->failed = true;
}

void elfin_trace_bound(const elfin_host *host, const struct elfin_module *module,
                       const struct patch_change *change)
{
    elfin_trace_add(host->trace, ELFIN_TRACE_REBIND, 0, change->to.value,
                    change->import->bound.value, name_of(module), change->import->name);
}

void elfin_trace_detached(const elfin_host *host, const elfin_group *group)
{
    for (uint32_t m = group->module_count; !group->failed && m-- > 0;)
        elfin_trace_add(host->trace, group->retired ? ELFIN_TRACE_RETIRE : ELFIN_TRACE_UNLOAD, 0,
                        group->modules[m].address, 0, name_of(&group->modules[m]), NULL);
}
