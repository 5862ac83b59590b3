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

/* Whether a global symbol of a module stands for what is there. */
bool where_has_symbol(const elfin_space *space, uint64_t address);

/*
 * An address as people read it: "demo:crash+0x1c"; where no global symbol is, by the section,
 * "demo(.text)+0x40"; outside of modules "0x1234". Cut to size - 1 characters.
 */
void where_format(const elfin_space *space, uint64_t address, char *text, size_t size);

#endif
