/* SPDX-License-Identifier: MIT */
/* Exceptions: those in calls into modules end the call, all others the machine. */
#ifndef KERNEL_FAULT_H
#define KERNEL_FAULT_H

#include <elfin/elfin.h>

#include "kernel/cpu.h"

/* Reports name what they find in this space. */
void fault_init(const elfin_space *space);

/* Returns only from a breakpoint that nobody waits for. */
void fault_handle(struct interrupt_frame *frame);

#endif
