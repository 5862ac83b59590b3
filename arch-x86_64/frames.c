/* SPDX-License-Identifier: MIT */
/* What the psABI (3.2, figure 3.4) and call instructions say about frames. */
#include "arch-x86_64/calls.h"
#include "loader/frames.h"

uint32_t elfin_arch_frames_kept(void)
{
    return 1u << ELFIN_RBX | 1u << ELFIN_RBP | 0xfu << (ELFIN_R15 - 3);
}

bool elfin_arch_frames_is_return(struct frames_reader *r, uint64_t address)
{
    uint8_t bytes[CALLS_LONGEST];

    elfin_frames_spend(r, sizeof(bytes));
    return r->walker->read(r->walker->ctx, address - sizeof(bytes), bytes, sizeof(bytes)) &&
           calls_end_at(bytes + sizeof(bytes));
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
