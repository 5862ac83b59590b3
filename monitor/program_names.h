/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_PROGRAM_NAMES_H
#define MONITOR_PROGRAM_NAMES_H

#include <elfin/debug.h>

/* The functions of the program that this is a part of, as `elfin names` has written them. */
extern const elfin_symbol_table program_names;

#endif
