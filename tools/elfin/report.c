/* SPDX-License-Identifier: MIT */
#include "tools/elfin/report.h"

#include "tools/elfin/memory.h"
#include "tools/elfin/text.h"

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

    fputs("elfin: ", stderr);
    text_put(stderr, text);
    fputc('\n', stderr);
    free(text);
    ++*count;
}
