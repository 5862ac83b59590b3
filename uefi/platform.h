/* SPDX-License-Identifier: MIT */
#ifndef UEFI_PLATFORM_H
#define UEFI_PLATFORM_H

#include "monitor/platform.h"
#include "uefi/host.h"

/* The machine as elfin.efi has it. */
extern struct uefi_host machine;

/* First of all: the machine, and the callbacks for it. ELFIN_ERR_MEMORY. */
elfin_status platform_init(elfin_host *host);

/* Where files come from (monitor/path.h). */
#define SOURCE_VOLUME  "volume:" /* that elfin.efi was started from */
#define SOURCE_NETWORK "tftp:"

/* Of paths that do not say it; the volume in the beginning. */
void platform_set_source(bool network);

/* Of QEMU's exit device; 0: there is none. */
void platform_set_exit_port(unsigned port);

#endif
