/* SPDX-License-Identifier: MIT */
#include "tools/elfin/report.h"

#include "tools/elfin/memory.h"

#include <stdio.h>
#include <stdlib.h>

char *diag_text(const elfin_diag *diag)
{
    size_t size = elfin_diag_format(diag, NULL, 0) + 1;
    char *text = string_room(size);

    elfin_diag_format(diag, text, size);
    return text;
}

void report_problem(void *ctx, const elfin_diag *diag)
{
    unsigned *count = ctx;
    char *text = diag_text(diag);

    fprintf(stderr, "elfin: %s\n", text); /* names in it are printable already */
    free(text);
    ++*count;
}
