/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as an image, as in image.c, and what can be done to an instance of it while
 * others use it: all imports bound anew, to this and to that; replaced; retired. With host calls
 * that fail, for a quarter of all inputs. No module code is executed; after each input nothing may
 * be left.
 *
 *     make fuzz && build/fuzz/instance CORPUS_FOLDER
 */
#include "tests/lib/fixture.h"
#include "tests/lib/image_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES = 64
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fixture *f;
static elfin_module *instance, *user;
static uint32_t salt; /* chance, out of the input */
static bool failing;

static void require(const char *complaint)
{
    if (complaint != NULL) {
        fprintf(stderr, "%s\n", complaint);
        abort();
    }
}

static uint32_t next_salt(void)
{
    salt = salt * 1664525U + 1013904223U;
    return salt >> 8;
}

static bool resolve(void *ctx, const char *name, uint64_t *address)
{
    (void)ctx;
    *address = 0x40001000;
    return (name[0] & 1) == 0;
}

static void begin(void)
{
    f = fx_new_images(FAKE_INVENTED);
    elfin_space_destroy(&f->space);
    f->fake.host.resolve = resolve;
    f->fake.host.max_image_size = 1U << 24;
    f->options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_REBIND;
    if (elfin_space_init(&f->space, &f->fake.host) != ELFIN_OK ||
        fx_load(f, "first.o", "fn first 1", NULL) != ELFIN_OK ||
        elfin_unload(&f->space, f->group, NULL, NULL, NULL) != ELFIN_OK) {
        abort();
    }
}

/* One of the next host calls fails. */
static void may_fail(uint32_t within)
{
    f->fake.fail_at = failing ? f->fake.fallible + 1 + next_salt() % within : 0;
}

/* Some definition of the instance, in a copy: it has to outlive the call. */
static const char *any_definition(void)
{
    static char names[NAMES][256];
    char *name = names[next_salt() % NAMES];
    elfin_module_info info;
    elfin_symbol symbol;

    elfin_module_get(instance, &info);
    if (info.symbol_count == 0 ||
        !elfin_module_symbol(instance, next_salt() % info.symbol_count, &symbol)) {
        return NULL;
    }
    snprintf(name, sizeof names[0], "%s", symbol.name);
    return name;
}

static elfin_choice choose(void *ctx, const elfin_import *import, elfin_target *target)
{
    uint32_t chance = next_salt();

    (void)ctx;
    switch (chance % 8) {
    case 0:
        return ELFIN_CHOICE_KEEP;
    case 1:
        return ELFIN_CHOICE_LOAD;
    case 2:
        target->address = 0x40001000 + chance % 4096;
        break;
    case 3:
        target->address = (uint64_t)chance << 20;
        break;
    default:
        target->module = import->module == instance && chance & 8 ? user : instance;
        target->symbol = target->module == user ? "u" : any_definition();
        break;
    }
    return ELFIN_CHOICE_TARGET;
}

/* Every answer is read. */
static volatile size_t sink;

static void ask(const elfin_module *module)
{
    elfin_indirect indirect;
    elfin_section section;
    elfin_symbol symbol;
    elfin_slot slot;

    for (uint32_t i = 0; elfin_module_symbol(module, i, &symbol); i++) {
        sink += strlen(symbol.name);
    }
    for (uint32_t i = 0; elfin_module_section(module, i, &section); i++) {
        sink += strlen(section.name);
    }
    for (uint32_t i = 0; elfin_module_slot(module, i, &slot); i++) {
        sink += strlen(slot.name);
    }
    for (uint32_t i = 0; elfin_module_indirect(module, i, &indirect); i++) {
        sink += strlen(indirect.name);
    }
}

