/* SPDX-License-Identifier: MIT */
/*
 * Loads each object that it is given as it is, and in all other ways: as an instance of an image
 * that was made of it, private or not, from the image's bytes, and so that it can be bound anew; at
 * the same addresses and with the same imports. All bytes of memory and all that the library tells
 * about the module must be the same.
 *
 *     compare FILE...       objects
 *     compare -l FILE       a list of them, one a line
 *
 * Code does not run, so the addresses are invented: low, high, at the top; imports near, far,
 * mixed.
 */
#include "tests/images/same.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place {
    const char *name;
    uint64_t at, imports; /* first address of the block, and of the imports */
    bool mixed;           /* every other import is far */
};

static const struct place places[] = {
    { "low", 0x10000000, 0x30000000, false },
    { "high", UINT64_C(0x400000000), UINT64_C(0x440000000), false },
    { "far", UINT64_C(0x400000000), UINT64_C(0x900000000), false },
    { "mixed", UINT64_C(0x400000000), UINT64_C(0x480000000), true },
    { "top", 0 - UINT64_C(0x40000000), 0 - UINT64_C(0x10000000), false },
    { "low, imports at the top", 0x10000000, 0 - UINT64_C(0x40000000), false },
};

enum {
    PLACE_COUNT = sizeof(places) / sizeof(places[0]),
    MAX_BLOCKS = 4,
};

static const struct place *place;
static unsigned failures, compared, refused;
static bool with_unwind, with_trim;

/* ---- A host without a CPU -------------------------------------------------------------------- */

static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    (void)ctx;
    out->size = request->size;
    out->edit = malloc(request->size);
    if (!out->edit)
        return ELFIN_ERR_MEMORY;
    memset(out->edit, 0xa5, request->size);
    out->run = request->purpose == ELFIN_PURPOSE_IMAGE ? request->low : (uintptr_t)out->edit;
    return ELFIN_OK;
}

static void release(void *ctx, const elfin_region *region)
{
    (void)ctx;
    free(region->edit);
}

static void trim(void *ctx, const elfin_region *region, uint64_t offset)
{
    (void)ctx;
    (void)region;
    (void)offset;
}

static elfin_status unwind_add(void *ctx, const elfin_block *block)
{
    (void)ctx;
    (void)block;
    return ELFIN_OK;
}

static void unwind_remove(void *ctx, const elfin_block *block)
{
    (void)ctx;
    (void)block;
}

static uint32_t hash(const char *name)
{
    uint32_t h = 5381;

    for (; *name; name++)
        h = h * 33 + (unsigned char)*name;
    return h;
}

