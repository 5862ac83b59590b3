/* SPDX-License-Identifier: MIT */
/* What the psABI (3.2, figure 3.4) and call instructions say about frames. */
#include "loader/frames.h"

enum {
    CALL_LONGEST = 7,    /* bytes, without prefixes */
    OPCODE_CALL = 0xe8,  /* and 4 bytes */
    OPCODE_GROUP = 0xff, /* with 2 in ModRM.reg: an indirect call */
    MODRM_CALL = 2 << 3, /* of the middle three bits */
    MODRM_MIDDLE = 7 << 3,
};

uint32_t elfin_arch_frames_kept(void)
{
    return 1u << ELFIN_RBX | 1u << ELFIN_RBP | 0xfu << (ELFIN_R15 - 3);
}

/* Intel SDM volume 2, CALL and section 2.1.5: FF /2 with 0, 1 or 4 bytes of displacement and a SIB
 * byte or none. */
static bool ends_a_call(const uint8_t *end)
{
    static const int8_t indirect[] = { 2, 3, 4, 6, 7 };

    if (end[-5] == OPCODE_CALL)
        return true;
    for (unsigned i = 0; i < sizeof(indirect); i++) {
        const uint8_t *opcode = end - indirect[i];

        if (opcode[0] == OPCODE_GROUP && (opcode[1] & MODRM_MIDDLE) == MODRM_CALL)
            return true;
    }
    return false;
}

bool elfin_arch_frames_is_return(struct frames_reader *r, uint64_t address)
{
    uint8_t bytes[CALL_LONGEST];

    elfin_frames_spend(r, sizeof(bytes));
    return r->walker->read(r->walker->ctx, address - sizeof(bytes), bytes, sizeof(bytes)) &&
           ends_a_call(bytes + sizeof(bytes));
}

bool elfin_arch_frames_by_pointer(const elfin_walker *walker, elfin_registers *registers)
{
    uint64_t frame = registers->value[ELFIN_RBP], words[2];

    if (!(registers->known >> ELFIN_RBP & 1) || frame < registers->value[ELFIN_RSP] ||
        !walker->read(walker->ctx, frame, words, sizeof(words)))
        return false;
    registers->value[ELFIN_RBP] = words[0];
    registers->value[ELFIN_RIP] = words[1];
    registers->value[ELFIN_RSP] = frame + sizeof(words);
    registers->known = 1u << ELFIN_RBP | 1u << ELFIN_RIP | 1u << ELFIN_RSP;
    return true;
}

bool elfin_arch_frames_by_top(const elfin_walker *walker, elfin_registers *registers)
{
    uint64_t top = registers->value[ELFIN_RSP], word;

    if (!walker->read(walker->ctx, top, &word, sizeof(word)))
        return false;
    registers->value[ELFIN_RIP] = word;
    registers->value[ELFIN_RSP] = top + sizeof(word);
    return true;
}
