/* SPDX-License-Identifier: MIT */
/*
 * Proving a blob sound, first half: header, parts, sections. Images come from files, and files from
 * anybody: what has been proven here nobody looks at again, and no damage gets past it to a store
 * outside of the block.
 */
#include "loader/image.h"

#define SIZE_LIMIT ((uint64_t)2 << 30)

static uint32_t check_head(struct image *image, struct span blob)
{
    const struct image_header *h = &image->header;
    uint64_t version[2] = { 0 };

    if (blob.size >= IMAGE_MAGIC_SIZE && !elfin_image_begins(blob))
        return DEFECT_MAGIC;
    if (blob.size < sizeof(*h))
        return DEFECT_IMAGE_CUT;
    __builtin_memcpy(version, blob.data, sizeof(version));
    if (version[1] != ((uint64_t)IMAGE_MACHINE << 32 | IMAGE_VERSION))
        return DEFECT_IMAGE_VERSION;
    if (!elfin_image_view(image, blob))
        return h->size > blob.size ? DEFECT_IMAGE_CUT : DEFECT_IMAGE_TABLE;
    if (h->size != blob.size)
        return h->size > blob.size ? DEFECT_IMAGE_CUT : DEFECT_IMAGE_HEADER;
    if (h->checksum != elfin_image_checksum(blob.data, blob.size))
        return DEFECT_IMAGE_CHECKSUM;
    return DEFECT_NONE;
}

static bool is_size(uint64_t value, uint64_t least)
{
    return is_power_of_two(value) && value >= least && value <= SIZE_LIMIT;
}

/* Pages, block, counts, and which tables belong together. */
static bool is_header_sound(const struct image *image)
{
    const struct image_header *h = &image->header;
    uint64_t symbols = h->table[IMAGE_SYMBOLS].count, exported = h->table[IMAGE_EXPORTED].count;
    uint64_t indices = h->table[IMAGE_SECTION_INDICES].count;
    uint64_t imports = h->table[IMAGE_IMPORTS].count;
    bool records = h->flags & IMAGE_EXPORT_RECORDS;

    return is_size(h->page_size, 16) && is_size(h->block_align, h->page_size) &&
           h->block_size <= ARCH_BLOCK_LIMIT && !(h->flags & ~(uint32_t)IMAGE_FLAGS) &&
           h->table[IMAGE_SECTIONS].count > IMAGE_ANCHOR &&
           h->table[IMAGE_SECTIONS].count < SECTION_SPECIAL && symbols < SECTION_SPECIAL &&
           h->first_global > 1 && h->first_global <= symbols &&
           h->table[IMAGE_USES].count == symbols && (!indices || indices == symbols) &&
           exported == (records ? symbols - h->first_global : 0) && imports &&
           imports - 1 <= symbols - h->first_global;
}

static bool are_names_sound(const struct image *image)
{
    struct span names = image->table[IMAGE_NAMES];

    return names.size && names.data[0] == 0 && span_is_strings(names) &&
           image_name_in(image, image->header.name) && names.data[image->header.name];
}

/* Parts follow each other on pages of their own, and fill the block. */
static bool are_parts_sound(const struct image *image)
{
    const struct image_header *h = &image->header;
    uint64_t offset = 0;
    struct span bytes;

    for (int i = 0; i < ELFIN_PART_COUNT; i++) {
        const struct image_part *p = &h->part[i];

        if (p->offset != offset || p->used > h->block_size - offset || p->filled > p->used ||
            !span_cut(image->blob, p->content, p->filled, &bytes))
            return false;
        offset = round_up(offset + p->used, h->page_size);
        if (offset > h->block_size)
            return false;
    }
    return offset == h->block_size;
}

/* Slots and stubs lie in parts of the right kind, and so do the tables for unwinders. */
static bool are_extras_sound(const struct image *image)
{
    const struct image_header *h = &image->header;
    uint64_t slots = ARCH_SLOT_SIZE * (uint64_t)h->slot_count;
    uint64_t stubs = ARCH_STUB_SIZE * (uint64_t)h->stub_count;
    uint64_t index = unwind_index_size(h->frame_count);
    bool has_got = slots || h->flags & IMAGE_NEEDS_GOT;

    if (has_got && !image_filled(image, ELFIN_PART_RELRO, h->got, slots))
        return false;
    if (stubs && !image_filled(image, ELFIN_PART_TEXT, h->plt, stubs))
        return false;
    if ((!has_got && h->got) || (!stubs && h->plt) || h->trap > h->stub_count ||
        h->handle > h->slot_count || !h->handle != !h->handle_symbol)
        return false;
    if (!(h->flags & IMAGE_HAS_FRAMES))
        return !h->unwind_index && !h->frames_end && !h->frame_count;
    return h->frame_count <= SIZE_LIMIT / 8 && h->unwind_index % 4 == 0 &&
           image_filled(image, ELFIN_PART_RODATA, h->unwind_index, index) &&
           h->frames_end >= h->unwind_index + index &&
           image_filled(image, ELFIN_PART_RODATA, h->frames_end, 4);
}

