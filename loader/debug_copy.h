/* SPDX-License-Identifier: MIT */
#ifndef LOADER_DEBUG_COPY_H
#define LOADER_DEBUG_COPY_H

#include "loader/debug.h"

/* gABI, section flags: a member of a section group. */
enum {
    SHF_GROUP = 0x200,
};

/*
 * Of an object that may be written to: takes out allocated sections whose sh_addr is 0, as
 * debug_copy.c says.
 */
void elfin_debug_drop(const struct debug_object *copy);

/*
 * debug_pack.c: bytes of a copy of an ET_REL file without what a debugger reads from memory; 0: it
 * would not be smaller than the file, or sections overlap.
 */
uint64_t elfin_debug_packed_size(const struct debug_object *object);
/* Makes such a copy, of that size, which is not 0. */
void elfin_debug_pack(const struct debug_object *object, uint8_t *to);

/* Makes sh_addr 0 of sections that only init needed. False: there are none. */
bool elfin_debug_forget(const struct debug_object *copy, const elfin_group *group);

#endif
