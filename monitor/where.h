/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_WHERE_H
#define MONITOR_WHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfin/elfin.h>

/* The module that an address lies in; NULL: none. */
elfin_module *where_module(const elfin_space *space, uint64_t address);

/* Whether any module's memory lies there, stubs and slots included. */
bool where_is_image(const elfin_space *space, uint64_t address);

/* Whether a symbol of a module stands for what is there. */
bool where_has_symbol(const elfin_space *space, uint64_t address);

/*
 * An address as people read it: "demo:crash+0x1c"; where no symbol is, by the section,
 * "demo(.text)+0x40"; in code of our own "elfin.efi:script_run+0x1c"; in an image of the machine's
 * "DxeCore+0x1234"; else "0x1234": false. Cut to size - 1 characters.
 */
bool where_format(const elfin_space *space, uint64_t address, char *text, size_t size);

/* "demo.c:12", or "" if that is not known. */
void where_line(const elfin_space *space, uint64_t address, char *text, size_t size);

/*
 * The address that a frame of the stack is at, as "crash at demo.c:12 (demo+0x1c)". `called`: it is
 * the one behind a call, so that function and line are those of the byte before.
 */
void where_frame(const elfin_space *space, uint64_t address, bool called, char *text, size_t size);

#endif
