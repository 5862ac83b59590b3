/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LOADER_H
#define KERNEL_LOADER_H

#include <elfin/elfin.h>

/* The host callbacks that every loader of modules needs. */
void loader_host(elfin_host *host);

#endif
