/* SPDX-License-Identifier: MIT */
/*
 * Tables of exports in text: "NAME 0xADDRESS", or what nm and System.map print, "ADDRESS LETTER
 * NAME". Of the latter only definitions that other objects could bind to count: capital letters,
 * and u for unique. Small letters are local symbols; U has no address, C (common) and N (debug)
 * have none yet. Lines of any other form are skipped.
 */
#ifndef ELFIN_TOOL_EXPORTS_H
#define ELFIN_TOOL_EXPORTS_H

#include "tools/elfin/files.h"

#include <elfin/elfin.h>

struct exports {
    elfin_export *rows; /* names point into the texts */
    size_t count, capacity;
    struct file *texts;
    size_t text_count, text_capacity;
};

/* Adds the exports of one file. On failure the reason has been printed. */
bool exports_read(struct exports *exports, const char *path);

/*
 * Orders the rows by name and keeps the first of each name; says so on standard error where a later
 * one had another address.
 */
void exports_unique(struct exports *exports);

void exports_free(struct exports *exports);

#endif
