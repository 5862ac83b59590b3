/* SPDX-License-Identifier: MIT */
#ifndef UEFI_CONTAIN_H
#define UEFI_CONTAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "uefi/host.h"

/*
 * Exceptions in module code end the call; all else that interrupts the CPU is the firmware's.
 *
 * During calls, and only then, the CPU has an interrupt table of ours: each gate hands on to the
 * firmware's, but for exceptions of the call's. It has a copy of the firmware's descriptors with a
 * task state of ours, so that exceptions have stacks of their own, whatever has become of the
 * module's. Module code runs on a stack with a guard page below and above. The firmware's interrupt
 * handlers run on a stack apart from that, so they neither overflow it nor touch red zones. Page 0
 * is not present.
 *
 * Guard pages and page 0 take page rights (uefi/rights.h): without, neither exists. False: there is
 * no memory for it; faults stay the firmware's.
 */
bool contain_begin(struct uefi_host *host);

/* Of the firmware's interrupt handlers, and of what they call. */
bool contain_is_interrupt_stack(uint64_t pointer);

/* Gives everything back. No call is in progress. */
void contain_end(void);

#endif
