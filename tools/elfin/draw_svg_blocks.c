/* SPDX-License-Identifier: MIT */
/* Blocks, to scale: each segment begins a row of its own, so that rights change between rows only.
 */
#include "tools/elfin/draw_svg.h"

#include <inttypes.h>
#include <string.h>

enum {
    PAGE_BITS = 12,
    CLASS_SIZE = 32,
    MAX_SEGMENTS = 64, /* objects have six at most, other files any number */
    MAX_SLOTS = 24     /* listed below a block */
};

#define LETTER 6.1 /* width of a character in a box */

static const struct picture_segment *segment_of(const struct page *page,
                                                const struct picture_block *block, uint32_t number)
{
    return &page->picture->segments[block->first_segment + number];
}

static uint64_t count_rows(const struct page *page, const struct picture_block *block,
                           unsigned bits)
{
    uint64_t rows = 0;

    for (uint32_t i = 0; i < block->segment_count && i < MAX_SEGMENTS; i++)
        rows += ((segment_of(page, block, i)->size - 1) >> bits) + 1;
    return rows;
}

static unsigned choose_bits(const struct page *page, const struct picture_block *block)
{
    unsigned bits = PAGE_BITS;

    while (count_rows(page, block, bits) > DRAW_ROWS + block->segment_count)
        bits++;
    return bits;
}

/* Thin boxes have no edge: it would be all that is seen of them. */
static void class_of(char class[CLASS_SIZE], const struct picture_item *item, elfin_part part,
                     double width)
{
    static const char *const classes[ELFIN_PART_COUNT] = {
        [ELFIN_PART_TEXT] = "text",      [ELFIN_PART_RODATA] = "rodata",
        [ELFIN_PART_RELRO] = "relro",    [ELFIN_PART_DATA] = "data",
        [ELFIN_PART_INIT_TEXT] = "init", [ELFIN_PART_INIT_DATA] = "init",
    };

    const char *edge = width < 3 ? "" : " edge";

    if (item->index == ELFIN_SECTION_SLOTS)
        snprintf(class, CLASS_SIZE, "item slots%s", edge);
    else if (item->index == ELFIN_SECTION_STUBS)
        snprintf(class, CLASS_SIZE, "item stubs%s", edge);
    else
        snprintf(class, CLASS_SIZE, "item %s%u%s", classes[part], item->module % 2, edge);
}

/* One row of a segment. */
struct row {
    uint64_t first, last;
    double scale;
    elfin_part part; /* of the segment: items of linked files may be of several rights */
};

static void tip_item(const struct page *page, const struct picture_item *item)
{
    const struct picture_module *module = &page->picture->modules[item->module];

    svg_put(page->out, module->name, DRAW_NAME);
    fputs(" ", page->out);
    svg_put(page->out, item->name, DRAW_NAME);
    fprintf(page->out, " at 0x%" PRIx64 ", %" PRIu64 " bytes", item->address, item->size);
    if (item->index == ELFIN_SECTION_SLOTS)
        fprintf(page->out, ": %u of %u slots used", module->slots, module->slot_room);
    if (item->index == ELFIN_SECTION_STUBS)
        fprintf(page->out, ": %u of %u stubs used", module->stubs, module->stub_room);
}

/* "module section", or the section alone, or nothing: what fits. */
static void label_item(const struct page *page, const struct picture_item *item,
                       const struct svg_box *box)
{
    const char *module = page->picture->modules[item->module].name;
    size_t room = (size_t)(box->width / LETTER), length = strlen(item->name);

    if (room <= length)
        return;
    svg_text_begin(page->out, "in", box->x + 2, box->y + 13);
    if (room > length + 1 + strnlen(module, DRAW_NAME)) {
        svg_put(page->out, module, DRAW_NAME);
        fputs(" ", page->out);
    }
    svg_put(page->out, item->name, length);
    svg_text_end(page->out);
}

/* Things so thin that only the first of each hair's breadth is drawn; *edge is where it ended. */
static void put_item(struct page *page, const struct row *row, const struct picture_item *item,
                     double *edge)
{
    uint64_t first = item->address > row->first ? item->address : row->first;
    uint64_t end = item->address + (item->size - 1);
    uint64_t last = end < row->last ? end : row->last;
    struct svg_box box = { DRAW_LEFT + (double)(first - row->first) * row->scale, page->y,
                           (double)(last - first + 1) * row->scale, DRAW_ROW };
    char class[CLASS_SIZE];

    if (box.width < 0.5) {
        if (box.x < *edge)
            return;
        box.width = 0.5;
    }
    *edge = box.x + box.width;
    class_of(class, item, row->part, box.width);
    svg_tip_box(page->out, class, &box);
    tip_item(page, item);
    svg_tip_end(page->out);
    label_item(page, item, &box);
}

