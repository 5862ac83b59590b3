/* SPDX-License-Identifier: MIT */
/* Faults and loops with services of the firmware on the stack, or behind it. */
#include <efi.h>

#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("services");
ELFIN_INTERRUPTS;

static volatile UINT64 zero;

UINT64 priority(void);
UINT64 fault_at_high_priority(void);
UINT64 fault_after_service(void);
UINT64 exit_application(void);
UINT64 fault_in_service(void);
UINT64 fault_in_event(void);
UINT64 break_screen(void);
UINT64 abort_in_event(void);
UINT64 fault_in_timer(void);
UINT64 loop_in_event(void);
UINT64 loop_in_service(void);
UINT64 abort_in_timer(void);
UINT64 print_in_timer(void);
void abort(void);

static EFI_BOOT_SERVICES *services(void)
{
    return ((EFI_SYSTEM_TABLE *)elfin_system_table)->BootServices;
}

UINT64 priority(void)
{
    EFI_TPL old = services()->RaiseTPL(TPL_HIGH_LEVEL);

    services()->RestoreTPL(old);
    return old;
}

UINT64 fault_at_high_priority(void)
{
    services()->RaiseTPL(TPL_HIGH_LEVEL);
    return *(volatile UINT64 *)zero;
}

UINT64 exit_application(void)
{
    return services()->Exit(elfin_image_handle, EFI_SUCCESS, 0, NULL);
}

/* The service has returned: it is not on the stack. */
UINT64 fault_after_service(void)
{
    services()->Stall(1);
    return *(volatile UINT64 *)zero;
}

UINT64 fault_in_service(void)
{
    services()->CopyMem((void *)(zero + 0x8000000000000000), &services, 64);
    return 0;
}

/* The report cannot be shown on the screen. */
UINT64 break_screen(void)
{
    EFI_SYSTEM_TABLE *table = elfin_system_table;

    *(volatile UINT64 *)&table->ConOut->OutputString = zero + 0x8000000000000000;
    return fault_in_service();
}

static VOID EFIAPI fault(EFI_EVENT event, VOID *context)
{
    (void)event;
    (void)context;
    elfin_print("called back\n");
    zero = *(volatile UINT64 *)zero;
}

static VOID EFIAPI give_up(EFI_EVENT event, VOID *context)
{
    (void)event;
    (void)context;
    abort();
}

static VOID EFIAPI loop(EFI_EVENT event, VOID *context)
{
    (void)event;
    (void)context;
    while (zero == 0) {
    }
}

static UINT64 signal(EFI_EVENT_NOTIFY notify)
{
    EFI_EVENT event;

    if (services()->CreateEvent(EVT_NOTIFY_SIGNAL, TPL_CALLBACK, notify, NULL, &event) !=
        EFI_SUCCESS)
        return 1;
    services()->SignalEvent(event);
    return 2;
}

UINT64 fault_in_event(void)
{
    return signal(fault);
}

UINT64 abort_in_event(void)
{
    return signal(give_up);
}

UINT64 loop_in_event(void)
{
    return signal(loop);
}

/* The notification comes from the firmware's timer interrupt. */
UINT64 fault_in_timer(void)
{
    EFI_EVENT event;

    if (services()->CreateEvent(EVT_TIMER | EVT_NOTIFY_SIGNAL, TPL_CALLBACK, fault, NULL, &event) !=
        EFI_SUCCESS)
        return 1;
    services()->SetTimer(event, TimerRelative, 1);
    while (zero == 0) {
    }
    return 2;
}

/* Nothing of what services leave on the stack. */
static void wipe(void)
{
    volatile char below[64 << 10];

    for (UINTN i = 0; i < sizeof(below); i++)
        below[i] = 0;
}

static UINT64 notify_later(EFI_EVENT_NOTIFY notify)
{
    EFI_EVENT event;

    if (services()->CreateEvent(EVT_TIMER | EVT_NOTIFY_SIGNAL, TPL_CALLBACK, notify, NULL,
                                &event) != EFI_SUCCESS)
        return 1;
    services()->SetTimer(event, TimerRelative, 1000000);
    wipe();
    while (zero == 0) {
    }
    return 2;
}

UINT64 abort_in_timer(void)
{
    return notify_later(give_up);
}

static VOID EFIAPI print_on(EFI_EVENT event, VOID *context)
{
    (void)event;
    (void)context;
    while (zero == 0)
        elfin_print("%s", "");
}

/* The firmware may hold back its timer in the meantime. */
UINT64 print_in_timer(void)
{
    return notify_later(print_on);
}

/* Nobody ever signals it. */
UINT64 loop_in_service(void)
{
    EFI_EVENT event;
    UINTN index;

    if (services()->CreateEvent(0, TPL_CALLBACK, NULL, NULL, &event) != EFI_SUCCESS)
        return 1;
    services()->WaitForEvent(1, &event, &index);
    return 2;
}
