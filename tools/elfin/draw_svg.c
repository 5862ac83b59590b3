/* SPDX-License-Identifier: MIT */
/*
 * The picture as SVG: a strip of all memory, zone by zone, with a break wherever there is nothing;
 * then every block in rows of one size, so that it is to scale. Every rectangle tells what it is
 * under the pointer.
 */
#include "tools/elfin/draw_svg.h"

#include <inttypes.h>
#include <string.h>

enum {
    MAX_BLOCKS = 64,
    OVERVIEW_BITS = 17 /* the least row of the overview */
};

#define WIDTH 1100.0

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
                            "rect.edge { stroke: #ffffff; stroke-width: 0.4 }\n"
                            "rect.modules { fill: #00897b } rect.program { fill: #546e7a }\n"
                            "rect.firmware { fill: #b0bec5 } rect.reserved { fill: #424242 }\n"
                            "rect.free { fill: #dcedc8 }\n";

bool draw_text_begin(struct page *page, const char *class, double x)
{
    if (page->out)
        svg_text_begin(page->out, class, x, page->y);
    return page->out;
}

void draw_address(struct page *page, uint64_t address)
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
    svg_put(page->out, page->picture->modules[block->first_module].name, DRAW_NAME);
    if (block->module_count > 1)
        fprintf(page->out, " and %" PRIu32 " more modules", block->module_count - 1);
}

/* A piece that is too thin to be seen is drawn as wide as is needed for that. */
static void put_piece(struct page *page, const struct picture_rows *rows,
                      const struct picture_piece *piece)
{
    double scale = DRAW_WIDE / (double)((UINT64_C(1) << rows->bits) - 1);
    uint64_t start = rows->first >> rows->bits << rows->bits;
    uint64_t first = piece->first > rows->first ? piece->first : rows->first;
    uint64_t last = piece->last < rows->last ? piece->last : rows->last;
    struct svg_box box = { DRAW_LEFT + (double)(first - start) * scale, page->y,
                           (double)(last - first) * scale, DRAW_ROW };

    if (box.width < 2 && piece->kind != PICTURE_FREE)
        box.width = 2;
    if (box.x + box.width > DRAW_LEFT + DRAW_WIDE)
        box.x = DRAW_LEFT + DRAW_WIDE - box.width;
    svg_tip_box(page->out, picture_kind_name(piece->kind), &box);
    tip_piece(page, piece);
    svg_tip_end(page->out);
}

static void put_strip_row(struct page *page, const struct picture_rows *rows)
{
    const struct picture_piece *pieces = page->picture->pieces;
    struct svg_box frame = { DRAW_LEFT, page->y, DRAW_WIDE, DRAW_ROW };

    draw_address(page, rows->first >> rows->bits << rows->bits);
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
    page->y += DRAW_TEXT - 4;
    if (draw_text_begin(page, "gap", DRAW_LEFT)) {
        fprintf(page->out, "%s without anything", picture_size(size, gap));
        svg_text_end(page->out);
    }
    page->y += DRAW_GAP;
}

static void put_zone(struct page *page, const struct picture_zone *zone)
{
    struct picture_rows rows;
    char size[PICTURE_SIZE_TEXT];

    picture_rows_open(&rows, page->picture, zone, OVERVIEW_BITS, DRAW_ROWS);
    page->y += DRAW_TEXT;
    if (draw_text_begin(page, "head", 16)) {
        fprintf(page->out, "%s", zone->name);
        if (rows.piece == rows.end)
            fputs(": nothing", page->out);
        else
            fprintf(page->out, " (a row is %s)", picture_size(size, UINT64_C(1) << rows.bits));
        svg_text_end(page->out);
    }
    page->y += DRAW_GAP + 2;
    for (bool first = true; picture_rows_next(&rows); first = false) {
        if (!first)
            put_gap(page, rows.gap);
        if (page->out)
            put_strip_row(page, &rows);
        page->y += DRAW_ROW + DRAW_GAP;
    }
}

/* Which fields reach how far: the lines between zones. */
static void put_reach(struct page *page, const char *words)
{
    page->y += DRAW_GAP + 4;
    if (page->out)
        svg_line(page->out, "reach", 16, page->y, WIDTH - 16, page->y);
    page->y += 13;
    if (draw_text_begin(page, "reachtext", DRAW_LEFT)) {
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
    page->y += DRAW_TEXT + DRAW_GAP;
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
    if (draw_text_begin(page, "title", 16)) {
        fprintf(page->out, "Modules: %zu, blocks: %zu", page->picture->module_count,
                page->picture->block_count);
        svg_text_end(page->out);
    }
    page->y += 12;
    put_legend(page);
    put_overview(page);
    for (uint32_t i = 0; i < shown; i++)
        draw_block(page, i);
    if (shown < page->picture->block_count) {
        page->y += 2 * DRAW_TEXT;
        if (draw_text_begin(page, "head", 16)) {
            fprintf(page->out, "and %zu more blocks", page->picture->block_count - shown);
            svg_text_end(page->out);
        }
    }
    page->y += DRAW_TEXT;
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
