/* SPDX-License-Identifier: MIT */
/* What each group was loaded from, so that it can be loaded from there again. */
#ifndef MONITOR_ORIGIN_H
#define MONITOR_ORIGIN_H

#include "monitor/session.h"

/* An object of the heap, with the text of the words in it. */
struct origin {
    struct origin *next;
    const elfin_group *group;
    uint64_t digest; /* of the bytes that it was loaded from (origin_digest) */
    int count;
    char **words;  /* of the load command, and NULL; words[0] is any */
    char **copies; /* the same pointers, for who moves them about; argv of the group's init lies
                      here */
};

/* NULL: out of memory. Not kept yet. */
struct origin *origin_make(int count, char *const *words);
void origin_free(struct origin *origin);

/* The group came from there; takes the origin over. */
void origin_keep(struct session *session, struct origin *origin, const elfin_group *group);

/* NULL: it was not loaded by a command. */
struct origin *origin_of(const struct session *session, const elfin_group *group);

/* The group is gone: only the pointer's value counts. */
void origin_drop(struct session *session, const elfin_group *group);

/* Mixes bytes into a digest (FNV-1a, 64 bits), which begins with ORIGIN_DIGEST. */
#define ORIGIN_DIGEST UINT64_C(0xcbf29ce484222325)
uint64_t origin_digest(uint64_t digest, const void *data, size_t size);

#endif
