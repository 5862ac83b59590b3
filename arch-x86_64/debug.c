/* SPDX-License-Identifier: MIT */
/* Relocations of debug sections: sums only, as linkers know no others there. */
#include "arch-x86_64/relocations.h"

enum arch_debug elfin_arch_debug_store(uint8_t *at, uint64_t left, uint32_t type, uint64_t value)
{
    const struct relocation *r = type < RELOCATION_COUNT ? &elfin_relocations[type] : NULL;

    if (r && r->formula == FORMULA_NONE)
        return ARCH_DEBUG_STORED;
    if (!r || r->formula != FORMULA_ABSOLUTE)
        return ARCH_DEBUG_TYPE;
    if (r->width > left)
        return ARCH_DEBUG_PLACE;
    if (!elfin_field_holds(value, r))
        return ARCH_DEBUG_RANGE;
    for (unsigned i = 0; i < r->width; i++)
        at[i] = (uint8_t)(value >> 8 * i);
    return ARCH_DEBUG_STORED;
}
