/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_LOAD_WORDS_H
#define MONITOR_LOAD_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfin/elfin.h>

/* The words of a load command, understood. */
struct load {
    elfin_options options; /* min, max, argc, argv */
    char **files;          /* file_count of them */
    size_t file_count;
    const char *name; /* name=, or NULL */
    uint64_t at;      /* at=, for the first file */
    bool has_at, has_bounds, is_fixed;
};

/*
 * FILE... [at=ADDR|min=ADDR|max=ADDR] [name=NAME] [fixed] [-- WORD...], from words[1] on, in any
 * order: file names move to the front. Returns 0, or the status of the failure, which has been
 * reported as that of `command`.
 */
int load_words_parse(const char *command, int count, char **words, struct load *load);

#endif