/* The block of thread-local data: its initial image is constant. */
static bool is_tls_sound(const struct image *image)
{
    const struct image_header *h = &image->header;

    if (h->tls_size > SIZE_LIMIT || h->tls_file_size > h->tls_size || !is_size(h->tls_align, 1) ||
        h->tls_image > SIZE_LIMIT)
        return false;
    return !h->tls_file_size ||
           (h->tls_image % h->tls_align == 0 &&
            image_filled(image, ELFIN_PART_RODATA, h->tls_image, h->tls_file_size));
}

static bool is_anchor(const struct image_section *s)
{
    return s->address == 0 && s->size == 0 && s->type == SHT_NOBITS && s->flags == 0 &&
           s->part == ELFIN_PART_TEXT;
}

static bool is_tls_place(const struct image_header *h, const struct image_section *s)
{
    uint64_t offset = s->address - h->tls_image;
    uint64_t size = s->type == SHT_NOBITS ? h->tls_size : h->tls_file_size;

    return s->part == ELFIN_PART_RODATA && offset <= size && s->size <= size - offset;
}

/* Its bytes lie in those of its part. */
static bool is_place(const struct image *image, const struct image_section *s)
{
    const struct image_part *p = &image->header.part[s->part];

    if (s->flags & SHF_TLS && !is_tls_place(&image->header, s))
        return false;
    if (s->flags & SHF_TLS && s->type == SHT_NOBITS)
        return true;
    if (s->type != SHT_NOBITS)
        return image_filled(image, s->part, s->address, s->size);
    return s->address >= p->offset && s->address - p->offset <= p->used &&
           s->size <= p->used - (s->address - p->offset);
}

static bool is_code_part(uint8_t part)
{
    return part == ELFIN_PART_TEXT || part == ELFIN_PART_INIT_TEXT;
}

static bool is_array(uint32_t type)
{
    return type == SHT_INIT_ARRAY || type == SHT_FINI_ARRAY || type == SHT_PREINIT_ARRAY;
}

static bool is_section_sound(const struct image *image, const struct image_section *s)
{
    if (s->part >= ELFIN_PART_COUNT || s->frames > 1 || s->gathered > 1 ||
        !image_name_in(image, s->name) || !is_power_of_two(s->align) || s->type == SHT_NULL ||
        !is_place(image, s))
        return false;
    if (s->flags & SHF_EXECINSTR && (s->flags & (SHF_WRITE | SHF_TLS) || !is_code_part(s->part)))
        return false;
    if (is_array(s->type) && (s->size % 8 || s->priority < -1 || s->priority > 65536))
        return false;
    return !s->frames || (image->header.flags & IMAGE_HAS_FRAMES && s->type != SHT_NOBITS &&
                          s->part == ELFIN_PART_RODATA && !(s->flags & SHF_TLS));
}

/* Unwind tables follow each other between their index and their end. */
static bool is_frames_place(const struct image *image, const struct image_section *s, uint64_t *end)
{
    const struct image_header *h = &image->header;

    if (!*end)
        *end = h->unwind_index + unwind_index_size(h->frame_count);
    if (s->address < *end || s->address > h->frames_end || s->size > h->frames_end - s->address)
        return false;
    *end = s->address + s->size;
    return true;
}

static uint32_t check_sections(const struct image *image, uint64_t *where)
{
    uint64_t frames_end = 0;

    for (uint32_t i = IMAGE_ANCHOR; i < image->section_count; i++) {
        struct image_section s = image_section(image, i);

        *where = image_row(image, IMAGE_SECTIONS, i, sizeof(s));
        if (!is_section_sound(image, &s) || (i == IMAGE_ANCHOR && !is_anchor(&s)) ||
            (s.frames && !is_frames_place(image, &s, &frames_end)))
            return DEFECT_IMAGE_SECTION;
    }
    return DEFECT_NONE;
}

uint32_t elfin_image_check(struct image *image, struct span blob, uint64_t *where)
{
    uint32_t defect = check_head(image, blob);

    *where = 0;
    if (defect)
        return defect;
    if (!is_header_sound(image) || !are_names_sound(image))
        return DEFECT_IMAGE_HEADER;
    if (!are_parts_sound(image) || !are_extras_sound(image) || !is_tls_sound(image))
        return DEFECT_IMAGE_PART;
    defect = check_sections(image, where);
    if (!defect)
        defect = elfin_image_check_tables(image, where);
    return defect ? defect : elfin_image_check_streams(image, where);
}
