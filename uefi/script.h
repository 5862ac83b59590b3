/* SPDX-License-Identifier: MIT */
#ifndef UEFI_SCRIPT_H
#define UEFI_SCRIPT_H

#include "uefi/session.h"

/*
 * Runs the commands of the first source there is: the load options of the image, the file
 * \elfin\startup.elfin of the boot volume. Then, unless they quit or failed, those of the keyboard.
 * Returns the status to end with. A failing command ends a script, not the keyboard.
 */
int script_run(struct session *session);

/* The port that \elfin\qemu-exit names, 0 without that file: see channel_exit_machine. */
unsigned script_exit_port(struct session *session);

#endif
