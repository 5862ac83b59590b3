/* SPDX-License-Identifier: MIT */
#include "bench/lib/streams.h"

#include "loader/image.h"

static uint64_t count(const uint8_t *at, const uint8_t *end)
{
    struct arch_run run;
    uint64_t fixups = 0;

    while (elfin_image_next_run(&at, end, &run))
        fixups += run.count;
    return fixups;
}

void streams_add(const elfin_image *handle, struct streams *sums)
{
    const struct image *image = &handle->view;
    const uint8_t *at, *end, *stream = image->table[IMAGE_STREAM].data;

    sums->blob += image->header.size;
    for (uint32_t i = 0; i < image->import_count; i++) {
        elfin_image_stream(image, i, &at, &end);
        sums->import_fixups += count(at, end);
        sums->import_bytes += (uint64_t)(end - at) + sizeof(uint32_t);
    }
    for (uint64_t i = 0; i < image->header.table[IMAGE_OTHERS].count; i++) {
        struct image_other other;

        span_record(image->table[IMAGE_OTHERS], i, &other, sizeof(other));
        if (other.symbol != IMAGE_OWN_BLOCK)
            continue;
        sums->place_fixups += count(stream + other.start, stream + other.end);
        sums->place_bytes += other.end - other.start + sizeof(other);
    }
}
