/* SPDX-License-Identifier: MIT */
/* A UEFI application that loads \module.o from its volume and calls its function `answer`. */
#include "monitor/call.h"
#include "uefi/files.h"
#include "uefi/host.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    struct uefi_host memory;
    elfin_host host;
    elfin_space space;
    elfin_input input = { .file = "module.o" };
    elfin_group *group;
    const elfin_module *owner;
    uint64_t address, answer = 0;
    const uint64_t arguments[CALL_ARGUMENTS] = { 0 };
    void *file;

    firmware_init(image, table);
    if (uefi_host_init(&memory, table, &host) != ELFIN_OK ||
        elfin_space_init(&space, &host) != ELFIN_OK ||
        files_read(&memory.heap, input.file, &file, &input.size) != EFI_SUCCESS)
        return EFI_LOAD_ERROR;
    input.data = file;
    if (elfin_load(&space, &input, 1, NULL, &group, NULL) == ELFIN_OK &&
        elfin_lookup(&space, "answer", &address, &owner) == ELFIN_OK)
        call_function(owner, address, arguments, &answer);
    elfin_space_destroy(&space);
    uefi_host_finish(&memory);
    return answer == 42 ? EFI_SUCCESS : EFI_ABORTED;
}
