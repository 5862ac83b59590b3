/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as an object, an executable or a shared object (elfin_inspect and
 * elfin_load), linked with all debug data and unloaded again in invented memory, no module code
 * executed. After each input nothing may be left.
 *
 *     make fuzz && build/fuzz/load CORPUS_FOLDER
 */
#include "tests/lib/fixture.h"

#include <elfin/debug.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fixture *f;

/* Half of all names exist, so that both ends of resolve are reached. */
static bool resolve(void *ctx, const char *name, uint64_t *address)
{
    (void)ctx;
    *address = 0x40001000;
    return (name[0] & 1) == 0;
}

static void require(const char *complaint)
{
    if (complaint != NULL) {
        fprintf(stderr, "%s\n", complaint);
        abort();
    }
}

static void begin(void)
{
    f = fx_new_programs(FAKE_INVENTED);
    elfin_space_destroy(&f->space);
    f->fake.host.resolve = resolve;
    f->fake.host.max_image_size = 1u << 24;
    f->fake.host.debugging = &elfin_debugging;
    f->fake.host.debug =
        ELFIN_DEBUG_GDB | ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES | ELFIN_DEBUG_FRAMES;
    f->options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS;
    if (elfin_space_init(&f->space, &f->fake.host) != ELFIN_OK ||
        fx_load(f, "first.o", "fn first 1", NULL) != ELFIN_OK ||
        elfin_unload(&f->space, f->group, NULL, NULL, NULL) != ELFIN_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    elfin_input input = { .data = data, .size = size, .file = "fuzz.o" };
    struct fx_snapshot before;
    elfin_inspection inspection;
    char text[256];

    if (f == NULL) {
        begin();
    }
    before = fx_snapshot(f);
    fake_host_rewind(&f->fake);
    elfin_inspect(&f->fake.host, &input, NULL, &inspection, &f->diag);
    if (fx_load_inputs(f, &input, 1) == ELFIN_OK) {
        require(fx_check_rights(f, f->group));
        elfin_unload(&f->space, f->group, NULL, NULL, NULL);
    } else {
        elfin_diag_format(&f->diag, text, sizeof text);
        require(f->status == ELFIN_ERR_INTERNAL || f->status == ELFIN_ERR_HOST ? text : NULL);
        require(f->status != f->diag.status ? "status and diagnostic differ" : NULL);
    }
    require(fx_compare(f, &before));
    return 0;
}
