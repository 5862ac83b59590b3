/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as .debug_line of an object that is loaded; where they set an address, a
 * relocation gives one. Then every byte of the module is asked for. Nothing may be left.
 *
 *     make fuzz && LINES_SEEDS=CORPUS_FOLDER build/fuzz/lines -runs=1; build/fuzz/lines
 * CORPUS_FOLDER
 */
#include <elfin/debug.h>

#include "tests/lib/fixture.h"
#include "tests/lib/line_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fixture *f;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *folder = getenv("LINES_SEEDS");
    static struct line_builder lb;

    (void)argc;
    (void)argv;
    for (unsigned i = 0; folder != NULL && i < 8; i++) {
        char path[512];
        FILE *file;

        lb_init(&lb);
        lb_sample(&lb, 2 + i / 2, i % 2 ? 8 : 4);
        snprintf(path, sizeof path, "%s/sample%u", folder, i);
        file = fopen(path, "wb");
        if (file == NULL || fwrite(lb.bytes, 1, lb.size, file) != lb.size || fclose(file) != 0) {
            abort();
        }
    }
    f = fx_new(FAKE_INVENTED);
    f->fake.host.debugging = &elfin_debugging;
    f->fake.host.debug = ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES;
    f->options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS;
    fx_again(f);
    return 0;
}

static struct blob make_object(const uint8_t *data, size_t size)
{
    static struct line_builder lb;

    lb_init(&lb);
    strcpy(lb.line_texts, "?.?d?zero.c?a.c?b.c");
    lb.line_texts_size = strlen(lb.line_texts) + 1;
    for (size_t i = 0; i < lb.line_texts_size; i++) {
        lb.line_texts[i] = lb.line_texts[i] == '?' ? '\0' : lb.line_texts[i];
    }
    lb.size = size < LB_MAX ? size : LB_MAX;
    memcpy(lb.bytes, data, lb.size);
    for (size_t i = 0; i + 11 <= lb.size && lb.fix_count < LB_MAX_FIXES; i++) {
        if (memcmp(lb.bytes + i, "\0\x09\x02", 3) == 0) {
            lb.fixes[lb.fix_count].at = i + 3;
            lb.fixes[lb.fix_count].type = R_X86_64_64;
            lb.fixes[lb.fix_count].target = lb.bytes[i + 3] % 3;
            lb.fixes[lb.fix_count++].addend = lb.bytes[i + 4] % 24;
        }
    }
    return lb_object(&lb);
}

static void ask(const elfin_module *module)
{
    elfin_section section;
    elfin_location l;

    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++) {
        for (uint64_t k = 0; k < section.size; k++) {
            if (elfin_symbolize(&f->space, section.address + k, &l) != ELFIN_OK ||
                strlen(l.file) + strlen(l.directory) > LB_MAX) {
                abort();
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fx_snapshot before = fx_snapshot(f);
    struct blob object = make_object(data, size);
    const char *complaint;

    fake_host_rewind(&f->fake);
    if (fx_load_blob(f, "fuzz.o", object) != ELFIN_OK) {
        abort(); /* whatever its debug sections are */
    }
    free(object.data);
    ask(elfin_next_module(f->group, NULL));
    elfin_unload(&f->space, f->group, NULL, NULL, NULL);
    complaint = fx_compare(f, &before);
    if (complaint != NULL) {
        fprintf(stderr, "%s\n", complaint);
        abort();
    }
    return 0;
}
