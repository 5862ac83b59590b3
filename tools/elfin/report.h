/* SPDX-License-Identifier: MIT */
/* Diagnostics of the library, on standard error. */
#ifndef ELFIN_TOOL_REPORT_H
#define ELFIN_TOOL_REPORT_H

#include <elfin/elfin.h>

/* The diagnostic as text, to be freed. */
char *diag_text(const elfin_diag *diag);

/* Prints one; counts it in *(unsigned *)ctx. Fits elfin_options.report. */
void report_problem(void *ctx, const elfin_diag *diag);

#endif
