/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as an archive, walked member by member and linked with an object that wants
 * the names which its seeds define.
 *
 *     make fuzz && build/fuzz/archive CORPUS_FOLDER
 */
#include "tests/lib/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fixture *f;
static struct blob user;

static bool touch(void *ctx, const char *name, const void *data, size_t size)
{
    unsigned *sum = ctx;

    *sum += (unsigned)strlen(name);
    for (size_t i = 0; i < size; i++) {
        *sum += ((const uint8_t *)data)[i];
    }
    return true;
}

static void begin(void)
{
    f = fx_new(FAKE_INVENTED);
    user = toy("call f one; call g adler32; ptr p crc32");
    f->options.flags = ELFIN_LOAD_NO_INIT;
    if (fx_load(f, "first.o", "fn first 1", NULL) != ELFIN_OK ||
        elfin_unload(&f->space, f->group, NULL, NULL, NULL) != ELFIN_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    elfin_input inputs[2] = { { .file = "user.o" },
                              { .data = data, .size = size, .file = "fuzz.a" } };
    struct fx_snapshot before;
    const char *complaint;
    unsigned sum = 0;

    if (f == NULL) {
        begin();
    }
    inputs[0].data = user.data;
    inputs[0].size = user.size;
    before = fx_snapshot(f);
    fake_host_rewind(&f->fake);
    elfin_archive_members(data, size, "fuzz.a", touch, &sum, &f->diag);
    if (fx_load_inputs(f, inputs, 2) == ELFIN_OK) {
        elfin_unload(&f->space, f->group, NULL, NULL, NULL);
    }
    complaint = fx_compare(f, &before);
    if (complaint != NULL) {
        fprintf(stderr, "%s\n", complaint);
        abort();
    }
    return 0;
}
