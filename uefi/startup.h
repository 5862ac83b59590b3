/* SPDX-License-Identifier: MIT */
#ifndef UEFI_STARTUP_H
#define UEFI_STARTUP_H

#include "monitor/session.h"

/*
 * Runs the commands of the first source there is: the load options of the image, the file
 * \elfin\startup.elfin of the boot volume. Then, unless they quit or failed, those of the keyboard.
 * Returns the status to end with. A failing command ends a script, not the keyboard.
 */
int startup_run(struct session *session);

/* The port that \elfin\qemu-exit names, 0 without that file: see channel_exit_machine. */
unsigned startup_exit_port(void);

#endif
