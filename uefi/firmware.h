/* SPDX-License-Identifier: MIT */
#ifndef UEFI_FIRMWARE_H
#define UEFI_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <efi.h>

/*
 * The firmware as this application sees it: the two values that efi_main is given, kept for the
 * whole program because a UEFI application is one program on one processor without threads.
 */
extern EFI_SYSTEM_TABLE *firmware;
extern EFI_HANDLE firmware_image;

void firmware_init(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

/* "not found", ... ; never NULL. */
const char *firmware_status_text(EFI_STATUS status);

/* A value of the processor's time-stamp counter. */
uint64_t firmware_ticks(void);

/* Ticks per second, measured against the firmware's clock at the first call (10 ms). */
uint64_t firmware_ticks_per_second(void);

/*
 * Module code may run with interrupts masked (see call.h), while the firmware's services run with
 * interrupts enabled and mostly enable them themselves when they return. So every function that
 * modules may call and that enters the firmware does so between these two.
 */
uint64_t firmware_enter(void);
void firmware_leave(uint64_t flags);

#endif
