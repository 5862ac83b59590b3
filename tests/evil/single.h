/* SPDX-License-Identifier: MIT */
/* Hostile objects one at a time: each case builds one, loads it and looks at the answer. */
#ifndef TESTS_EVIL_SINGLE_H
#define TESTS_EVIL_SINGLE_H

#include "tests/lib/expect.h"

static struct elf_builder *eb;
static struct fixture *f;

/* Loads the object, frees it, and checks that a refusal leaves nothing behind. */
static elfin_status load(struct blob object)
{
    struct fx_snapshot before = fx_snapshot(f);

    fx_load_blob(f, "evil.o", object);
    if (f->status != ELFIN_OK) {
        NO_COMPLAINT(fx_compare(f, &before));
    }
    free(object.data);
    return f->status;
}

static void begin(void)
{
    eb = xmalloc(sizeof *eb);
    f = fx_new(FAKE_INVENTED);
}

static void end(void)
{
    END(f);
    free(eb);
}

#endif
