/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as an image, with the checksum made right so that what lies behind it is
 * reached; and, if they are an object, as what an image is made of. Linked and unloaded again in
 * invented memory, no module code executed. After each input nothing may be left.
 *
 *     make fuzz && build/fuzz/image CORPUS_FOLDER
 */
#include "tests/lib/fixture.h"
#include "tests/lib/image_file.h"

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
    f = fx_new_images(FAKE_INVENTED);
    elfin_space_destroy(&f->space);
    f->fake.host.resolve = resolve;
    f->fake.host.max_image_size = 1u << 24;
    f->options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_REBIND;
    if (elfin_space_init(&f->space, &f->fake.host) != ELFIN_OK ||
        fx_load(f, "first.o", "fn first 1", NULL) != ELFIN_OK ||
        elfin_unload(&f->space, f->group, NULL, NULL, NULL) != ELFIN_OK) {
        abort();
    }
}

static void load(const elfin_input *input)
{
    struct fx_snapshot before = fx_snapshot(f);
    char text[256];

    if (fx_load_inputs(f, input, 1) == ELFIN_OK) {
        require(fx_check_rights(f, f->group));
        elfin_unload(&f->space, f->group, NULL, NULL, NULL);
    } else {
        elfin_diag_format(&f->diag, text, sizeof text);
        require(f->status == ELFIN_ERR_INTERNAL || f->status == ELFIN_ERR_HOST ? text : NULL);
        require(f->status != f->diag.status ? "status and diagnostic differ" : NULL);
    }
    require(fx_compare(f, &before));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct blob copy = { xmalloc(size + 1), size };
    elfin_input input = { .data = copy.data, .size = size, .file = "fuzz" };
    elfin_inspection inspection;
    elfin_image *image;

    if (f == NULL) {
        begin();
    }
    fake_host_rewind(&f->fake);
    if (size != 0) {
        memcpy(copy.data, data, size);
    }
    if (size >= IMF_HEADER_SIZE && elfin_is_image(data, size)) {
        uint64_t whole = size;

        memcpy(copy.data + 16, &whole, sizeof whole); /* what is cut off is no news */
        imf_seal(&copy);
    }
    elfin_inspect(&f->fake.host, &input, NULL, &inspection, &f->diag);
    load(&input);
    if (elfin_prepare(&f->fake.host, &input, NULL, &image, &f->diag) == ELFIN_OK) {
        load(&(elfin_input){ .file = "fuzz.img", .image = image });
        require(elfin_image_release(image) == ELFIN_OK ? NULL : "an image is in use");
    }
    free(copy.data);
    return 0;
}
