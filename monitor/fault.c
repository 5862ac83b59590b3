/* SPDX-License-Identifier: MIT */
#include "monitor/fault.h"

#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/frames.h"
#include "monitor/platform.h"
#include "monitor/stack.h"
#include "monitor/trace.h"
#include "monitor/where.h"

typedef unsigned long long ull;

enum {
    TEXT_SIZE = 256
};

static const elfin_space *space;
static bool restricted;
static unsigned faults;
static struct stack_trace trace; /* of the call that has ended last */

void fault_init(const elfin_space *modules)
{
    space = modules;
    frames_init(modules);
}

unsigned fault_count(void)
{
    return faults;
}

bool fault_restricted(void)
{
    return restricted;
}

bool fault_is_ours(uint64_t address)
{
    return platform_is_own(address) || where_is_image(space, address) ||
           !platform_is_service(address);
}

/* ---- The report ------------------------------------------------------------------------------ */

/* Intel SDM volume 3A, table 6-1. */
static const char *exception_name(uint64_t vector)
{
    static const char *const names[] = {
        "divide error",
        "debug exception",
        "non-maskable interrupt",
        "breakpoint",
        "overflow",
        "bound range exceeded",
        "invalid opcode",
        "no FPU",
        "double fault",
        "coprocessor",
        "invalid task state",
        "segment not present",
        "stack fault",
        "general protection",
        "page fault",
        "exception 15",
        "x87 error",
        "alignment check",
        "machine check",
        "SIMD error",
        "virtualization exception",
        "control protection",
    };

    return vector < sizeof(names) / sizeof(names[0]) ? names[vector] : "exception";
}

static bool is_page_fault(const struct call_end *end)
{
    return end->reason == CALL_FAULT && end->frame.vector == EXCEPTION_PAGE;
}

/* Nothing is executed there, whatever it is. */
static bool is_jump(const struct call_end *end)
{
    return is_page_fault(end) && end->access == end->frame.rip;
}

/* In the guard below the stack. */
static bool is_overflow(const struct call_end *end)
{
    uint64_t low, high;

    call_stack(&low, &high);
    return end->reason == CALL_STACK ||
           (is_page_fault(end) && low != 0 && low - 1 - end->access < CALL_STACK_GUARD);
}

static const char *name_of(const struct call_end *end)
{
    if (is_overflow(end))
        return "stack overflow";
    if (end->reason == CALL_DAMAGE)
        return "overwritten heap found";
    return end->reason == CALL_LIMIT ? "time limit exceeded" : exception_name(end->frame.vector);
}

static void print_access(const struct call_end *end)
{
    uint64_t error = end->frame.error;
    char target[TEXT_SIZE];

    where_format(space, end->access, target, sizeof(target));
    console_print(": %s %s 0x%llx",
                  error & PAGE_FAULT_FETCH   ? "executing"
                  : error & PAGE_FAULT_WRITE ? "writing"
                                             : "reading",
                  error & PAGE_FAULT_PRESENT ? "protected" : "unmapped", (ull)end->access);
    if (where_module(space, end->access) != NULL)
        console_print(" (%s)", target);
}

static void print_end(const struct call_end *end, uint64_t caller)
{
    char place[TEXT_SIZE];

    where_format(space, end->frame.rip, place, sizeof(place));
    console_print("error: %s at %s", name_of(end), place);
    if (caller != 0 && (is_jump(end) || !where_has_symbol(space, end->frame.rip))) {
        where_format(space, caller, place, sizeof(place));
        console_print(", called from %s", place);
    }
    if (is_page_fault(end))
        print_access(end);
    else if (end->reason == CALL_FAULT && end->frame.error != 0)
        console_print(", error code 0x%llx", (ull)end->frame.error);
    console_print("\n");
}

static void print_restriction(const char *why)
{
    command_error("%s: only commands that show something, and quit, are safe from now on", why);
}

static void mark(const elfin_module *module)
{
    if (module != NULL)
        elfin_module_fail((elfin_module *)(uintptr_t)module);
}

/* Objects of a heap that is half changed stay where they are: to an empty heap they are foreign. */
static void forget_heap(void)
{
    mini_heap_init(platform_heap, 0, platform_heap->grow, platform_heap->shrink,
                   platform_heap->ctx);
}

static void note(const struct call_end *end)
{
    const elfin_module *culprit = where_module(space, end->frame.rip);

    if (end->reason != CALL_GIVEN_UP)
        trace_fault(culprit != NULL ? culprit : where_module(space, trace.caller), end,
                    name_of(end));
}

void fault_judge(const struct call_end *end)
{
    uint64_t caller = frames_caller();

    stack_trace(space, end->frame.rsp, &trace);
    if (caller != 0) /* words that calls have left which have returned may come before it */
        trace.caller = caller;
    if (end->services || !(is_jump(end) || fault_is_ours(end->frame.rip)))
        trace.services = true;
    if (trace.services || end->changing) {
        restricted = true;
        platform_restrict();
    }
    if (end->changing)
        forget_heap();
    note(end);
}

void fault_report(const elfin_module *module, const struct call_end *end)
{
    struct stack_trace found = trace; /* the screen may fail while this is printed */

    console_recover();
    console_fresh_line();
    if (end->reason != CALL_GIVEN_UP) {
        const elfin_module *culprit = where_module(space, end->frame.rip);

        faults++;
        print_end(end, found.caller);
        frames_print();
        mark(culprit != NULL ? culprit : where_module(space, found.caller));
        mark(module);
    }
    if (end->changing)
        print_restriction("the heap was being changed");
    else if (found.services)
        print_restriction("a service of the machine was on the stack");
}

/* ---- Time ------------------------------------------------------------------------------------ */

static bool is_ending(uint64_t overdue, bool services)
{
    return services ? overdue > call_limit() : overdue > 0;
}

bool fault_is_due(const struct interrupt_frame *frame, bool *services)
{
    uint64_t overdue = call_overdue();
    struct stack_trace found;

    if (overdue == 0)
        return false;
    stack_trace(space, frame->rsp, &found);
    *services = found.services || !fault_is_ours(frame->rip);
    return is_ending(overdue, *services) && (*services || where_is_image(space, frame->rip));
}

void fault_poll(void)
{
    uint64_t pointer = (uint64_t)__builtin_frame_address(0);
    uint64_t overdue = call_overdue();
    struct interrupt_frame here;
    struct stack_trace found;

    if (overdue == 0)
        return;
    stack_trace(space, pointer, &found);
    frame_here(&here);
    if (is_ending(overdue, found.services))
        call_ended(CALL_LIMIT, &here, (uint64_t)__builtin_return_address(0), pointer,
                   found.services);
}
