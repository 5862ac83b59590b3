/* SPDX-License-Identifier: MIT */
#ifndef UEFI_EXIT_H
#define UEFI_EXIT_H

#include "uefi/host.h"

/*
 * The boot service Exit, which would end elfin.efi in the middle of a call, with all that it has
 * changed for the call: while it is caught, it ends the call as `exit` does. For other images it is
 * the firmware's.
 */
void exit_catch(struct uefi_host *host);
void exit_release(struct uefi_host *host);

#endif
