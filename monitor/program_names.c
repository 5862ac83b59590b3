/* SPDX-License-Identifier: MIT */
#include "monitor/program_names.h"

/* Of a program that is linked for the first time; see tools/link-named.sh. */
__attribute__((weak)) const elfin_symbol_table program_names = {
    .version = ELFIN_SYMBOL_TABLE_VERSION
};
