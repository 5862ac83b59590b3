/* SPDX-License-Identifier: MIT */
/* The files of a command line, in order, as elfin_load takes them. */
#ifndef ELFIN_TOOL_INPUTS_H
#define ELFIN_TOOL_INPUTS_H

#include "tools/elfin/command.h"
#include "tools/elfin/files.h"

#include <elfin/elfin.h>

struct inputs {
    elfin_input *items; /* data and size are filled in by inputs_read */
    struct file *files;
    size_t count, capacity, file_capacity;
    uint64_t at; /* begins a block with the next file, when at_is_new */
    bool at_is_new;
    bool first_wins; /* ELFIN_LOAD_FIRST_WINS */
    unsigned cpus;   /* that may share the work; 0: all */
};

/* --at: holds for the files after it. STATUS_GOOD, or the status of a reported error. */
int inputs_at(struct inputs *inputs, const struct command *command, const char *address);

/* To be asked when all words have been taken: there is a file, and one after the last --at. */
int inputs_complete(const struct inputs *inputs, const struct command *command);

/* The path is borrowed. */
void inputs_add(struct inputs *inputs, const char *path);

/* Reads all; false when one could not be read. All of those have been reported then. */
bool inputs_read(struct inputs *inputs);

void inputs_free(struct inputs *inputs);

#endif
