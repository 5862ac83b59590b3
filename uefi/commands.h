/* SPDX-License-Identifier: MIT */
/* The commands that only elfin.efi has. */
#ifndef UEFI_COMMANDS_H
#define UEFI_COMMANDS_H

#include "monitor/commands.h"

command_function command_cpus, command_boot, command_from;

#endif
