/* SPDX-License-Identifier: MIT */
/*
 * All of memory at a glance. Each zone has a strip: rows of PICTURE_CELLS letters, each letter for
 * a cell of one size, the smallest at which the zone needs no more than MAX_ROWS rows. Rows without
 * anything are left out, rows that only repeat the one above are counted.
 */
#include "picture/draw.h"
#include "picture/pieces.h"

#include "libmini/str.h"

enum {
    MAX_ROWS = 16,
    LEAST_CELL = 12, /* bits of its size: a page */
    CELL_BITS = 5,   /* PICTURE_CELLS is 1 << CELL_BITS */
    STRIP_COLUMN = 21,
    NOTES_WIDTH = 24
};
_Static_assert(PICTURE_CELLS == 1 << CELL_BITS, "rows are cut by shifting");

/* A capital: the whole cell is of that kind. */
static char letter(enum picture_kind kind, bool whole)
{
    static const char whole_letters[] = "MPFR.", some_letters[] = "mpfr.";

    return (whole ? whole_letters : some_letters)[kind];
}

/* The most interesting kind in the cell. `from` is moved past the pieces that end before it. */
static char cell_letter(const struct picture_rows *rows, size_t *from, uint64_t first,
                        uint64_t last)
{
    const struct picture_piece *pieces = rows->picture->pieces;
    unsigned kind = PICTURE_KINDS;
    uint64_t covered = 0;

    while (*from < rows->end && pieces[*from].last < first)
        ++*from;
    for (size_t i = *from; i < rows->end && pieces[i].first <= last; i++) {
        uint64_t bytes = extent(higher(pieces[i].first, first), lower(pieces[i].last, last));

        if (pieces[i].kind == kind)
            covered += bytes;
        if (pieces[i].kind >= kind)
            continue;
        kind = pieces[i].kind;
        covered = bytes;
    }
    if (kind == PICTURE_KINDS)
        return ' ';
    return letter((enum picture_kind)kind, covered == extent(first, last));
}

static void fill_row(const struct picture_rows *rows, char text[PICTURE_CELLS + 1])
{
    unsigned bits = rows->bits - CELL_BITS;
    uint64_t start = rows->first >> rows->bits << rows->bits;
    size_t from = rows->piece;

    for (unsigned i = 0; i < PICTURE_CELLS; i++) {
        uint64_t first = start + ((uint64_t)i << bits);
        uint64_t last = first + ((UINT64_C(1) << bits) - 1);

        /* The first and the last row may reach out of the zone. */
        text[i] = ' ';
        if (last >= rows->first && first <= rows->last)
            text[i] = cell_letter(rows, &from, higher(first, rows->first), lower(last, rows->last));
    }
    text[PICTURE_CELLS] = '\0';
}

/* Whose blocks begin in the row; else the first label in it. */
static void put_notes(const struct picture_rows *rows, struct line *line)
{
    const struct picture *picture = rows->picture;
    const char *name = NULL, *label = NULL;
    uint32_t others = 0;

    for (size_t i = rows->piece; i < rows->end && picture->pieces[i].first <= rows->last; i++) {
        const struct picture_piece *piece = &picture->pieces[i];
        const struct picture_block *block;

        if (piece->label && !label && piece->kind == PICTURE_PROGRAM)
            label = piece->label;
        if (piece->kind != PICTURE_MODULES || piece->first < rows->first)
            continue;
        block = &picture->blocks[piece->block];
        others += block->module_count;
        if (!name && block->first_module != PICTURE_NONE) {
            name = picture->modules[block->first_module].name;
            others--;
        }
    }
    if (!name && !label)
        return;
    picture_line_column(line, PICTURE_COLUMNS - NOTES_WIDTH);
    picture_line_name(line, name ? name : label, others ? NOTES_WIDTH - 12 : NOTES_WIDTH);
    if (others)
        picture_line_add(line, " +%u more", others);
}