/* Names with "weak" in them are unknown, and so are 0 where that is allowed. */
static bool resolve(void *ctx, const char *name, uint64_t *address)
{
    uint32_t h = hash(name);

    (void)ctx;
    if (strstr(name, "weak") || h % 499 == 0)
        return false;
    *address = place->imports + h % 0x8000000;
    if (place->mixed && h & 0x10000000)
        *address += UINT64_C(0x4000000000);
    return true;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

struct loaded {
    elfin_space space;
    elfin_group *group;
    elfin_status status;
    elfin_diag diag;
};

static elfin_host make_host(void)
{
    elfin_host host = ELFIN_HOST_INIT;

    host.flags = ELFIN_HOST_NO_RIGHTS;
    host.reserve = reserve;
    host.release = release;
    host.resolve = resolve;
    host.max_image_size = UINT64_C(2) << 30;
    host.tls_size = 1 << 20;
    host.tls_align = 4096;
    host.images = &elfin_images;
    host.rebinding = &elfin_rebinding;
    if (with_trim)
        host.trim = trim;
    if (with_unwind) {
        host.unwind_add = unwind_add;
        host.unwind_remove = unwind_remove;
    }
    return host;
}

static void load(struct loaded *l, const elfin_input *input, uint32_t flags)
{
    elfin_host host = make_host();
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_input at = *input;

    at.flags = ELFIN_INPUT_AT;
    at.at = place->at;
    at.name = "module";
    options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS | flags;
    l->status = elfin_space_init(&l->space, &host);
    if (l->status == ELFIN_OK)
        l->status = elfin_load(&l->space, &at, 1, &options, &l->group, &l->diag);
}

static void fail(const char *file, const char *what, uint64_t value)
{
    printf("%s (%s%s%s): %s 0x%llx\n", file, place->name, with_unwind ? ", unwind tables" : "",
           with_trim ? ", init parts" : "", what, (unsigned long long)value);
    failures++;
}

static void compare(const char *file, const struct loaded *plain, const struct loaded *made,
                    bool is_private)
{
    struct difference found;

    if (plain->status != made->status) {
        char text[512];

        elfin_diag_format(made->status ? &made->diag : &plain->diag, text, sizeof(text));
        fail(file, text, (uint64_t)plain->status << 32 | (uint64_t)made->status);
        return;
    }
    if (plain->status != ELFIN_OK) {
        refused++;
        return;
    }
    compared++;
    if (!same_groups(plain->group, made->group, is_private, &found))
        fail(file, found.what, found.at);
}

static void compare_at(const char *file, const elfin_input *object, elfin_image *image)
{
    elfin_input instance = { .file = file, .image = image }, raw = { .file = file };
    struct loaded plain[2] = { 0 };

    elfin_image_bytes(image, &raw.data, &raw.size);
    load(&plain[0], object, 0);
    load(&plain[1], object, ELFIN_LOAD_REBIND);
    for (int way = 0; way < 8; way++) {
        const elfin_input *input = way & 4 ? &raw : &instance;
        bool is_private = way & 1, rebind = way & 2;
        struct loaded other = { 0 };

        load(&other, input,
             (is_private ? ELFIN_LOAD_PRIVATE : ELFIN_LOAD_PUBLISH) |
                 (rebind ? ELFIN_LOAD_REBIND : 0u));
        compare(file, &plain[rebind], &other, is_private);
        if (other.status == ELFIN_OK && input == &instance &&
            elfin_image_release(image) != ELFIN_ERR_IN_USE)
            fail(file, "image released while in use", 0);
        elfin_space_destroy(&other.space);
    }
    elfin_space_destroy(&plain[0].space);
    elfin_space_destroy(&plain[1].space);
}

static void compare_object(const char *file, const elfin_input *object)
{
    elfin_host host = make_host();
    elfin_image *image = NULL;
    elfin_diag diag;
    elfin_status status = elfin_prepare(&host, object, NULL, &image, &diag);

    if (status != ELFIN_OK) {
        struct loaded plain = { 0 };
        char text[512];

        place = &places[0];
        load(&plain, object, 0);
        if (plain.status == ELFIN_OK) {
            elfin_diag_format(&diag, text, sizeof(text));
            fail(file, text, (uint64_t)status);
        }
        refused++;
        elfin_space_destroy(&plain.space);
        return;
    }
    for (unsigned i = 0; i < PLACE_COUNT; i++) {
        place = &places[i];
        compare_at(file, object, image);
    }
    if (elfin_image_release(image) != ELFIN_OK)
        fail(file, "image not released", 0);
}

static void compare_file(const char *file)
{
    FILE *stream = fopen(file, "rb");
    elfin_input input = { .file = file };
    void *data;
    long size;

    if (!stream || fseek(stream, 0, SEEK_END) != 0 || (size = ftell(stream)) < 0) {
        perror(file);
        exit(1);
    }
    rewind(stream);
    data = malloc((size_t)size + 1);
    input.data = data;
    input.size = fread(data, 1, (size_t)size, stream);
    fclose(stream);
    for (int i = 0; i < 4; i++) {
        with_trim = i & 1;
        with_unwind = i & 2;
        compare_object(file, &input);
    }
    free(data);
}

static void compare_list(const char *list)
{
    FILE *stream = fopen(list, "r");
    char line[4096];

    if (!stream) {
        perror(list);
        exit(1);
    }
    while (fgets(line, sizeof(line), stream)) {
        line[strcspn(line, "\n")] = 0;
        compare_file(line);
    }
    fclose(stream);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "-l") == 0)
        compare_list(argv[2]);
    else
        for (int i = 1; i < argc; i++)
            compare_file(argv[i]);
    printf("%u compared, %u refused both ways, %u differences\n", compared, refused, failures);
    return failures ? 1 : 0;
}
