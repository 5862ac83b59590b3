/* SPDX-License-Identifier: MIT */
#include "uefi/progress.h"

#include "uefi/console.h"
#include "uefi/firmware.h"

#define PERIOD_SECONDS        1
#define PERIOD_100NANOSECONDS (PERIOD_SECONDS * UINT64_C(10000000))

static EFI_EVENT timer;
static const char *subject;
static unsigned seconds;

/* Runs from the timer interrupt, between any two instructions of the console at worst. */
static VOID EFIAPI tick(EFI_EVENT event, VOID *context)
{
    (void)event;
    (void)context;
    seconds += PERIOD_SECONDS;
    if (console_busy())
        return;
    console_fresh_line();
    console_print("... %s, %u s\n", subject, seconds);
}

void progress_begin(const char *what)
{
    EFI_BOOT_SERVICES *services = firmware->BootServices;

    subject = what;
    seconds = 0;
    if (services->CreateEvent(EVT_TIMER | EVT_NOTIFY_SIGNAL, TPL_CALLBACK, tick, NULL, &timer) !=
        EFI_SUCCESS) {
        timer = NULL;
        return;
    }
    services->SetTimer(timer, TimerPeriodic, PERIOD_100NANOSECONDS);
}

void progress_end(void)
{
    if (timer != NULL)
        firmware->BootServices->CloseEvent(timer);
    timer = NULL;
}
