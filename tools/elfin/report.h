/* SPDX-License-Identifier: MIT */
/* Diagnostics of the library, on standard error. */
#ifndef ELFIN_TOOL_REPORT_H
#define ELFIN_TOOL_REPORT_H

#include <elfin/elfin.h>

/* The diagnostic as text, to be freed. */
char *diag_text(const elfin_diag *diag);

/* Prints one; counts it in *(unsigned *)ctx. Fits elfin_options.report. */
void report_problem(void *ctx, const elfin_diag *diag);

/* What has been printed, so that nothing need be printed twice. */
struct report_set {
    void *texts; /* a tree */
    size_t count;
};

/* Prints it if nothing of the same text has been printed with this set. */
void report_once(struct report_set *set, const elfin_diag *diag);

void report_set_free(struct report_set *set);

#endif
