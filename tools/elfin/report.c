/* SPDX-License-Identifier: MIT */
#include "tools/elfin/report.h"

#include "tools/elfin/memory.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int compare_texts(const void *a, const void *b)
{
    return strcmp(a, b);
}

void report_once(struct report_set *set, const elfin_diag *diag)
{
    char *text = diag_text(diag);
    char **found = tsearch(text, &set->texts, compare_texts);

    if (found && *found != text) {
        free(text);
        return;
    }
    fprintf(stderr, "elfin: %s\n", text);
    set->count++;
    if (!found) /* no memory to remember it by */
        free(text);
}

void report_set_free(struct report_set *set)
{
    tdestroy(set->texts, free);
    *set = (struct report_set){ 0 };
}
