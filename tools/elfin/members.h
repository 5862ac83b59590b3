/* SPDX-License-Identifier: MIT */
/* Checking archives by themselves: would each of their members load? */
#ifndef ELFIN_TOOL_MEMBERS_H
#define ELFIN_TOOL_MEMBERS_H

#include "tools/elfin/exports.h"
#include "tools/elfin/inputs.h"

/* There is nothing but archives. */
bool members_only(const struct inputs *inputs);

/*
 * Links every member of the archives in turn, as the one object of a group, with all of the
 * archives as libraries. Reports every problem once, however many members have it, and for each
 * archive how many would load if not all would. True if all would.
 */
bool members_check(const struct exports *exports, const struct inputs *inputs);

#endif
