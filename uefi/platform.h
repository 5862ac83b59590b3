/* SPDX-License-Identifier: MIT */
#ifndef UEFI_PLATFORM_H
#define UEFI_PLATFORM_H

#include "monitor/platform.h"
#include "uefi/host.h"

/* The machine as elfin.efi has it. */
extern struct uefi_host machine;

/* First of all: the machine, and the callbacks for it. ELFIN_ERR_MEMORY. */
elfin_status platform_init(elfin_host *host);

/* Of QEMU's exit device; 0: there is none. */
void platform_set_exit_port(unsigned port);

#endif
