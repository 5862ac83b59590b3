/* SPDX-License-Identifier: MIT */
/* Ends in an exception that nobody handles: later, when the firmware calls it. */
#include <efi.h>

#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_INTERRUPTS;

int crash(void);

static VOID EFIAPI notify(EFI_EVENT event, VOID *context)
{
    (void)event;
    (void)context;
    __builtin_trap();
}

int crash(void)
{
    EFI_BOOT_SERVICES *services = ((EFI_SYSTEM_TABLE *)elfin_system_table)->BootServices;
    EFI_EVENT event;

    if (services->CreateEvent(EVT_TIMER | EVT_NOTIFY_SIGNAL, TPL_CALLBACK, notify, NULL, &event) !=
        EFI_SUCCESS)
        return 1;
    return services->SetTimer(event, TimerRelative, 1000000) != EFI_SUCCESS;
}
