/* SPDX-License-Identifier: MIT */
/* Numbers of unwind tables: LSB Core 5.0, "DWARF Extensions". */
#ifndef LOADER_EH_FRAME_H
#define LOADER_EH_FRAME_H

#include <stdint.h>

/* Pointer encodings: DW_EH_PE_*. */
enum {
    EH_FORM = 0x0f,
    EH_WORD = 0x00, /* 8 bytes, absolute */
    EH_ULEB = 0x01,
    EH_U2 = 0x02,
    EH_U4 = 0x03,
    EH_U8 = 0x04,
    EH_SLEB = 0x09,
    EH_S2 = 0x0a,
    EH_S4 = 0x0b,
    EH_S8 = 0x0c,
    EH_BASE = 0x70,
    EH_RELATIVE = 0x10,       /* to the field itself */
    EH_INDEX_RELATIVE = 0x30, /* to the start of the index */
    EH_ALIGNED = 0x50,        /* absolute, after padding */
    EH_INDIRECT = 0x80,       /* what stands there is the address of the pointer */
    EH_NOTHING = 0xff,
};

/*
 * The first four bytes of an index, as linkers and the loader write it: its version, and the
 * encodings of the address of .eh_frame, of the number of rows, and of rows.
 */
#define EH_INDEX_HEAD                                                                              \
    (1u | (uint32_t)(EH_RELATIVE | EH_S4) << 8 | (uint32_t)EH_U4 << 16 |                           \
     (uint32_t)(EH_INDEX_RELATIVE | EH_S4) << 24)

/* A row of an index: distances from its start to the code and to its FDE. */
struct eh_row {
    int32_t code, record;
};

#endif
