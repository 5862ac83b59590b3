/* SPDX-License-Identifier: MIT */
/* elfin.efi: loads object files on a machine that has nothing but its firmware. */
#include <elfin/debug.h>

#include "monitor/channel.h"
#include "monitor/console.h"
#include "monitor/exports.h"
#include "monitor/fault.h"
#include "monitor/platform.h"
#include "monitor/trace.h"
#include "uefi/contain.h"
#include "uefi/firmware.h"
#include "uefi/network.h"
#include "uefi/platform.h"
#include "uefi/startup.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

static void log_line(const char *text)
{
    console_fresh_line();
    console_print("%s\n", text);
}

static elfin_status session_begin(struct session *session)
{
    elfin_host host;
    elfin_status status = platform_init(&host);

    if (status != ELFIN_OK)
        return status;
    machine.log = log_line;
    host.programs = &elfin_programs;
    host.images = &elfin_images;
    host.rebinding = &elfin_rebinding;
    host.debugging = &elfin_debugging;
    host.debug = ELFIN_DEBUG_GDB | ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES;
    host.code_images = platform_names();
    host.unwind_add = exports_unwind_add;
    host.unwind_remove = exports_unwind_remove;
    trace_begin(&host);
    status = elfin_space_init(&session->space, &host);
    if (status == ELFIN_OK)
        status = exports_add(&session->space);
    if (status != ELFIN_OK)
        return status;
    fault_init(&session->space);
    if (!contain_begin(&machine))
        console_print("faults of modules are not contained: out of memory\n");
    call_set_limit(CALL_SECONDS * platform_ticks_per_second());
    return ELFIN_OK;
}

/* The outcome is a failure if an exit function fails. */
static int session_end(struct session *session, int outcome)
{
    unsigned faults = fault_count();
    elfin_status status = elfin_space_destroy(&session->space);

    if (status != ELFIN_OK)
        console_print("error: unloading everything: %s\n", elfin_status_text(status));
    if (outcome == STATUS_SUCCESS && fault_count() != faults)
        outcome = STATUS_FAILURE;
    if (fault_restricted()) /* what has been called last did that */
        platform_end(outcome);
    contain_end();
    network_end();
    uefi_host_finish(&machine);
    return outcome;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    static struct session session;
    unsigned exit_port;
    elfin_status begun;
    int status = STATUS_FAILURE;

    firmware_init(image, table);
    console_init();
    begun = session_begin(&session);
    if (begun != ELFIN_OK) {
        console_print("error: elfin.efi cannot start: %s\n", elfin_status_text(begun));
        return EFI_OUT_OF_RESOURCES;
    }
    exit_port = startup_exit_port();
    platform_set_exit_port(exit_port);
    status = startup_run(&session);
    status = session_end(&session, status);
    channel_exit_machine(exit_port, (unsigned)status);
    return (EFI_STATUS)status;
}
