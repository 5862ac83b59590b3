/* SPDX-License-Identifier: MIT */
/* What tells return addresses from other words. */
#ifndef ARCH_X86_64_CALLS_H
#define ARCH_X86_64_CALLS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CALLS_LONGEST = 7,    /* bytes, without prefixes */
    CALLS_DIRECT = 0xe8,  /* and 4 bytes */
    CALLS_GROUP = 0xff,   /* with 2 in ModRM.reg: an indirect call */
    CALLS_MODRM = 2 << 3, /* of the middle three bits */
    CALLS_MODRM_MIDDLE = 7 << 3
};

/*
 * Whether the CALLS_LONGEST bytes before `end` may end with a call instruction. Intel SDM volume 2,
 * CALL and section 2.1.5: E8 and 4 bytes; FF /2 with 0, 1 or 4 bytes of displacement and a SIB byte
 * or none.
 */
static inline bool calls_end_at(const uint8_t *end)
{
    static const int8_t indirect[] = { 2, 3, 4, 6, 7 };

    if (end[-5] == CALLS_DIRECT)
        return true;
    for (unsigned i = 0; i < sizeof(indirect); i++) {
        const uint8_t *opcode = end - indirect[i];

        if (opcode[0] == CALLS_GROUP && (opcode[1] & CALLS_MODRM_MIDDLE) == CALLS_MODRM)
            return true;
    }
    return false;
}

#endif
