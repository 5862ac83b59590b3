/* SPDX-License-Identifier: MIT */
#ifndef LOADER_DEBUG_COPY_H
#define LOADER_DEBUG_COPY_H

#include "loader/debug.h"

/*
 * Of an object that may be written to: takes out allocated sections whose sh_addr is 0, as
 * debug_copy.c says.
 */
void elfin_debug_drop(const struct debug_object *copy);

/* Makes sh_addr 0 of sections that only init needed. False: there are none. */
bool elfin_debug_forget(const struct debug_object *copy, const elfin_group *group);

#endif