static elfin_image *open_image(struct blob *copy)
{
    elfin_input input = { .data = copy->data, .size = copy->size, .file = "fuzz" };
    uint64_t whole = copy->size;
    elfin_image *image;

    if (copy->size >= IMF_HEADER_SIZE && elfin_is_image(copy->data, copy->size)) {
        memcpy(copy->data + 16, &whole, sizeof whole);
        imf_seal(copy);
        return elfin_image_open(&f->fake.host, copy->data, copy->size, &image, &f->diag) == ELFIN_OK
                   ? image
                   : NULL;
    }
    return elfin_prepare(&f->fake.host, &input, NULL, &image, &f->diag) == ELFIN_OK ? image : NULL;
}

static void change(const elfin_input *input, elfin_group *group)
{
    elfin_group *newer;

    for (int round = 0; round < 3; round++) {
        may_fail(8);
        elfin_rebind_all(&f->space, NULL, choose, NULL, NULL, &f->diag);
        ask(instance);
        ask(user);
        require(failing ? NULL : fx_check_rights(f, group));
    }
    may_fail(30);
    if (elfin_replace(&f->space, group, input, 1, &f->options, &f->change, &newer, &f->diag) ==
        ELFIN_OK) {
        elfin_retire(&f->space, group, NULL);
        instance = elfin_next_module(newer, NULL);
        ask(instance);
        elfin_rebind_all(&f->space, NULL, choose, NULL, NULL, &f->diag);
    }
    elfin_rebind_all(&f->space, NULL, NULL, NULL, NULL, &f->diag);
}

/* In any order in which nobody is used any more; there must be one. */
static void unload_all(void)
{
    while (elfin_next_group(&f->space, NULL) != NULL) {
        bool any = false;

        for (elfin_group *g = elfin_next_group(&f->space, NULL), *next; g != NULL; g = next) {
            next = elfin_next_group(&f->space, g);
            any |= elfin_unload(&f->space, g, NULL, NULL, NULL) == ELFIN_OK;
        }
        require(any ? NULL : "groups use each other in a circle");
    }
}

static void live(elfin_image *image)
{
    static const uint32_t modes[] = { 0, ELFIN_LOAD_REBIND, ELFIN_LOAD_KEEP_SECTIONS,
                                      ELFIN_LOAD_REBIND | ELFIN_LOAD_KEEP_SECTIONS,
                                      ELFIN_LOAD_REBIND | ELFIN_LOAD_PUBLISH };
    elfin_input input = { .file = "fuzz.img", .name = "instance", .image = image };

    f->options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_REBIND;
    if (fx_load(f, "user.o",
                "fn u 1; call c b; ptr p d; lea q f; icall i h; undef weak w; weak undef j; "
                "ptr jj j",
                NULL) != ELFIN_OK) {
        abort();
    }
    user = elfin_find_module(&f->space, "user");
    f->options.flags = ELFIN_LOAD_NO_INIT | modes[next_salt() % (sizeof modes / sizeof *modes)];
    may_fail(24);
    if (fx_load_inputs(f, &input, 1) == ELFIN_OK) {
        instance = elfin_next_module(f->group, NULL);
        ask(instance);
        change(&input, f->group);
    }
    f->fake.fail_at = 0;
    unload_all();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct blob copy = { xmalloc(size + 1), size };
    struct fx_snapshot before;
    elfin_image *image;

    if (f == NULL) {
        begin();
    }
    fake_host_rewind(&f->fake);
    before = fx_snapshot(f);
    if (size > 0) {
        memcpy(copy.data, data, size);
    }
    salt = (uint32_t)size;
    for (size_t i = 0; i < size; i += 37) {
        salt = salt * 31 + data[i];
    }
    failing = next_salt() % 4 == 0;
    image = size > 0 ? open_image(&copy) : NULL;
    if (image != NULL) {
        live(image);
        require(elfin_image_release(image) == ELFIN_OK ? NULL : "the image is still in use");
    }
    require(fx_violation(f));
    require(fx_compare(f, &before));
    free(copy.data);
    return 0;
}
