/* SPDX-License-Identifier: MIT */
/* Whether the machine is as the kernel means it to be: by other means than those that made it so.
 */
#ifndef KERNEL_CHECK_H
#define KERNEL_CHECK_H

#include <elfin/kernel.h>

/* What is wrong, and where: an address, or a number of pages. */
struct check_problem {
    const char *text;
    uint64_t value;
};

/*
 * Walks the page tables that CR3 holds, with code of its own, and compares them with the modules of
 * the space, with the allocators and with the boot record:
 *
 *   nothing is writable and executable, nothing is for user mode, page 0 is not there
 *   the second mapping is all memory of the record, readable and writable, and nothing else
 *   every other page is the kernel's, with its segment's right, or a module's, with its part's
 * right and its memory behind it, or data in a run of addresses that somebody has no page of a
 * module is missing, and none is mapped before and behind it no table is empty, and each page of
 * memory that is in use is known: table, heap, image or node the heap is sound the CPU heeds it:
 * CR0.WP, EFER.NXE; SMEP, SMAP and UMIP where it has them
 *
 * False: *problem says what is wrong.
 */
bool check_machine(const elfin_space *space, const struct elfin_boot *boot,
                   struct check_problem *problem);

/* Protections of the CPU, by position: false when there are no more. */
struct check_protection {
    const char *name;
    bool present, on;
};
bool check_protection(unsigned position, struct check_protection *protection);

#endif
