/* SPDX-License-Identifier: MIT */
#include "picture/pieces.h"

enum {
    MOST_BITS = 63
};

/* Rows with anything in them; pieces are in order, so a row is counted with its first piece. */
static uint64_t count_rows(const struct picture_rows *rows)
{
    uint64_t count = 0, uncounted = 0;

    for (size_t i = rows->piece; i < rows->end; i++) {
        const struct picture_piece *piece = &rows->picture->pieces[i];
        uint64_t first = higher(piece->first, rows->zone->first) >> rows->bits;
        uint64_t last = lower(piece->last, rows->zone->last) >> rows->bits;

        first = higher(first, uncounted);
        if (first > last)
            continue;
        count += last - first + 1;
        uncounted = last + 1;
    }
    return count;
}

void picture_rows_open(struct picture_rows *rows, const struct picture *picture,
                       const struct picture_zone *zone, unsigned least_bits, unsigned most)
{
    const struct picture_piece *pieces = picture->pieces;

    *rows = (struct picture_rows){ .picture = picture, .zone = zone, .bits = least_bits };
    while (rows->piece < picture->piece_count && pieces[rows->piece].last < zone->first)
        rows->piece++;
    rows->end = rows->piece;
    while (rows->end < picture->piece_count && pieces[rows->end].first <= zone->last)
        rows->end++;
    while (rows->bits < MOST_BITS && count_rows(rows) > most)
        rows->bits++;
}

bool picture_rows_next(struct picture_rows *rows)
{
    const struct picture_piece *pieces = rows->picture->pieces;
    uint64_t from = rows->begun ? rows->last + 1 : rows->zone->first, row;

    if (rows->begun && rows->last == rows->zone->last)
        return false;
    while (rows->piece < rows->end && pieces[rows->piece].last < from)
        rows->piece++;
    if (rows->piece == rows->end)
        return false;
    row = higher(pieces[rows->piece].first, from) >> rows->bits << rows->bits;
    rows->first = higher(row, from);
    rows->last = lower(row + ((UINT64_C(1) << rows->bits) - 1), rows->zone->last);
    rows->gap = rows->first - from;
    rows->begun = true;
    return true;
}
