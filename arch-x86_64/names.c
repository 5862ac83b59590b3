/* SPDX-License-Identifier: MIT */
/* The relocation types' names (psABI 4.4.1), for reports: nothing is decided by them. */
#include "loader/arch.h"

/* One after the other, by number: a table of pointers would be writable in a PIE. */
#define NAME(name) "R_X86_64_" #name "\0"
static const char names[] =
    NAME(NONE) NAME(64) NAME(PC32) NAME(GOT32) NAME(PLT32) NAME(COPY) NAME(GLOB_DAT) NAME(JUMP_SLOT)
        NAME(RELATIVE) NAME(GOTPCREL) NAME(32) NAME(32S) NAME(16) NAME(PC16) NAME(8) NAME(PC8)
            NAME(DTPMOD64) NAME(DTPOFF64) NAME(TPOFF64) NAME(TLSGD) NAME(TLSLD) NAME(DTPOFF32)
                NAME(GOTTPOFF) NAME(TPOFF32) NAME(PC64) NAME(GOTOFF64) NAME(GOTPC32) NAME(GOT64)
                    NAME(GOTPCREL64) NAME(GOTPC64) NAME(GOTPLT64) NAME(PLTOFF64) NAME(SIZE32)
                        NAME(SIZE64) NAME(GOTPC32_TLSDESC) NAME(TLSDESC_CALL) NAME(TLSDESC)
                            NAME(IRELATIVE) NAME(RELATIVE64) NAME(PC32_BND) NAME(PLT32_BND)
                                NAME(GOTPCRELX) NAME(REX_GOTPCRELX) NAME(CODE_4_GOTPCRELX)
                                    NAME(CODE_4_GOTTPOFF) NAME(CODE_4_GOTPC32_TLSDESC)
                                        NAME(CODE_5_GOTPCRELX) NAME(CODE_5_GOTTPOFF)
                                            NAME(CODE_5_GOTPC32_TLSDESC) NAME(CODE_6_GOTPCRELX)
                                                NAME(CODE_6_GOTTPOFF) NAME(CODE_6_GOTPC32_TLSDESC);

const char *elfin_arch_relocation_name(uint32_t type)
{
    const char *name = names;

    if (type >= ARCH_TYPE_LIMIT)
        return NULL;
    for (; type; name++)
        type -= *name == 0;
    return name;
}
