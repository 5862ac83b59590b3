/* SPDX-License-Identifier: MIT */
#include "monitor/stack.h"

#include "arch-x86_64/calls.h"
#include "monitor/call.h"
#include "monitor/platform.h"
#include "monitor/where.h"

static bool is_code(const elfin_space *space, uint64_t address)
{
    return where_is_image(space, address) || platform_is_service(address);
}

/* The bytes before it are read only where something is. */
static bool is_return_address(const elfin_space *space, uint64_t word)
{
    return !platform_is_own(word) && is_code(space, word) && is_code(space, word - CALLS_LONGEST) &&
           calls_end_at((const uint8_t *)word);
}

void stack_trace(const elfin_space *space, uint64_t pointer, struct stack_trace *trace)
{
    uint64_t low, high, at;

    *trace = (struct stack_trace){ .services = platform_is_service_stack(pointer) };
    call_stack(&low, &high);
    at = pointer - low < high - low ? (pointer + 7) & ~UINT64_C(7) : low;
    for (; at < high && !(trace->caller != 0 && trace->services); at += sizeof(uint64_t)) {
        uint64_t word = *(const uint64_t *)at;

        if (!is_return_address(space, word))
            continue;
        if (!where_is_image(space, word))
            trace->services = true;
        else if (trace->caller == 0)
            trace->caller = word;
    }
}

bool stack_find(const elfin_space *space, uint64_t *place, uint64_t *address)
{
    uint64_t low, high;

    call_stack(&low, &high);
    if (*place - low >= high - low)
        return false;
    for (uint64_t at = (*place + 7) & ~UINT64_C(7); at < high; at += sizeof(uint64_t)) {
        uint64_t word = *(const uint64_t *)at;

        if (!is_return_address(space, word) || !where_is_image(space, word))
            continue;
        *place = at;
        *address = word;
        return true;
    }
    return false;
}
