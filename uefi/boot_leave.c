/* SPDX-License-Identifier: MIT */
/* The last step: from the firmware into the kernel. */
#include "uefi/boot.h"
#include "uefi/firmware.h"

enum {
    MAP_MARGIN = 8192, /* bytes that the memory map may grow by */
    EXIT_ATTEMPTS = 4, /* an event may change the map between reading it and leaving */
};

typedef void trampoline_function(uint64_t tables, uint64_t stack, uint64_t entry, uint64_t record);

/* False: whose it is does not matter, it is not mapped. */
static bool range_kind(uint32_t type, uint32_t *kind)
{
    uint32_t first = (uint32_t)boot_type(ELFIN_BOOT_FREE);

    if (type >= first && type <= (uint32_t)boot_type(ELFIN_BOOT_KEEP)) {
        *kind = type - first;
        return true;
    }
    switch (type) {
    case EfiConventionalMemory:
    case EfiLoaderCode:
    case EfiLoaderData:
    case EfiBootServicesCode:
    case EfiBootServicesData:
        *kind = ELFIN_BOOT_FREE;
        return true;
    case EfiACPIReclaimMemory:
        *kind = ELFIN_BOOT_ACPI;
        return true;
    case EfiACPIMemoryNVS:
    case EfiRuntimeServicesCode:
    case EfiRuntimeServicesData:
        *kind = ELFIN_BOOT_KEEP;
        return true;
    default:
        return false;
    }
}

/* Keeps the ranges in order; firmware mostly has its map in order as well. */
static bool insert_range(struct boot_jump *jump, const elfin_boot_range *range)
{
    uint64_t at = jump->boot->range_count;

    if (at == jump->range_max)
        return false;
    for (; at > 0 && jump->ranges[at - 1].base > range->base; at--)
        jump->ranges[at] = jump->ranges[at - 1];
    jump->ranges[at] = *range;
    jump->boot->range_count++;
    return true;
}

static bool fill_ranges(struct boot_jump *jump, const char *map, UINTN size, UINTN stride)
{
    jump->boot->range_count = 0;
    for (UINTN at = 0; at + stride <= size; at += stride) {
        const EFI_MEMORY_DESCRIPTOR *entry =
            (const EFI_MEMORY_DESCRIPTOR *)(const void *)(map + at);
        elfin_boot_range range = { .base = entry->PhysicalStart,
                                   .size = entry->NumberOfPages * PAGING_PAGE,
                                   .firmware_type = entry->Type };

        if (range_kind(entry->Type, &range.kind) && range.size > 0 && !insert_range(jump, &range))
            return false;
    }
    return true;
}

EFI_STATUS boot_leave(struct boot_jump *jump)
{
    EFI_BOOT_SERVICES *services = firmware->BootServices;
    trampoline_function *trampoline = (trampoline_function *)jump->trampoline;
    UINTN room = 0, size = 0, key, stride;
    EFI_STATUS status;
    UINT32 version;
    void *map = NULL;

    status = services->GetMemoryMap(&room, NULL, &key, &stride, &version);
    if (status != EFI_BUFFER_TOO_SMALL)
        return status;
    room += MAP_MARGIN;
    status = services->AllocatePool(EfiLoaderData, room, &map);
    for (int i = 0; status == EFI_SUCCESS && i < EXIT_ATTEMPTS; i++) {
        size = room;
        status = services->GetMemoryMap(&size, map, &key, &stride, &version);
        if (status == EFI_SUCCESS && !fill_ranges(jump, map, size, stride))
            status = EFI_OUT_OF_RESOURCES;
        if (status == EFI_SUCCESS && services->ExitBootServices(firmware_image, key) == EFI_SUCCESS)
            trampoline(jump->tables, jump->stack, jump->entry, jump->record);
    }
    if (map != NULL)
        (void)services->FreePool(map);
    return status == EFI_SUCCESS ? EFI_ABORTED : status;
}
