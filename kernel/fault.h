/* SPDX-License-Identifier: MIT */
/* Exceptions: those in calls into modules end the call, all others the machine. */
#ifndef KERNEL_FAULT_H
#define KERNEL_FAULT_H

#include "kernel/cpu.h"
#include "monitor/frame.h"

_Noreturn void exception_handle(const struct interrupt_frame *frame);

/* From the timer's interrupt, last: does not return if the interrupted call is over its time. */
void exception_check_time(const struct interrupt_frame *frame);

#endif
