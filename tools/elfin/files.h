/* SPDX-License-Identifier: MIT */
/* Whole files in and out. */
#ifndef ELFIN_TOOL_FILES_H
#define ELFIN_TOOL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct file {
    char *data; /* size bytes and a NUL; NULL before file_read and after file_free */
    size_t size;
};

/* Regular files and pipes. On failure the reason has been printed and *out is untouched. */
bool file_read(const char *path, struct file *out);

void file_free(struct file *file);

/*
 * Creates the file and has `write` fill it. On failure the reason has been printed and no
 * half-written regular file stays behind.
 */
bool file_write(const char *path, void (*write)(const void *what, FILE *out), const void *what);

#endif
