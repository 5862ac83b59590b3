/* SPDX-License-Identifier: MIT */
/*
 * The picture as SVG: a strip of all memory, zone by zone, with a break wherever there is nothing;
 * then every block in rows of one size, so that it is to scale. Every rectangle tells what it is
 * under the pointer.
 */
#include "tools/elfin/draw.h"
#include "tools/elfin/svg.h"

#include <inttypes.h>
#include <string.h>

enum {
    MAX_BLOCKS = 64,
    MAX_ROWS = 24, /* of one block, or zone, but a row for each part */
    PAGE_BITS = 12,
    OVERVIEW_BITS = 17, /* the least row of the overview */
    MAX_NAME = 80,
    MAX_SLOTS = 24 /* listed below a block */
};

#define WIDTH     1100.0
#define LEFT      160.0 /* of the rows; addresses stand before them */
#define ROW_WIDTH 720.0
#define ROW       20.0 /* height, and what is between two */
#define GAP       5.0
#define TEXT      16.0
#define LETTER    6.1 /* width of a character in a box */

static const char style[] = "text { font: 12px sans-serif; fill: #222222 }\n"
                            ".title { font-size: 18px; font-weight: bold }\n"
                            ".head { font-size: 14px; font-weight: bold }\n"
                            ".address, .slot { font: 11px monospace; fill: #444444 }\n"
                            ".in { font: 10px monospace; fill: #000000 }\n"
                            ".gap { fill: #777777; font-style: italic }\n"
                            ".reach { stroke: #c62828; stroke-width: 1.5; stroke-dasharray: 8 4 }\n"
                            ".reachtext { fill: #c62828 }\n"
                            "rect.frame { fill: #ffffff; stroke: #999999 }\n"
                            "rect.room { fill: #f4f4f4; stroke: #bbbbbb; stroke-dasharray: 3 2 }\n"
                            "rect.text0 { fill: #f4a261 } rect.text1 { fill: #f7bd8d }\n"
                            "rect.rodata0 { fill: #8ac77b } rect.rodata1 { fill: #aedba3 }\n"
                            "rect.relro0 { fill: #b39ddb } rect.relro1 { fill: #cfc1ea }\n"
                            "rect.data0 { fill: #73b3e7 } rect.data1 { fill: #a1cdf2 }\n"
                            "rect.init0 { fill: #c9b18c } rect.init1 { fill: #dccbb0 }\n"
                            "rect.slots { fill: #7e57c2 } rect.stubs { fill: #d84315 }\n"
                            "rect.item { stroke: #ffffff; stroke-width: 0.4 }\n"
                            "rect.modules { fill: #00897b } rect.program { fill: #546e7a }\n"
                            "rect.firmware { fill: #b0bec5 } rect.reserved { fill: #424242 }\n"
                            "rect.free { fill: #dcedc8 }\n";

/* Where the next thing goes. */
struct page {
    const struct picture *picture;
    FILE *out; /* NULL: the height is measured */
    double y;
};

static void text_begin(struct page *page, const char *class, double x)
{
    if (page->out)
        svg_text_begin(page->out, class, x, page->y);
}

/* An address before a row that begins at page->y. */
static void put_address(struct page *page, uint64_t address)
{
    svg_text_begin(page->out, "address", 16, page->y + 14);
    fprintf(page->out, "0x%016" PRIx64, address);
    svg_text_end(page->out);
}

/* ---- The overview ---------------------------------------------------------------------------- */

static void tip_piece(const struct page *page, const struct picture_piece *piece)
{
    const struct picture_block *block;
    char size[PICTURE_SIZE_TEXT];

    fprintf(page->out, "%s 0x%" PRIx64 "-0x%" PRIx64 ", %s", picture_kind_name(piece->kind),
            piece->first, piece->last, picture_size(size, piece->last - piece->first + 1));
    if (piece->kind != PICTURE_MODULES)
        return;
    block = &page->picture->blocks[piece->block];
    if (block->first_module == PICTURE_NONE)
        return;
    fputs(": ", page->out);
    svg_put(page->out, page->picture->modules[block->first_module].name, MAX_NAME);
    if (block->module_count > 1)
        fprintf(page->out, " and %" PRIu32 " more modules", block->module_count - 1);
}

