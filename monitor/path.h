/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_PATH_H
#define MONITOR_PATH_H

#include <stdbool.h>

/*
 * A path of a file may begin with where it comes from: letters and a colon, as in tftp:user.o,
 * which no name on a FAT volume has. What follows; the path itself if there is none.
 */
const char *path_name(const char *path);

/* As file systems of firmware see it: / is \, case does not matter, paths begin at the root. */
bool path_same(const char *a, const char *b);

#endif
