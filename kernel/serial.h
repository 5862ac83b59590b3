/* SPDX-License-Identifier: MIT */
/* The first serial port, 115200 8N1: screen and keyboard. */
#ifndef KERNEL_SERIAL_H
#define KERNEL_SERIAL_H

#include <stdbool.h>

void serial_init(void);
void serial_put(char c);

/* -1: nothing has come. */
int serial_get(void);

#endif
