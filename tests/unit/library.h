/* SPDX-License-Identifier: MIT */
/* Archives of toys, and groups that load with them. */
#ifndef TESTS_UNIT_LIBRARY_H
#define TESTS_UNIT_LIBRARY_H

#include "tests/lib/ar_builder.h"
#include "tests/lib/expect.h"

enum {
    MAX_MEMBERS = 8
};

struct member {
    const char *name, *text, *symbols;
};

/* An archive of toys; ends with a NULL name. */
static inline struct blob library(const struct member *members, bool no_index)
{
    struct ar_builder *ar = xmalloc(sizeof *ar);
    struct blob objects[MAX_MEMBERS], archive;
    size_t count = 0;

    ar_init(ar);
    ar->no_index = no_index;
    for (; members[count].name != NULL; count++) {
        REQUIRE(count < MAX_MEMBERS);
        objects[count] = toy(members[count].text);
        ar_member(ar, members[count].name, objects[count], members[count].symbols);
    }
    archive = ar_finish(ar);
    while (count > 0) {
        free(objects[--count].data);
    }
    free(ar);
    return archive;
}

/* One toy and any number of archives in one group. */
static inline elfin_status load_with(struct fixture *f, const char *file, const char *text,
                                     const struct blob *archives, size_t count)
{
    static const char *const names[] = { "dir/lib.a", "second.a", "third.a" };
    elfin_input inputs[4];
    struct blob object = toy(text);

    inputs[0] = (elfin_input)INPUT(object, file);
    for (size_t i = 0; i < count; i++) {
        inputs[i + 1] = (elfin_input)INPUT(archives[i], names[i]);
    }
    fx_load_inputs(f, inputs, count + 1);
    free(object.data);
    return f->status;
}

static inline size_t count_modules(const struct fixture *f)
{
    elfin_space_stats stats;

    elfin_space_get_stats(&f->space, &stats);
    return stats.modules;
}

#endif
