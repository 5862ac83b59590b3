/* SPDX-License-Identifier: MIT */
#include "tests/lib/image_file.h"
#include "tests/lib/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct blob imf_copy(const elfin_image *image)
{
    struct blob blob;
    const void *data;

    elfin_image_bytes(image, &data, &blob.size);
    blob.data = xmalloc(blob.size);
    memcpy(blob.data, data, blob.size);
    return blob;
}

struct blob imf_make(const elfin_host *host, const char *text)
{
    struct blob object = toy(text), made;
    elfin_input input = { .data = object.data, .size = object.size, .file = "toy.o" };
    elfin_image *image;
    elfin_diag diag;

    if (elfin_prepare(host, &input, NULL, &image, &diag) != ELFIN_OK) {
        char line[512];

        elfin_diag_format(&diag, line, sizeof line);
        fprintf(stderr, "image file: %s\n", line);
        abort();
    }
    made = imf_copy(image);
    elfin_image_release(image);
    free(object.data);
    return made;
}

uint64_t imf_get(const struct blob *image, size_t at, size_t width)
{
    uint64_t value = 0;

    memcpy(&value, image->data + at, width);
    return value;
}

size_t imf_table(const struct blob *image, enum imf_table table, uint64_t *count, size_t *size)
{
    static const size_t sizes[IMF_TABLE_COUNT] = { 56, 24, 4, 2,  1, 12, 16, 4,
                                                   4,  32, 4, 12, 1, 24, 1 };

    *count = imf_get(image, IMF_TABLES + 16 * (size_t)table + 8, 8);
    *size = sizes[table];
    return imf_get(image, IMF_TABLES + 16 * (size_t)table, 8);
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum ^= word;
    sum = sum << 23 | sum >> 41;
    return sum * UINT64_C(0x9e3779b97f4a7c15);
}

/*
 * Words of 8 bytes, the last one filled up with zeros. Word i goes to lane i mod 4, as long as it
 * is in the header or in a group of four whole words; the words after those go to lane 0.
 */
void imf_seal(struct blob *image)
{
    uint64_t lane[4] = { image->size, 1, 2, 3 }, sum;
    size_t words = (image->size + 7) / 8, header = IMF_HEADER_SIZE / 8;
    size_t grouped = header + (image->size - IMF_HEADER_SIZE) / 32 * 4;

    for (size_t i = 0; i < words; i++) {
        size_t left = image->size - 8 * i;
        uint64_t word = imf_get(image, 8 * i, left < 8 ? left : 8);

        if (i == IMF_CHECKSUM / 8)
            continue;
        if (i < header)
            lane[i % 4] = mix(lane[i % 4], word);
        else if (i < grouped)
            lane[(i - header) % 4] = mix(lane[(i - header) % 4], word);
        else
            lane[0] = mix(lane[0], word);
    }
    sum = mix(mix(mix(lane[0], lane[1]), lane[2]), lane[3]);
    memcpy(image->data + IMF_CHECKSUM, &sum, 8);
}
