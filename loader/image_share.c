/* SPDX-License-Identifier: MIT */
/* Pages of code and constants that come out the same in every instance of an image. */
#include "loader/image.h"

static bool is_set(const uint8_t *bits, uint64_t page)
{
    return bits[page / 8] & 1u << page % 8;
}

static void note(const struct image *image, uint8_t *bits, uint64_t offset, uint64_t size)
{
    uint64_t page = image->header.page_size;

    for (uint64_t i = offset / page; size && i <= (offset + size - 1) / page; i++)
        bits[i / 8] |= (uint8_t)(1u << i % 8);
}

static void note_stream(const struct image *image, uint8_t *bits, const uint8_t *at,
                        const uint8_t *end)
{
    struct arch_run run;

    while (elfin_image_next_run(&at, end, &run)) {
        unsigned before = elfin_arch_before(run.type), width = elfin_arch_width(run.type);
        const uint8_t *distances = run.distances;
        uint64_t place = run.first;

        for (uint64_t i = 0; i < run.count; i++) {
            if (i)
                place += arch_distance(&distances, run.wide);
            note(image, bits, place - before, before + width);
        }
    }
}

uint64_t elfin_image_page_bytes(const struct image *image)
{
    return image->header.block_size / image->header.page_size / 8 + 1;
}

/* Streams follow each other; besides them stubs are written, and unwind tables are closed up. */
void elfin_image_note_pages(elfin_image *image)
{
    const struct image_header *h = &image->view.header;
    struct span stream = image->view.table[IMAGE_STREAM];

    memset(image->written, 0, elfin_image_page_bytes(&image->view));
    note_stream(&image->view, image->written, stream.data, stream.data + stream.size);
    note(&image->view, image->written, h->plt, ARCH_STUB_SIZE * (uint64_t)h->stub_count);
    if (h->frames_end)
        note(&image->view, image->written, h->unwind_index, h->frames_end + 4 - h->unwind_index);
}

/* From page to the first that is written, or to the end of the part's whole pages. */
static uint64_t range_end(const elfin_image *image, uint64_t page, uint64_t last)
{
    while (page < last && !is_set(image->written, page))
        page++;
    return page;
}

static void share_part(struct load *load, struct object *object, int part)
{
    const elfin_image *image = object->input->image;
    const struct image_part *p = &image->view.header.part[part];
    const elfin_region *region = &load->blocks[object->block].region;
    uint64_t size = image->view.header.page_size, first = p->offset / size;
    uint64_t last = first + p->filled / size;

    for (uint64_t page = first; page < last; page++) {
        uint64_t end = range_end(image, page, last);

        if (end == page)
            continue;
        if (load->host->share(load->host->ctx, region, page * size, (end - page) * size, image,
                              elfin_image_content(&image->view, part).data + (page - first) * size))
            note(&image->view, object->shared, page * size, (end - page) * size);
        page = end;
    }
}

elfin_status elfin_image_share(struct load *load, struct object *object)
{
    static const int parts[] = { ELFIN_PART_TEXT, ELFIN_PART_RODATA, ELFIN_PART_INIT_TEXT };

    if (!load->host->share || !object->input->image)
        return ELFIN_OK;
    object->shared = elfin_arena_get(&load->work, 1, elfin_image_page_bytes(object->image));
    if (!object->shared)
        return elfin_fail_memory(load, ELFIN_PHASE_FIXUP, object);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        share_part(load, object, parts[i]);
    return ELFIN_OK;
}
