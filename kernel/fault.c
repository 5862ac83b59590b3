/* SPDX-License-Identifier: MIT */
#include "kernel/fault.h"

#include "kernel/panic.h"
#include "monitor/fault.h"

void exception_handle(const struct interrupt_frame *frame)
{
    uint64_t address;

    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    if (exception_is_of_code(frame->vector))
        call_interrupted(CALL_FAULT, frame, address, false);
    panic("exception %llu at 0x%llx, stack 0x%llx, not in a call",
          (unsigned long long)frame->vector, (unsigned long long)frame->rip,
          (unsigned long long)frame->rsp);
}

void exception_check_time(const struct interrupt_frame *frame)
{
    bool services;

    if (fault_is_due(frame, &services) && !services)
        call_interrupted(CALL_LIMIT, frame, 0, false);
}
