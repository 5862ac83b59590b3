/* SPDX-License-Identifier: MIT */
#ifndef UEFI_RIGHTS_H
#define UEFI_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include <efi.h>
#include <elfin/elfin.h>

/*
 * Page rights by the firmware: EFI_MEMORY_ATTRIBUTE_PROTOCOL, or else the DXE services
 * (SetMemorySpaceAttributes of the Platform Initialization specification), which firmware made of
 * EDK2 has and which go by the page where the CPU's driver of that firmware does, as in OVMF. Where
 * there is neither, memory stays readable, writable and executable.
 */
struct uefi_memory_attributes;
struct uefi_dxe_services;

struct uefi_rights {
    struct uefi_memory_attributes *protocol; /* NULL: by the other way */
    struct uefi_dxe_services *services;      /* NULL: in no way, without the protocol */
};

void uefi_rights_init(struct uefi_rights *rights, EFI_SYSTEM_TABLE *table);

static inline bool uefi_rights_exist(const struct uefi_rights *rights)
{
    return rights->protocol != NULL || rights->services != NULL;
}

/* Whole pages of one allocation. At no time are they writable and executable. False: it failed. */
bool uefi_rights_set(const struct uefi_rights *rights, uint64_t base, uint64_t size,
                     elfin_rights wanted);

/* The rights that a page has now, for uefi_rights_put. False: the firmware does not tell. */
bool uefi_rights_get(const struct uefi_rights *rights, uint64_t base, uint64_t *attributes);
bool uefi_rights_put(const struct uefi_rights *rights, uint64_t base, uint64_t size,
                     uint64_t attributes);

/* Makes pages not present. False: it failed, or cannot be done. */
bool uefi_rights_hide(const struct uefi_rights *rights, uint64_t base, uint64_t size);

/* Makes pages what they were when the firmware gave them. */
void uefi_rights_reset(const struct uefi_rights *rights, uint64_t base, uint64_t size);

#endif
