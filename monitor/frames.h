/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_FRAMES_H
#define MONITOR_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <elfin/elfin.h>

#include "monitor/frame.h"

/*
 * The frames of the call that is being ended: found out while its stack is still there, on the
 * stack of the exception, and told when the machine is as before the call.
 */
void frames_init(const elfin_space *space);

/*
 * From an interruption: all registers are known, and first is 0. Or from code of our own, of which
 * only the registers that functions keep are; the frames before the one at address `first` are left
 * out then.
 */
void frames_take(const struct interrupt_frame *frame, uint64_t first);

/* The innermost address behind a call in a module; 0: there is none. */
uint64_t frames_caller(void);

/* A line for each frame. */
void frames_print(void);

#endif
