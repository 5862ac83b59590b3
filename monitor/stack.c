/* SPDX-License-Identifier: MIT */
#include "monitor/stack.h"

#include "monitor/call.h"
#include "monitor/platform.h"
#include "monitor/where.h"

enum {
    CALL_LONGEST = 7,    /* bytes, without prefixes */
    OPCODE_CALL = 0xe8,  /* and 4 bytes */
    OPCODE_GROUP = 0xff, /* with 2 in ModRM.reg: an indirect call */
    MODRM_CALL = 2 << 3, /* of the middle three bits */
    MODRM_MIDDLE = 7 << 3,
};

/* Intel SDM volume 2, CALL and section 2.1.5: FF /2 with 0, 1 or 4 bytes of displacement and a SIB
 * byte or none. */
static bool ends_a_call(const uint8_t *end)
{
    static const int indirect[] = { 2, 3, 4, 6, 7 };

    if (end[-5] == OPCODE_CALL)
        return true;
    for (unsigned i = 0; i < sizeof(indirect) / sizeof(indirect[0]); i++) {
        const uint8_t *opcode = end - indirect[i];

        if (opcode[0] == OPCODE_GROUP && (opcode[1] & MODRM_MIDDLE) == MODRM_CALL)
            return true;
    }
    return false;
}

static bool is_code(const elfin_space *space, uint64_t address)
{
    return where_is_image(space, address) || platform_is_service(address);
}

/* The bytes before it are read only where something is. */
static bool is_return_address(const elfin_space *space, uint64_t word)
{
    return !platform_is_own(word) && is_code(space, word) && is_code(space, word - CALL_LONGEST) &&
           ends_a_call((const uint8_t *)word);
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
