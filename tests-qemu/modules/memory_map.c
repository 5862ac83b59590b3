/* SPDX-License-Identifier: MIT */
/* Prints the firmware's memory map, a line for each entry: type, base, pages. */
#include <efi.h>

#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("memory_map");
ELFIN_INTERRUPTS;

enum {
    MAP_SIZE = 256 * 1024
};

int print_memory_map(void);

int print_memory_map(void)
{
    EFI_SYSTEM_TABLE *table = elfin_system_table;
    UINTN size = MAP_SIZE, key, stride;
    UINT32 version;
    char *map = malloc(size);

    if (map == NULL || table->BootServices->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map, &key,
                                                         &stride, &version) != EFI_SUCCESS)
        return -1;
    for (UINTN at = 0; at + stride <= size; at += stride) {
        const EFI_MEMORY_DESCRIPTOR *entry = (const EFI_MEMORY_DESCRIPTOR *)(map + at);

        elfin_print("%u 0x%llx %llu\n", entry->Type, (unsigned long long)entry->PhysicalStart,
                    (unsigned long long)entry->NumberOfPages);
    }
    free(map);
    return (int)(size / stride);
}
