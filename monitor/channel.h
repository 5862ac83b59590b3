/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_CHANNEL_H
#define MONITOR_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The plain-text channel: what the console prints, once, with "\n" line ends, without escape
 * sequences and without the firmware's own lines, on the debug console at I/O port 0xe9 (Bochs,
 * QEMU's `-device isa-debugcon,iobase=0xe9`). That device answers reads with 0xe9, so its presence
 * is known without configuration and nothing is ever written to a port that is not it.
 */
void channel_init(void);
void channel_write(const char *text, size_t length);

/*
 * Hands the status to QEMU's isa-debug-exit device at the port; returns only when there is none.
 * QEMU exits with (status + 2) * 2 + 1: odd, and neither 1 (QEMU's own failures) nor 3.
 */
void channel_exit_machine(unsigned port, unsigned status);

#endif