/* A piece that is too thin to be seen is drawn as wide as is needed for that. */
static void put_piece(struct page *page, const struct picture_rows *rows,
                      const struct picture_piece *piece)
{
    double scale = ROW_WIDTH / (double)((UINT64_C(1) << rows->bits) - 1);
    uint64_t start = rows->first >> rows->bits << rows->bits;
    uint64_t first = piece->first > rows->first ? piece->first : rows->first;
    uint64_t last = piece->last < rows->last ? piece->last : rows->last;
    struct svg_box box = { LEFT + (double)(first - start) * scale, page->y,
                           (double)(last - first) * scale, ROW };

    if (box.width < 2 && piece->kind != PICTURE_FREE)
        box.width = 2;
    if (box.x + box.width > LEFT + ROW_WIDTH)
        box.x = LEFT + ROW_WIDTH - box.width;
    svg_tip_box(page->out, picture_kind_name(piece->kind), &box);
    tip_piece(page, piece);
    svg_tip_end(page->out);
}

static void put_strip_row(struct page *page, const struct picture_rows *rows)
{
    const struct picture_piece *pieces = page->picture->pieces;
    struct svg_box frame = { LEFT, page->y, ROW_WIDTH, ROW };

    put_address(page, rows->first >> rows->bits << rows->bits);
    svg_box(page->out, "frame", &frame);
    /* What matters most comes last, on top of what was widened to be seen. */
    for (unsigned i = PICTURE_KINDS; i-- > 0;)
        for (size_t p = rows->piece; p < rows->end && pieces[p].first <= rows->last; p++)
            if (pieces[p].kind == i)
                put_piece(page, rows, &pieces[p]);
}

static void put_gap(struct page *page, uint64_t gap)
{
    char size[PICTURE_SIZE_TEXT];

    if (gap == 0)
        return;
    page->y += TEXT - 4;
    text_begin(page, "gap", LEFT);
    if (page->out) {
        fprintf(page->out, "%s without anything", picture_size(size, gap));
        svg_text_end(page->out);
    }
    page->y += GAP;
}

static void put_zone(struct page *page, const struct picture_zone *zone)
{
    struct picture_rows rows;
    char size[PICTURE_SIZE_TEXT];

    picture_rows_open(&rows, page->picture, zone, OVERVIEW_BITS, MAX_ROWS);
    page->y += TEXT;
    text_begin(page, "head", 16);
    if (page->out) {
        fprintf(page->out, "%s", zone->name);
        if (rows.piece == rows.end)
            fputs(": nothing", page->out);
        else
            fprintf(page->out, " (a row is %s)", picture_size(size, UINT64_C(1) << rows.bits));
        svg_text_end(page->out);
    }
    page->y += GAP + 2;
    for (bool first = true; picture_rows_next(&rows); first = false) {
        if (!first)
            put_gap(page, rows.gap);
        if (page->out)
            put_strip_row(page, &rows);
        page->y += ROW + GAP;
    }
}

/* Which fields reach how far: the lines between zones. */
static void put_reach(struct page *page, const char *words)
{
    page->y += GAP + 4;
    if (page->out)
        svg_line(page->out, "reach", 16, page->y, WIDTH - 16, page->y);
    page->y += 13;
    text_begin(page, "reachtext", LEFT);
    if (page->out) {
        fputs(words, page->out);
        svg_text_end(page->out);
    }
    page->y += 2;
}

static void put_overview(struct page *page)
{
    static const char *const reaches[PICTURE_ZONES] = {
        "2 GiB: R_X86_64_32S, and branches between all below, end here",
        "4 GiB: R_X86_64_32 ends here",
        "2 GiB below the top: R_X86_64_32S again from here",
        NULL,
    };

    for (unsigned i = 0; i < PICTURE_ZONES; i++) {
        put_zone(page, &picture_zones[i]);
        if (reaches[i])
            put_reach(page, reaches[i]);
    }
}

