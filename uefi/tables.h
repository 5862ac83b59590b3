/* SPDX-License-Identifier: MIT */
#ifndef UEFI_TABLES_H
#define UEFI_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include <efi.h>

/*
 * The CPU's tables during calls: the firmware's descriptors and a task state of ours, a gate for
 * each vector that the firmware serves and for each exception that code may raise, which lead to
 * the stubs of contain_asm.S, on stacks of the task state. Other gates are the firmware's own.
 */
enum {
    TABLES_VECTORS = 256
};

bool tables_allocate(EFI_BOOT_SERVICES *services);
void tables_free(EFI_BOOT_SERVICES *services);

/* With interrupts masked. Firmware with more descriptors than anybody needs keeps its tables. */
void tables_replace(void);
void tables_restore(void);

/* Where the firmware's gate for the vector leads. */
uint64_t tables_handler(uint64_t vector);

/* The end of the stack that exceptions have; free while there is none. */
uint64_t tables_fault_stack(void);

#endif
