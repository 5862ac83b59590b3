/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_ADOPT_H
#define KERNEL_ADOPT_H

#include <elfin/kernel.h>

#include "monitor/session.h"

/*
 * Makes the modules that elfin.efi has linked the space's own, as if it had loaded them: their init
 * functions run now, with these words. What goes wrong is reported, and then there are none of
 * them. Returns 0, or the status that a load would have.
 */
int adopt_modules(struct session *session, const struct elfin_boot *boot, int argc, char **argv);

#endif
