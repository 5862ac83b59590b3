/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_PLATFORM_H
#define KERNEL_PLATFORM_H

#include <elfin/kernel.h>

#include "monitor/platform.h"

/* The record stays where it is: its files are the kernel's. */
void platform_init(const struct elfin_boot *record);
const struct elfin_boot *platform_record(void);

#endif