/* ---- Blocks ---------------------------------------------------------------------------------- */

/* Each part begins a row, so that rights change between rows only. */
static uint64_t count_rows(const struct picture_block *block, unsigned bits)
{
    uint64_t rows = 0;

    for (unsigned i = 0; i < ELFIN_PART_COUNT; i++)
        rows += (block->part[i].size >> bits) +
                ((block->part[i].size & ((UINT64_C(1) << bits) - 1)) != 0);
    return rows;
}

static unsigned choose_bits(const struct picture_block *block)
{
    unsigned bits = PAGE_BITS;

    while (count_rows(block, bits) > MAX_ROWS + ELFIN_PART_COUNT)
        bits++;
    return bits;
}

static void class_of(char class[24], const struct picture_item *item)
{
    static const char *const classes[ELFIN_PART_COUNT] = {
        [ELFIN_PART_TEXT] = "text",      [ELFIN_PART_RODATA] = "rodata",
        [ELFIN_PART_RELRO] = "relro",    [ELFIN_PART_DATA] = "data",
        [ELFIN_PART_INIT_TEXT] = "init", [ELFIN_PART_INIT_DATA] = "init",
    };

    if (item->index == ELFIN_SECTION_SLOTS)
        strcpy(class, "item slots");
    else if (item->index == ELFIN_SECTION_STUBS)
        strcpy(class, "item stubs");
    else
        snprintf(class, 24, "item %s%u", classes[item->part], item->module % 2);
}

/* One row of a part. */
struct row {
    uint64_t first, last;
    double scale;
};

