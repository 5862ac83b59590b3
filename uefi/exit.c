/* SPDX-License-Identifier: MIT */
#include "uefi/exit.h"

#include "monitor/exports.h"
#include "uefi/firmware.h"

static EFI_EXIT before;

static EFI_STATUS EFIAPI exit_image(EFI_HANDLE image, EFI_STATUS status, UINTN size, CHAR16 *data)
{
    if (image == firmware_image)
        export_exit(0);
    return before(image, status, size, data);
}

void exit_catch(struct uefi_host *host)
{
    EFI_BOOT_SERVICES *services = host->table->BootServices;

    before = services->Exit;
    services->Exit = exit_image;
}

void exit_release(struct uefi_host *host)
{
    EFI_BOOT_SERVICES *services = host->table->BootServices;

    if (services->Exit == exit_image)
        services->Exit = before;
}
