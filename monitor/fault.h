/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_FAULT_H
#define MONITOR_FAULT_H

#include <stdbool.h>

#include "monitor/call.h"

/*
 * Calls that module code does not return from: an exception, a time limit. The console gets a line
 * that names the module, the function and the access, and the modules concerned are marked
 * (ELFIN_MODULE_FAILED).
 */

/* For struct call_machine. The first decides what is still safe, and asks the machine for nothing.
 */
void fault_judge(const struct call_end *end);
void fault_report(const elfin_module *module, const struct call_end *end);

/* The modules that addresses belong to. */
void fault_init(const elfin_space *space);

/*
 * From the timer's interrupt, or whatever else interrupts a call regularly: the call is over its
 * time, and can be ended here. It cannot while code of our own runs, which modules import; then
 * fault_poll ends the call. While a service of the machine is on the stack it is given as long
 * again to return; *services tells that it has not.
 */
bool fault_is_due(const struct interrupt_frame *frame, bool *services);

/* The address is a module's, this program's, or nobody's: not one of code of the machine's. */
bool fault_is_ours(uint64_t address);

/* At the end of exports: ends the call if its time is over. */
void fault_poll(void);

/* How many there have been. */
unsigned fault_count(void);

/*
 * A call has ended with a service of the machine on the stack, or with the heap half changed: what
 * needs either is not safe any more.
 */
bool fault_restricted(void);

#endif