static bool all_one(const char *text)
{
    for (unsigned i = 1; i < PICTURE_CELLS; i++)
        if (text[i] != text[0])
            return false;
    return text[0] != 'M' && text[0] != 'm';
}

static void end_repetition(struct line *line, uint64_t rows, unsigned bits)
{
    char size[PICTURE_SIZE_TEXT];

    if (rows == 0)
        return;
    picture_line_column(line, STRIP_COLUMN);
    picture_line_add(line, "the same for %s more", picture_size(size, rows << bits));
    picture_line_end(line);
}

static void put_gap(struct line *line, uint64_t gap)
{
    char size[PICTURE_SIZE_TEXT];

    if (gap == 0)
        return;
    picture_line_column(line, STRIP_COLUMN);
    picture_line_add(line, "... %s without anything", picture_size(size, gap));
    picture_line_end(line);
}

static void put_rows(struct picture_rows *rows, struct line *line)
{
    char text[PICTURE_CELLS + 1], above = ' ';
    uint64_t repeated = 0;

    for (bool first = true; picture_rows_next(rows); first = false) {
        fill_row(rows, text);
        if (rows->gap == 0 && above == text[0] && all_one(text)) {
            repeated++;
            continue;
        }
        end_repetition(line, repeated, rows->bits);
        repeated = 0;
        put_gap(line, first ? 0 : rows->gap);
        picture_line_address(line, rows->first >> rows->bits << rows->bits, rows->zone->last);
        picture_line_column(line, STRIP_COLUMN);
        picture_line_add(line, "%s", text);
        put_notes(rows, line);
        picture_line_end(line);
        above = (char)(all_one(text) ? text[0] : ' ');
    }
    end_repetition(line, repeated, rows->bits);
}

/* What the zone holds, and its largest free run; leaves the line open for the scale. */
static void put_sums(const struct picture_rows *rows, struct line *line)
{
    uint64_t sum[PICTURE_KINDS] = { 0 }, largest = 0, at = 0;
    char size[PICTURE_SIZE_TEXT];

    for (size_t i = rows->piece; i < rows->end; i++) {
        const struct picture_piece *piece = &rows->picture->pieces[i];
        uint64_t first = higher(piece->first, rows->zone->first);
        uint64_t bytes = extent(first, lower(piece->last, rows->zone->last));

        sum[piece->kind] = add_capped(sum[piece->kind], bytes);
        if (piece->kind == PICTURE_FREE && bytes > largest) {
            largest = bytes;
            at = first;
        }
    }
    picture_line_add(line, "%s: ", rows->zone->name);
    picture_line_sums(line, sum, 2);
    if (rows->piece == rows->end)
        picture_line_add(line, "nothing");
    picture_line_end(line);
    picture_line_add(line, "  ");
    if (largest > 0)
        picture_line_add(line, "largest free run %s at 0x%llx; ", picture_size(size, largest),
                         (unsigned long long)at);
}

void picture_draw_overview(const struct picture *picture, struct line *line)
{
    char size[PICTURE_SIZE_TEXT];

    picture_line_add(line, "M modules  P %s  F firmware  R reserved  . free  blank nothing",
                     picture->host);
    picture_line_end(line);
    picture_line_add(line, "a small letter: part of the cell; the first of these kinds is shown");
    picture_line_end(line);
    for (unsigned i = 0; i < PICTURE_ZONES; i++) {
        struct picture_rows rows;

        picture_rows_open(&rows, picture, &picture_zones[i], LEAST_CELL + CELL_BITS, MAX_ROWS);
        put_sums(&rows, line);
        if (rows.piece == rows.end) {
            picture_line_begin(line, line->output);
            continue;
        }
        picture_line_add(line, "a letter is %s",
                         picture_size(size, UINT64_C(1) << (rows.bits - CELL_BITS)));
        picture_line_end(line);
        put_rows(&rows, line);
    }
}
