/* SPDX-License-Identifier: MIT */
#include "kernel/fault.h"

#include <stddef.h>

#include "kernel/panic.h"
#include "monitor/call.h"
#include "monitor/console.h"
#include "monitor/where.h"

enum {
    PAGE_FAULT = 14,
    ERROR_PRESENT = 1 << 0,
    ERROR_WRITE = 1 << 1,
    ERROR_FETCH = 1 << 4,
    TEXT_SIZE = 256
};

static const elfin_space *space;

void fault_init(const elfin_space *modules)
{
    space = modules;
}

/* Intel SDM volume 3A, table 6-1. */
static const char *name_of(uint64_t vector)
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

static void report_access(const struct interrupt_frame *frame)
{
    char target[TEXT_SIZE];
    uint64_t address;

    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    where_format(space, address, target, sizeof(target));
    console_print(": %s %s 0x%llx",
                  frame->error & ERROR_FETCH   ? "executing"
                  : frame->error & ERROR_WRITE ? "writing"
                                               : "reading",
                  frame->error & ERROR_PRESENT ? "protected" : "unmapped",
                  (unsigned long long)address);
    if (where_module(space, address) != NULL)
        console_print(" (%s)", target);
}

static void report(const struct interrupt_frame *frame)
{
    char place[TEXT_SIZE];

    where_format(space, frame->rip, place, sizeof(place));
    console_fresh_line();
    console_print("error: %s at %s", name_of(frame->vector), place);
    if (frame->vector == PAGE_FAULT)
        report_access(frame);
    else if (frame->error != 0)
        console_print(", error code 0x%llx", (unsigned long long)frame->error);
    console_print("\n");
}

void fault_handle(struct interrupt_frame *frame)
{
    static bool reporting;

    if (!reporting) {
        reporting = true;
        report(frame);
        reporting = false;
        call_abandon();
    }
    panic("%s at 0x%llx, stack 0x%llx: not in a call", name_of(frame->vector),
          (unsigned long long)frame->rip, (unsigned long long)frame->rsp);
}
