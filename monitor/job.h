/* SPDX-License-Identifier: MIT */
/* A load that is being carried out: load, replace, move, reload. */
#ifndef MONITOR_JOB_H
#define MONITOR_JOB_H

#include "monitor/commands.h"
#include "monitor/load_words.h"
#include "monitor/origin.h"

struct job {
    struct session *session;
    struct origin *origin; /* a copy of the words; the group's when it is there */
    struct load load;      /* what they mean */
    elfin_input *inputs;   /* `read` files, then the libraries */
    size_t read, total;
    bool silent;        /* problems of the load are not printed */
    elfin_group *group; /* when it has been loaded */
};

/*
 * Reads the files that the words of a load command name (words[0] does not matter). Returns 0, or
 * the status of the failure, which has been reported. job_end in any case.
 */
int job_begin(struct job *job, struct session *session, int count, char *const *words);
void job_end(struct job *job);

/* Loads them; in the place of instead->group, if that is not NULL, whose origin then goes. */
int job_run(struct job *job, const struct instead *instead);

/* Of the files, and of the libraries that the group has members of. */
uint64_t job_digest(const struct job *job, const elfin_group *group);

/* The group has a member of the library. */
bool job_uses(const elfin_group *group, const struct library *library);

#endif
