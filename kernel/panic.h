/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

/* Prints the text and ends the machine with status 1: there is no way on. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
