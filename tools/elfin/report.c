/* SPDX-License-Identifier: MIT */
#include "tools/elfin/report.h"

#include "tools/elfin/memory.h"
#include "tools/elfin/text.h"

#include <stdio.h>
#include <stdlib.h>

char *diag_text(const elfin_diag *diag)
{
    size_t capacity = 0, length = elfin_diag_format(diag, NULL, 0);
    char *text = array_grow(NULL, 0, &capacity, length + 1);

    elfin_diag_format(diag, text, length + 1);
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
