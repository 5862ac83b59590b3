/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as what is handed over, with size and checksum made right so that what lies
 * behind is reached. What is taken is asked about, used by another group and unloaded; with host
 * calls that fail, for a quarter of all inputs. No module code is executed; after each input
 * nothing may be left.
 *
 *     make fuzz && build/fuzz/handover CORPUS_FOLDER
 *
 * With HANDOVER_SEEDS=FOLDER in the environment good descriptions are written there first. Blocks
 * are those of the space that wrote them.
 */
#include "tests/lib/heir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct fixture *from, *to;

static void require(const char *complaint)
{
    if (complaint != NULL) {
        fprintf(stderr, "%s\n", complaint);
        abort();
    }
}

static void write_seed(int number)
{
    const char *folder = getenv("HANDOVER_SEEDS");
    struct blob d = heir_describe(from);
    char path[512];
    FILE *file;

    if (folder != NULL) {
        snprintf(path, sizeof path, "%s/seed%d", folder, number);
        file = fopen(path, "wb");
        if (file == NULL || fwrite(d.data, 1, d.size, file) != d.size || fclose(file) != 0) {
            fprintf(stderr, "cannot write %s\n", path);
            abort();
        }
    }
    free(d.data);
}

static void load(uint32_t flags, const char *file, const char *text)
{
    static int number;

    from->options.flags = flags;
    if (fx_load(from, file, text, NULL) != ELFIN_OK) {
        abort();
    }
    write_seed(number++);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const elfin_export exports[] = { { "__cxa_finalize", 0x40002000 } };

    (void)argc;
    (void)argv;
    from = heir_new_writer(4096, 64);
    to = heir_new_space(FAKE_INVENTED, 4096, 64);
    to->fake.call_any = true;
    if (fx_export(from, exports, 1) != ELFIN_OK || fx_export(to, exports, 1) != ELFIN_OK) {
        abort();
    }
    write_seed(1000);
    load(0, "base.o", "fn base 3; var v 4; exit 3");
    load(0, "tls.o", "tls t 5; tbss z 9; ie tt t; ptr d __dso_handle; dtor 1");
    load(ELFIN_LOAD_KEEP_SECTIONS, "user.o",
         "call f base; addr a v; common c 16 16; in .init.text 5 8 ax; needs base; tls u 6; ctor "
         "1; init 2 0; exit 3; in .eh_frame 0; module user; state 1 f f; abs k 0x1000");
    load(ELFIN_LOAD_KEEP_SECTIONS, "ifunc.o",
         "fn x 1; ifunc i x; call y i; bss big 5000; fn base 2");
    load(ELFIN_LOAD_NO_INIT, "still.o", "fn still 1; ctor 1; weak fn w 2");
    return 0;
}

static void use(bool failing)
{
    for (elfin_group *g = elfin_next_group(&to->space, NULL); g != NULL;
         g = elfin_next_group(&to->space, g)) {
        require(fx_check_rights(to, g));
        for (const elfin_module *m = elfin_next_module(g, NULL); m != NULL;
             m = elfin_next_module(g, m)) {
            heir_ask(to, m);
        }
    }
    if (!failing) {
        fx_load(to, "later.o", "call later base; ptr q v; fn f 9", NULL);
    }
    while (elfin_next_group(&to->space, NULL) != NULL) {
        bool any = false;

        for (elfin_group *g = elfin_next_group(&to->space, NULL), *next; g != NULL; g = next) {
            next = elfin_next_group(&to->space, g);
            any |= elfin_unload(&to->space, g, NULL, NULL, NULL) == ELFIN_OK;
        }
        require(any ? NULL : "groups use each other in a circle");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct blob copy = { xmalloc(size + 1), size };
    struct fx_snapshot before = fx_snapshot(to);
    uint32_t salt = (uint32_t)size;
    bool failing;
    char text[512];

    if (size > 0) {
        memcpy(copy.data, data, size);
    }
    for (size_t i = 0; i < size; i += 7) {
        salt = salt * 31 + data[i];
    }
    failing = salt % 4 == 0;
    fake_host_rewind(&to->fake);
    to->fake.fail_at = failing ? 1 + salt / 4 % 40 : 0;
    if (size >= HEIR_HEADER_SIZE) {
        heir_seal(&copy);
    }
    if (heir_adopt(to, from, copy) == ELFIN_OK) {
        use(failing);
        before.bytes = fx_snapshot(to).bytes; /* a larger index may stay */
        before.records = to->fake.live_records;
        before.stats.record_bytes = fx_snapshot(to).stats.record_bytes;
    } else {
        elfin_diag_format(&to->diag, text, sizeof text);
        require(to->status == ELFIN_ERR_INTERNAL || to->status == ELFIN_ERR_HOST ? text : NULL);
        require(to->status != to->diag.status ? "status and diagnostic differ" : NULL);
    }
    require(fx_violation(to));
    require(fx_compare(to, &before));
    free(copy.data);
    return 0;
}
