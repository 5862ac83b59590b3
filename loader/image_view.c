/* SPDX-License-Identifier: MIT */
/* Images: the view of a sound blob, and the handle that its users hold. */
#include "loader/checksum.h"
#include "loader/image.h"

static const uint8_t record_size[IMAGE_TABLE_COUNT] = {
    [IMAGE_SECTIONS] = sizeof(struct image_section),
    [IMAGE_SYMBOLS] = sizeof(struct elf_symbol),
    [IMAGE_SECTION_INDICES] = 4,
    [IMAGE_USES] = 2,
    [IMAGE_EXPORTED] = 1,
    [IMAGE_SLOTS] = sizeof(struct image_slot),
    [IMAGE_COMMONS] = sizeof(struct image_common),
    [IMAGE_INDIRECT] = 4,
    [IMAGE_COMDATS] = 4,
    [IMAGE_DEMANDS] = sizeof(struct image_demand),
    [IMAGE_IMPORTS] = 4,
    [IMAGE_OTHERS] = sizeof(struct image_other),
    [IMAGE_STREAM] = 1,
    [IMAGE_OWN] = sizeof(struct image_own),
    [IMAGE_NAMES] = 1,
};

uint64_t elfin_image_checksum(const uint8_t *blob, uint64_t size)
{
    return elfin_checksum(blob, size, sizeof(struct image_header),
                          offsetof(struct image_header, checksum));
}

/* ---- The view ---------------------------------------------------------------------------------
 */

bool elfin_image_view(struct image *image, struct span blob)
{
    *image = (struct image){ .blob = blob };
    span_record(blob, 0, &image->header, sizeof(image->header));
    for (int t = 0; t < IMAGE_TABLE_COUNT; t++) {
        const struct image_extent *extent = &image->header.table[t];

        if (extent->count > UINT32_MAX ||
            !span_table(blob, extent->offset, extent->count, record_size[t], &image->table[t]))
            return false;
    }
    image->section_count = (uint32_t)image->header.table[IMAGE_SECTIONS].count;
    image->symbol_count = (uint32_t)image->header.table[IMAGE_SYMBOLS].count;
    image->import_count = (uint32_t)image->header.table[IMAGE_IMPORTS].count - 1;
    return true;
}

void elfin_image_stream(const struct image *image, uint32_t import, const uint8_t **at,
                        const uint8_t **end)
{
    const uint8_t *stream = image->table[IMAGE_STREAM].data;

    *at = stream + span_u32(image->table[IMAGE_IMPORTS], import);
    *end = stream + span_u32(image->table[IMAGE_IMPORTS], import + 1);
}

void elfin_image_other(const struct image *image, uint32_t symbol, const uint8_t **at,
                       const uint8_t **end)
{
    const uint8_t *stream = image->table[IMAGE_STREAM].data;

    *at = *end = stream;
    for (uint64_t i = 0; i < image->header.table[IMAGE_OTHERS].count; i++) {
        struct image_other row;

        span_record(image->table[IMAGE_OTHERS], i, &row, sizeof(row));
        if (row.symbol != symbol)
            continue;
        *at = stream + row.start;
        *end = stream + row.end;
    }
}

bool elfin_image_slot(const struct image *image, uint32_t symbol, struct image_slot *out)
{
    uint64_t low = 0, high = image->header.table[IMAGE_SLOTS].count;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        span_record(image->table[IMAGE_SLOTS], middle, out, sizeof(*out));
        if (out->symbol == symbol)
            return true;
        if (out->symbol < symbol)
            low = middle + 1;
        else
            high = middle;
    }
    *out = (struct image_slot){ .symbol = symbol };
    return false;
}

struct elf_symbol elfin_image_symbol(const struct image *image, uint32_t symbol)
{
    struct elf_symbol elf;

    span_record(image->table[IMAGE_SYMBOLS], symbol, &elf, sizeof(elf));
    return elf;
}

const char *elfin_image_symbol_name(const struct image *image, uint32_t symbol)
{
    return (const char *)image->table[IMAGE_NAMES].data + elfin_image_symbol(image, symbol).st_name;
}

/* ---- The handle -------------------------------------------------------------------------------
 */

elfin_status elfin_image_open(const elfin_host *host, const void *data, size_t size,
                              elfin_image **out, elfin_diag *diag)
{
    struct span blob = { data, size };
    elfin_space space;
    elfin_region region;
    struct image view;
    elfin_status status = ELFIN_ERR_ARGUMENT;
    uint64_t where = 0;
    uint32_t wrong;

    if (diag)
        elfin_diag_clear(diag, defect_of(status, ELFIN_PHASE_NONE));
    if (!data || !out || elfin_space_init(&space, host) != ELFIN_OK)
        return status;
    wrong = elfin_image_check(&view, blob, &where);
    status = wrong ? defect_status(wrong)
                   : elfin_reserve_plain(host, ELFIN_PURPOSE_RECORDS,
                                         sizeof(**out) + elfin_image_page_bytes(&view), &region);
    if (diag)
        elfin_diag_clear(diag, wrong ? wrong : defect_of(status, ELFIN_PHASE_OBJECT));
    if (diag && wrong)
        elfin_diag_offset(diag, where);
    if (status != ELFIN_OK)
        return status;
    KNOWN(!wrong);
    *out = region.edit;
    **out =
        (elfin_image){ .view = view, .region = region, .ctx = host->ctx, .release = host->release };
    return ELFIN_OK;
}

void elfin_image_bytes(const elfin_image *image, const void **data, size_t *size)
{
    *data = image->view.blob.data;
    *size = image->view.blob.size;
}

elfin_status elfin_image_release(elfin_image *image)
{
    elfin_region region;

    if (!image)
        return ELFIN_ERR_ARGUMENT;
    if (image->users)
        return ELFIN_ERR_IN_USE;
    region = image->region;
    image->release(image->ctx, &region);
    return ELFIN_OK;
}

bool elfin_is_image(const void *data, size_t size)
{
    return elfin_image_begins((struct span){ data, size });
}