static void put_row(struct page *page, const struct picture_block *block, const struct row *row)
{
    struct svg_box room = { DRAW_LEFT, page->y, (double)(row->last - row->first + 1) * row->scale,
                            DRAW_ROW };
    double edge = 0;

    draw_address(page, row->first);
    svg_box(page->out, "room", &room);
    for (uint32_t i = 0; i < block->item_count; i++) {
        const struct picture_item *item = &page->picture->items[block->first_item + i];

        if (item->address <= row->last && item->address + (item->size - 1) >= row->first)
            put_item(page, row, item, &edge);
    }
}

static void note_segment(struct page *page, const struct picture_segment *segment)
{
    char size[PICTURE_SIZE_TEXT];

    svg_text_begin(page->out, "note", DRAW_LEFT + DRAW_WIDE + 8, page->y + 14);
    fprintf(page->out, "%s, %s, %s free", picture_part_rights(segment->part),
            picture_part_name(segment->part), picture_size(size, segment->size - segment->used));
    svg_text_end(page->out);
}

static void put_segment(struct page *page, const struct picture_block *block,
                        const struct picture_segment *segment, unsigned bits)
{
    uint64_t row_size = UINT64_C(1) << bits;

    for (uint64_t done = 0; done < segment->size; done += row_size) {
        uint64_t left = segment->size - done, first = segment->first + done;
        struct row row = { first, first + ((left < row_size ? left : row_size) - 1),
                           DRAW_WIDE / (double)row_size, segment->part };

        if (page->out) {
            put_row(page, block, &row);
            if (done == 0)
                note_segment(page, segment);
        }
        page->y += DRAW_ROW + DRAW_GAP;
    }
}

static void put_slot(struct page *page, const struct picture_module *module, const elfin_slot *slot)
{
    page->y += DRAW_TEXT - 2;
    if (!draw_text_begin(page, "slot", DRAW_LEFT))
        return;
    svg_put(page->out, module->name, 30);
    fprintf(page->out, ": slot 0x%" PRIx64 " holds 0x%" PRIx64 ", ", slot->address, slot->target);
    svg_put(page->out, slot->name, 30);
    fputs(slot->tls ? ", from the thread pointer" : " of ", page->out);
    if (!slot->tls)
        svg_put(page->out, picture_owner(page->picture, slot->target), 24);
    if (slot->stub)
        fprintf(page->out, "; stub 0x%" PRIx64, slot->stub);
    svg_text_end(page->out);
}

static void put_slots(struct page *page, uint32_t block)
{
    unsigned shown = 0;
    elfin_slot slot;

    for (size_t m = 0; m < page->picture->module_count && shown < MAX_SLOTS; m++) {
        const struct picture_module *module = &page->picture->modules[m];

        if (module->block != block)
            continue;
        for (uint32_t i = 0; shown < MAX_SLOTS && elfin_module_slot(module->module, i, &slot);
             i++) {
            put_slot(page, module, &slot);
            shown++;
        }
    }
    if (shown < page->picture->blocks[block].slots) {
        page->y += DRAW_TEXT - 2;
        if (draw_text_begin(page, "slot", DRAW_LEFT)) {
            fprintf(page->out, "and %u more slots", page->picture->blocks[block].slots - shown);
            svg_text_end(page->out);
        }
    }
}

static void head_block(struct page *page, const struct picture_block *block, unsigned bits)
{
    char size[PICTURE_SIZE_TEXT], row[PICTURE_SIZE_TEXT];

    svg_text_begin(page->out, "head", 16, page->y);
    if (block->first_module != PICTURE_NONE)
        svg_put(page->out, page->picture->modules[block->first_module].name, 40);
    if (block->module_count > 1)
        fprintf(page->out, " and %u more", block->module_count - 1);
    fprintf(page->out,
            ": 0x%" PRIx64 "-0x%" PRIx64
            ", %s, %s; %u of %u slots, %u of %u stubs used; a row is %s",
            block->first, block->last, picture_size(size, block->last - block->first + 1),
            picture_zone_of(block->first)->name, block->slots, block->slot_room, block->stubs,
            block->stub_room, picture_size(row, UINT64_C(1) << bits));
    svg_text_end(page->out);
}

void draw_block(struct page *page, uint32_t number)
{
    const struct picture_block *block = &page->picture->blocks[number];
    unsigned bits = choose_bits(page, block);

    page->y += 2 * DRAW_TEXT;
    if (page->out)
        head_block(page, block, bits);
    page->y += DRAW_GAP + 2;
    for (uint32_t i = 0; i < block->segment_count && i < MAX_SEGMENTS; i++)
        put_segment(page, block, segment_of(page, block, i), bits);
    put_slots(page, number);
}