static void tip_item(const struct page *page, const struct picture_item *item)
{
    const struct picture_module *module = &page->picture->modules[item->module];

    svg_put(page->out, module->name, MAX_NAME);
    fputs(" ", page->out);
    svg_put(page->out, item->name, MAX_NAME);
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
    if (room > length + 1 + strnlen(module, MAX_NAME)) {
        svg_put(page->out, module, MAX_NAME);
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
    struct svg_box box = { LEFT + (double)(first - row->first) * row->scale, page->y,
                           (double)(last - first + 1) * row->scale, ROW };
    char class[24];

    if (box.width < 0.5) {
        if (box.x < *edge)
            return;
        box.width = 0.5;
    }
    *edge = box.x + box.width;
    class_of(class, item);
    svg_tip_box(page->out, class, &box);
    tip_item(page, item);
    svg_tip_end(page->out);
    label_item(page, item, &box);
}

static void put_row(struct page *page, const struct picture_block *block, elfin_part part,
                    const struct row *row)
{
    struct svg_box room = { LEFT, page->y, (double)(row->last - row->first + 1) * row->scale, ROW };
    double edge = 0;

    put_address(page, row->first);
    svg_box(page->out, "room", &room);
    for (uint32_t i = 0; i < block->item_count; i++) {
        const struct picture_item *item = &page->picture->items[block->first_item + i];

        if (item->part == part && item->address <= row->last &&
            item->address + (item->size - 1) >= row->first)
            put_item(page, row, item, &edge);
    }
}

static void note_part(struct page *page, const struct picture_block *block, elfin_part part)
{
    char size[PICTURE_SIZE_TEXT];

    svg_text_begin(page->out, "note", LEFT + ROW_WIDTH + 8, page->y + 14);
    fprintf(page->out, "%s, %s, %s free", picture_part_rights(part), picture_part_name(part),
            picture_size(size, block->part[part].size - block->part[part].used));
    svg_text_end(page->out);
}

static void put_part(struct page *page, const struct picture_block *block, elfin_part part,
                     unsigned bits)
{
    uint64_t size = block->part[part].size, row_size = UINT64_C(1) << bits;

    for (uint64_t done = 0; done < size; done += row_size) {
        uint64_t left = size - done, first = block->part[part].first + done;
        struct row row = { first, first + ((left < row_size ? left : row_size) - 1),
                           ROW_WIDTH / (double)row_size };

        if (page->out) {
            put_row(page, block, part, &row);
            if (done == 0)
                note_part(page, block, part);
        }
        page->y += ROW + GAP;
    }
}

static void put_slot(struct page *page, const struct picture_module *module, const elfin_slot *slot)
{
    page->y += TEXT - 2;
    text_begin(page, "slot", LEFT);
    if (!page->out)
        return;
    svg_put(page->out, module->name, 30);
    fprintf(page->out, ": slot 0x%" PRIx64 " holds 0x%" PRIx64 ", ", slot->address, slot->target);
    svg_put(page->out, slot->name, 30);
    fputs(" of ", page->out);
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
        page->y += TEXT - 2;
        text_begin(page, "slot", LEFT);
        if (page->out) {
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
            ", %s %s; %u of %u slots, %u of %u stubs used; a row is %s",
            block->first, block->last, picture_size(size, block->last - block->first + 1),
            picture_zone_of(block->first)->name, block->slots, block->slot_room, block->stubs,
            block->stub_room, picture_size(row, UINT64_C(1) << bits));
    svg_text_end(page->out);
}

static void put_block(struct page *page, uint32_t number)
{
    const struct picture_block *block = &page->picture->blocks[number];
    unsigned bits = choose_bits(block);

    page->y += 2 * TEXT;
    if (page->out)
        head_block(page, block, bits);
    page->y += GAP + 2;
    for (unsigned part = 0; part < ELFIN_PART_COUNT; part++)
        put_part(page, block, (elfin_part)part, bits);
    put_slots(page, number);
}

/* ---- The whole ------------------------------------------------------------------------------- */

struct sample {
    const char *class, *words;
};

static void put_legend_row(struct page *page, const struct sample *samples, size_t count)
{
    double x = 16;

    for (size_t i = 0; i < count && page->out; i++) {
        struct svg_box box = { x, page->y, 14, 14 };

        svg_box(page->out, samples[i].class, &box);
        svg_text_begin(page->out, "", x + 18, page->y + 12);
        fputs(samples[i].words, page->out);
        svg_text_end(page->out);
        x += 34 + 6.6 * (double)strlen(samples[i].words);
    }
    page->y += TEXT + GAP;
}

static void put_legend(struct page *page)
{
    static const struct sample memory[] = { { "modules", "modules" },
                                            { "program", "exports of the host" },
                                            { "frame", "nothing" } };
    static const struct sample parts[] = {
        { "text0", "RX text" },       { "stubs", "stubs" },
        { "rodata0", "R rodata" },    { "relro0", "R after init" },
        { "slots", "slots" },         { "data0", "RW data" },
        { "init0", "only for init" }, { "room", "free rest of pages" }
    };

    put_legend_row(page, memory, sizeof(memory) / sizeof(memory[0]));
    put_legend_row(page, parts, sizeof(parts) / sizeof(parts[0]));
}

static void put_page(struct page *page)
{
    size_t shown =
        page->picture->block_count < MAX_BLOCKS ? page->picture->block_count : MAX_BLOCKS;

    page->y = 28;
    text_begin(page, "title", 16);
    if (page->out) {
        fprintf(page->out, "%zu modules in %zu blocks", page->picture->module_count,
                page->picture->block_count);
        svg_text_end(page->out);
    }
    page->y += 12;
    put_legend(page);
    put_overview(page);
    for (uint32_t i = 0; i < shown; i++)
        put_block(page, i);
    if (shown < page->picture->block_count) {
        page->y += 2 * TEXT;
        text_begin(page, "head", 16);
        if (page->out) {
            fprintf(page->out, "and %zu more blocks", page->picture->block_count - shown);
            svg_text_end(page->out);
        }
    }
    page->y += TEXT;
}

/* Once to measure the height, which comes first in the file, and once to draw. */
void draw_svg(const void *what, FILE *out)
{
    struct page page = { .picture = what };

    put_page(&page);
    page.out = out;
    svg_begin(out, WIDTH, page.y, style);
    put_page(&page);
    svg_end(out);
}
