/* SPDX-License-Identifier: MIT */
#ifndef UEFI_CPUS_H
#define UEFI_CPUS_H

#include <stdbool.h>
#include <stdint.h>

#include <efi.h>

/*
 * The other CPUs of a UEFI machine, through EFI_MP_SERVICES_PROTOCOL (UEFI PI 1.8, volume 2, 13.4),
 * as elfin_host.parallel wants them.
 *
 * Firmware takes milliseconds to start them, and up to a tenth of a second to notice that they have
 * finished. So they are started once for a load, and between its phases they wait for more work in
 * a loop of ours. They leave when module code is about to run, which might want them, when they
 * have waited for long, and in any case before uefi_cpus_finish returns. When they cannot be had,
 * the calling CPU works alone.
 */
struct uefi_mp_services;

struct uefi_cpus {
    EFI_BOOT_SERVICES *boot;
    struct uefi_mp_services *services; /* NULL: there is one CPU */
    EFI_EVENT event;                   /* signalled when all that were started have finished */
    bool started;                      /* and not yet signalled */
    uint32_t count;                    /* that the firmware offers, the calling one included */
    uint32_t limit;                    /* that may work; an application may lower it */

    /* Written by several CPUs. */
    uint32_t waiting; /* in the loop, or on the way out of it */
    uint32_t working;
    uint32_t round; /* odd: there is work */
    uint32_t taken; /* how often another CPU has taken part in some */
    bool leave;
    void (*work)(void *arg);
    void *arg;
};

void uefi_cpus_init(struct uefi_cpus *cpus, EFI_BOOT_SERVICES *boot);

/* Calls work(arg) on the calling CPU and those others that come before it is done. */
void uefi_cpus_run(struct uefi_cpus *cpus, void (*work)(void *arg), void *arg);

/* The other CPUs leave, soon. */
void uefi_cpus_leave(struct uefi_cpus *cpus);

/* Returns when no other CPU runs our code. */
void uefi_cpus_finish(struct uefi_cpus *cpus);

#endif
