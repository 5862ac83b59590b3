/* SPDX-License-Identifier: MIT */
/* Are two groups, of two spaces, the same in memory and in all that the library tells of them? */
#ifndef TESTS_IMAGES_SAME_H
#define TESTS_IMAGES_SAME_H

#include <elfin/elfin.h>

struct difference {
    const char *what;
    uint64_t at;
};

/* is_private: b is the same but that it exports nothing. *found is for a result of false. */
bool same_groups(const elfin_group *a, const elfin_group *b, bool is_private,
                 struct difference *found);

#endif
