/* SPDX-License-Identifier: MIT */
#ifndef UEFI_DEBUGGER_H
#define UEFI_DEBUGGER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * For tools/gdb/elfin.py: under QEMU, reads one byte at the end of the firmware's flash memory. A
 * debugger that watches it from the first instruction on stops there, with DEBUGGER_MAGIC in RAX
 * and the image's base in RDX, before anything else has happened. Nobody sees it otherwise.
 */
void debugger_announce(uint64_t base);

#endif
