/* SPDX-License-Identifier: MIT */
/* Proving a blob sound, its end: every fixup lies in the bytes of one part. */
#include "loader/image.h"

/* Instructions are only rewritten where there are some. */
static bool is_in_part(const struct image *image, const struct arch_run *run)
{
    unsigned before = elfin_arch_before(run->type);
    uint64_t size = before + run->span + elfin_arch_width(run->type);

    if (run->first < before)
        return false;
    for (int part = 0; part < ELFIN_PART_COUNT; part++)
        if (image_filled(image, part, run->first - before, size))
            return !before || part == ELFIN_PART_TEXT || part == ELFIN_PART_INIT_TEXT;
    return false;
}

static bool is_stream_sound(const struct image *image, uint32_t start, uint32_t end,
                            uint32_t symbol)
{
    const uint8_t *at, *stop;
    struct arch_run run;
    struct image_slot slot = { .symbol = symbol };

    if (start > end || end > image->table[IMAGE_STREAM].size)
        return false;
    at = image->table[IMAGE_STREAM].data + start;
    stop = image->table[IMAGE_STREAM].data + end;
    if (symbol < image->symbol_count)
        elfin_image_slot(image, symbol, &slot);
    while (elfin_image_next_run(&at, stop, &run)) {
        bool is_type = symbol == IMAGE_OWN_BLOCK ? elfin_arch_is_place(run.type)
                                                 : elfin_arch_is_bindable(run.type);

        if (!is_type || !is_in_part(image, &run) || !elfin_image_run_is_sound(&run, at) ||
            (elfin_arch_before(run.type) && !slot.slot))
            return false;
    }
    return at == stop;
}

static bool is_other(const struct image *image, uint32_t symbol)
{
    if (symbol == 0 || symbol == IMAGE_OWN_BLOCK || symbol == IMAGE_OWN_TLS)
        return true;
    return symbol < image->symbol_count && elfin_image_symbol(image, symbol).st_shndx == SHN_ABS;
}

static uint32_t check_imports(const struct image *image, uint64_t *where)
{
    for (uint32_t i = 0; i < image->import_count; i++) {
        *where = image_row(image, IMAGE_IMPORTS, i, 4);
        if (!is_stream_sound(image, span_u32(image->table[IMAGE_IMPORTS], i),
                             span_u32(image->table[IMAGE_IMPORTS], i + 1),
                             image->header.first_global + i))
            return DEFECT_IMAGE_STREAM;
    }
    return DEFECT_NONE;
}

/* Streams follow each other without a gap, those of imports together: all bytes are in one. */
uint32_t elfin_image_check_streams(const struct image *image, uint64_t *where)
{
    uint32_t first = span_u32(image->table[IMAGE_IMPORTS], 0), end = 0;
    uint32_t last = span_u32(image->table[IMAGE_IMPORTS], image->import_count);
    uint32_t defect = check_imports(image, where);

    for (uint64_t i = 0; !defect && i < image->header.table[IMAGE_OTHERS].count; i++) {
        struct image_other row;

        *where = image_row(image, IMAGE_OTHERS, i, sizeof(row));
        span_record(image->table[IMAGE_OTHERS], i, &row, sizeof(row));
        if (end == first)
            end = last;
        if (row.start != end || !is_other(image, row.symbol) ||
            !is_stream_sound(image, row.start, row.end, row.symbol))
            defect = DEFECT_IMAGE_STREAM;
        end = row.end;
    }
    if (defect)
        return defect;
    *where = image->header.table[IMAGE_STREAM].offset;
    if (end == first)
        end = last;
    return first <= last && end == image->table[IMAGE_STREAM].size ? DEFECT_NONE
                                                                   : DEFECT_IMAGE_STREAM;
}
