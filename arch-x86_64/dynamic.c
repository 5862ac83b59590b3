/* SPDX-License-Identifier: MIT */
/* The relocation types of linked files (psABI 4.4.1): few, and all of them 64 bits wide. */
#include "loader/arch.h"

enum {
    R_NONE = 0,
    R_64 = 1,
    R_COPY = 5,
    R_GLOB_DAT = 6,
    R_JUMP_SLOT = 7,
    R_RELATIVE = 8,
    R_DTPMOD64 = 16,
    R_DTPOFF64 = 17,
    R_TPOFF64 = 18,
    R_TLSDESC = 36,
    R_IRELATIVE = 37,
};

enum arch_dynamic elfin_arch_dynamic(uint32_t type)
{
    switch (type) {
    case R_NONE:
        return ARCH_DYNAMIC_NONE;
    case R_64:
        return ARCH_DYNAMIC_SUM;
    case R_GLOB_DAT:
    case R_JUMP_SLOT:
        return ARCH_DYNAMIC_SYMBOL;
    case R_RELATIVE:
        return ARCH_DYNAMIC_BASE;
    case R_IRELATIVE:
        return ARCH_DYNAMIC_RESOLVER;
    default:
        return ARCH_DYNAMIC_REFUSED;
    }
}

uint32_t elfin_arch_dynamic_relative(void)
{
    return R_RELATIVE;
}

uint32_t elfin_arch_dynamic_refusal(uint32_t type)
{
    switch (type) {
    case R_COPY:
        return DEFECT_DYNAMIC_COPY;
    case R_DTPMOD64:
    case R_DTPOFF64:
    case R_TPOFF64:
    case R_TLSDESC:
        return DEFECT_DYNAMIC_TLS;
    default:
        return type < ARCH_TYPE_LIMIT ? DEFECT_DYNAMIC_TYPE : DEFECT_RELOCATION_NUMBER;
    }
}
