/* SPDX-License-Identifier: MIT */
#include "arch-x86_64/relocations.h"

#define ROW(number, type, formula_, width_, range_, use_, got)                                     \
    [number] = { .formula = FORMULA_##formula_,                                                    \
                 .width = (width_),                                                                \
                 .range = RANGE_##range_,                                                          \
                 .use = (use_),                                                                    \
                 .needs_got = (got) }
#define REFUSED(number, type) [number] = { .formula = FORMULA_REFUSED }

const struct relocation elfin_relocations[RELOCATION_COUNT] = {
    ROW(0, NONE, NONE, 0, ANY, 0, false),
    ROW(1, 64, ABSOLUTE, 8, ANY, USE_VALUE, false),
    ROW(2, PC32, RELATIVE, 4, SIGNED, USE_NEAR, false),
    ROW(3, GOT32, SLOT, 4, SIGNED, USE_SLOT, true),
    ROW(4, PLT32, BRANCH, 4, SIGNED, USE_BRANCH, false),
    REFUSED(5, COPY),
    REFUSED(6, GLOB_DAT),
    REFUSED(7, JUMP_SLOT),
    REFUSED(8, RELATIVE),
    ROW(9, GOTPCREL, SLOT_PC, 4, SIGNED, USE_SLOT, false),
    ROW(10, 32, ABSOLUTE, 4, UNSIGNED, USE_ABS32, false),
    ROW(11, 32S, ABSOLUTE, 4, SIGNED, USE_ABS32S, false),
    ROW(12, 16, ABSOLUTE, 2, EITHER, USE_TINY, false),
    ROW(13, PC16, RELATIVE, 2, SIGNED, USE_VALUE, false),
    ROW(14, 8, ABSOLUTE, 1, EITHER, USE_TINY, false),
    ROW(15, PC8, RELATIVE, 1, SIGNED, USE_VALUE, false),
    REFUSED(16, DTPMOD64),
    ROW(17, DTPOFF64, TLS, 8, ANY, USE_TLS, false),
    ROW(18, TPOFF64, TLS, 8, ANY, USE_TLS, false),
    ROW(19, TLSGD, TLS_CALL, 4, SIGNED, USE_TLS, false),
    ROW(20, TLSLD, TLS_CALL, 4, ANY, USE_TLS, false),
    ROW(21, DTPOFF32, TLS, 4, SIGNED, USE_TLS, false),
    ROW(22, GOTTPOFF, TLS_SLOT, 4, SIGNED, USE_TLS, false),
    ROW(23, TPOFF32, TLS, 4, SIGNED, USE_TLS, false),
    ROW(24, PC64, RELATIVE, 8, ANY, USE_VALUE, false),
    ROW(25, GOTOFF64, GOT_OFFSET, 8, ANY, USE_VALUE, true),
    ROW(26, GOTPC32, GOT_PC, 4, SIGNED, 0, true),
    ROW(27, GOT64, SLOT, 8, ANY, USE_SLOT, true),
    ROW(28, GOTPCREL64, SLOT_PC, 8, ANY, USE_SLOT, false),
    ROW(29, GOTPC64, GOT_PC, 8, ANY, 0, true),
    ROW(30, GOTPLT64, SLOT, 8, ANY, USE_SLOT, true),
    ROW(31, PLTOFF64, STUB_OFFSET, 8, ANY, USE_VALUE, true),
    ROW(32, SIZE32, SIZE, 4, UNSIGNED, USE_SIZE, false),
    ROW(33, SIZE64, SIZE, 8, ANY, USE_SIZE, false),
    ROW(34, GOTPC32_TLSDESC, TLS_DESC, 4, SIGNED, USE_TLS, false),
    ROW(35, TLSDESC_CALL, TLS_DESC_CALL, 2, ANY, USE_TLS, false),
    REFUSED(36, TLSDESC),
    REFUSED(37, IRELATIVE),
    REFUSED(38, RELATIVE64),
    ROW(39, PC32_BND, RELATIVE, 4, SIGNED, USE_NEAR, false),
    ROW(40, PLT32_BND, BRANCH, 4, SIGNED, USE_BRANCH, false),
    ROW(41, GOTPCRELX, SLOT_RELAX, 4, SIGNED, USE_SLOT, false),
    ROW(42, REX_GOTPCRELX, SLOT_RELAX, 4, SIGNED, USE_SLOT, false),
    ROW(43, CODE_4_GOTPCRELX, SLOT_REX2, 4, SIGNED, USE_SLOT, false),
    ROW(44, CODE_4_GOTTPOFF, TLS_SLOT_REX2, 4, SIGNED, USE_TLS, false),
    ROW(45, CODE_4_GOTPC32_TLSDESC, TLS_DESC_REX2, 4, SIGNED, USE_TLS, false),
    ROW(46, CODE_5_GOTPCRELX, SLOT_PC, 4, SIGNED, USE_SLOT, false),
    ROW(47, CODE_5_GOTTPOFF, TLS_SLOT_EVEX, 4, SIGNED, USE_TLS, false),
    ROW(48, CODE_5_GOTPC32_TLSDESC, TLS_DESC_EVEX, 4, SIGNED, USE_TLS, false),
    ROW(49, CODE_6_GOTPCRELX, SLOT_PC, 4, SIGNED, USE_SLOT, false),
    ROW(50, CODE_6_GOTTPOFF, TLS_SLOT_EVEX, 4, SIGNED, USE_TLS, false),
    ROW(51, CODE_6_GOTPC32_TLSDESC, TLS_DESC_EVEX, 4, SIGNED, USE_TLS, false),
};

uint16_t elfin_arch_hint(unsigned use, bool is_import)
{
    if (is_import && use & (USE_ABS32 | USE_ABS32S))
        return HINT_IMPORT_HIGH;
    if (use & USE_TINY)
        return HINT_TINY;
    if (use & USE_ABS32)
        return HINT_ABS32;
    if (use & USE_ABS32S)
        return HINT_ABS32S;
    if (use & USE_NEAR)
        return HINT_NEAR;
    return use & USE_BRANCH ? HINT_BRANCH : HINT_NONE;
}
