/* SPDX-License-Identifier: MIT */
/* A good archive to damage. */
#ifndef TESTS_EVIL_ARCHIVE_H
#define TESTS_EVIL_ARCHIVE_H

#include "tests/lib/ar_builder.h"
#include "tests/lib/expect.h"

static struct ar_builder ar;
static struct fixture *f;

/* An index, a table of long names, two members with one symbol each. */
static inline struct blob good(bool wide)
{
    struct blob one = toy("call one two"), two = toy("fn two 2"), archive;

    ar_init(&ar);
    ar.wide = wide;
    ar_member(&ar, "one.o", one, "one");
    ar_member(&ar, "a-rather-long-name.o", two, "two");
    archive = ar_finish(&ar);
    free(one.data);
    free(two.data);
    return archive;
}

/* Loads "call f one" with the archive and frees it. */
static inline elfin_status load(struct blob archive)
{
    struct blob object = toy("call f one");
    elfin_input inputs[2] = { INPUT(object, "a.o"), INPUT(archive, "lib.a") };
    struct fx_snapshot before = fx_snapshot(f);

    fx_load_inputs(f, inputs, 2);
    if (f->status != ELFIN_OK) {
        NO_COMPLAINT(fx_compare(f, &before));
    }
    free(object.data);
    free(archive.data);
    return f->status;
}

#endif
