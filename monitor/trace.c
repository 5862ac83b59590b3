/* SPDX-License-Identifier: MIT */
/* The ring of what happened, and the command trace. */
#include "monitor/trace.h"

#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/platform.h"
#include "monitor/words.h"

typedef unsigned long long ull;

enum {
    RECORDS = 256
};

elfin_trace *elfin_trace_ring;

static uint64_t now(void *ctx)
{
    (void)ctx;
    return platform_ticks();
}

void trace_begin(elfin_host *host)
{
    /* Not of the heap: a module may damage that, and then this is wanted. */
    static uint64_t
        memory[(sizeof(elfin_trace) + RECORDS * sizeof(elfin_trace_record)) / sizeof(uint64_t)];

    (void)elfin_trace_init(memory, sizeof(memory), now, NULL, platform_ticks_per_second(),
                           &elfin_trace_ring);
    host->debugging = &elfin_debugging;
    host->trace = elfin_trace_ring;
}

void trace_loaded(const elfin_group *group)
{
    elfin_module_info info;

    for (elfin_module *module = elfin_next_module(group, NULL); module != NULL;
         module = elfin_next_module(group, module)) {
        elfin_module_get(module, &info);
        elfin_trace_add(elfin_trace_ring, ELFIN_TRACE_LOAD, 0, info.address, info.size, info.name,
                        info.file);
    }
}

void trace_fault(const elfin_module *module, const struct call_end *end, const char *what)
{
    bool is_fault = end->reason == CALL_FAULT;
    uint64_t value = is_fault && end->frame.vector == EXCEPTION_PAGE ? end->access
                     : is_fault                                      ? end->frame.error
                                                                     : 0;
    elfin_module_info info = { .name = NULL };

    if (module != NULL)
        elfin_module_get(module, &info);
    elfin_trace_add(elfin_trace_ring, ELFIN_TRACE_FAULT,
                    is_fault ? (uint16_t)end->frame.vector : UINT16_MAX, end->frame.rip, value,
                    info.name, what);
}

/* ---- The command ----------------------------------------------------------------------------- */

static const char *const verbs[] = {
    [ELFIN_TRACE_LOAD] = "load",
    [ELFIN_TRACE_REPLACE] = "replace",
    [ELFIN_TRACE_MOVE] = "move",
    [ELFIN_TRACE_LOAD_FAILED] = "load failed",
    [ELFIN_TRACE_REPLACE_FAILED] = "replace failed",
    [ELFIN_TRACE_MOVE_FAILED] = "move failed",
    [ELFIN_TRACE_BIND] = "bind",
    [ELFIN_TRACE_REBIND] = "rebind",
    [ELFIN_TRACE_UNLOAD] = "unload",
    [ELFIN_TRACE_RETIRE] = "retire",
    [ELFIN_TRACE_FAULT] = "fault",
};

static void print_failure(const elfin_trace_record *r)
{
    console_print(" in phase %s%s%s: %s", elfin_phase_name((elfin_phase)r->phase),
                  r->name[0] != '\0' ? ": " : "", r->name,
                  elfin_status_text((elfin_status)r->status));
    if (r->other[0] != '\0')
        console_print(", %s", r->other);
    if (r->address != 0)
        console_print("; what is at 0x%llx stays", (ull)r->address);
}

/* What follows the verb. */
static void print_rest(const elfin_trace_record *r)
{
    ull address = r->address, value = r->value;

    switch (r->kind) {
    case ELFIN_TRACE_LOAD:
        console_print(" %s at 0x%llx, %llu bytes, file %s", r->name, address, value, r->other);
        break;
    case ELFIN_TRACE_REPLACE:
    case ELFIN_TRACE_MOVE:
        console_print(" %s at 0x%llx, in place of 0x%llx, file %s", r->name, address, value,
                      r->other);
        break;
    case ELFIN_TRACE_LOAD_FAILED:
    case ELFIN_TRACE_REPLACE_FAILED:
    case ELFIN_TRACE_MOVE_FAILED:
        print_failure(r);
        break;
    case ELFIN_TRACE_BIND:
        console_print(" %s to %s", r->name, r->other);
        break;
    case ELFIN_TRACE_REBIND:
        console_print(" %s: %s to 0x%llx, before 0x%llx", r->name, r->other, address, value);
        break;
    case ELFIN_TRACE_FAULT:
        console_print(" %s: %s at 0x%llx, 0x%llx", r->name[0] != '\0' ? r->name : "?", r->other,
                      address, value);
        break;
    default:
        console_print(" %s at 0x%llx", r->name, address);
    }
}

static void print_record(const elfin_trace *trace, const elfin_trace_record *r)
{
    uint64_t passed = r->time - trace->start, second = trace->frequency;

    console_print("%llu.%06llu ", (ull)(passed / second),
                  (ull)(passed % second * 1000000 / second));
    if (r->kind < sizeof(verbs) / sizeof(verbs[0]) && verbs[r->kind] != NULL)
        console_print("%s", verbs[r->kind]);
    else
        console_print("event %u", r->kind);
    print_rest(r);
    console_print("\n");
}

int command_trace(struct session *session, int count, char **words)
{
    const elfin_trace *trace = elfin_trace_ring;
    elfin_trace_record record;
    uint64_t most = UINT64_MAX, lost, written;

    (void)session;
    if (count > 1 && !words_number(words[1], &most))
        return command_error("%s: not a number", words[1]);
    written = trace->written;
    lost = elfin_trace_lost(trace);
    console_print("%llu events, %llu of them overwritten\n", (ull)written, (ull)lost);
    for (uint64_t i = written - lost > most ? written - most : lost; i < written; i++)
        if (elfin_trace_read(trace, i + 1, &record))
            print_record(trace, &record);
    return STATUS_SUCCESS;
}
