/* SPDX-License-Identifier: MIT */
/*
 * The ranges with their addresses. Firmware cuts memory into hundreds of them; so those smaller
 * than a threshold, and no farther apart, are joined into one line that adds them up; the threshold
 * is the smallest that leaves no more than MAX_LINES lines. At 2^63 two pieces are left at most.
 */
#include "picture/draw.h"
#include "picture/pieces.h"

enum {
    MAX_LINES = 20
};

/* What one line shows: pieces first .. end - 1. */
struct run {
    size_t first, end;
};

static bool large(const struct picture_piece *piece, uint64_t threshold)
{
    return extent(piece->first, piece->last) >= threshold;
}

/* Small ones, and not far apart. */
static bool joins(const struct picture_piece *a, const struct picture_piece *b, uint64_t threshold)
{
    return b->first - a->last - 1 < threshold && !large(a, threshold) && !large(b, threshold);
}

static struct run next_run(const struct picture *picture, size_t first, uint64_t threshold)
{
    struct run run = { first, first + 1 };

    while (run.end < picture->piece_count &&
           joins(&picture->pieces[run.end - 1], &picture->pieces[run.end], threshold))
        run.end++;
    return run;
}

static size_t count_lines(const struct picture *picture, uint64_t threshold)
{
    size_t lines = 0;

    for (size_t i = 0; i < picture->piece_count; lines++)
        i = next_run(picture, i, threshold).end;
    return lines;
}

static uint64_t choose_threshold(const struct picture *picture)
{
    uint64_t threshold = 1;

    while (threshold < UINT64_C(1) << 63 && count_lines(picture, threshold) > MAX_LINES)
        threshold *= 2;
    return threshold;
}

static void put_piece(const struct picture *picture, const struct picture_piece *piece,
                      struct line *line)
{
    const struct picture_block *block =
        piece->kind == PICTURE_MODULES ? &picture->blocks[piece->block] : NULL;
    const char *label = piece->label;

    if (block && block->first_module != PICTURE_NONE)
        label = picture->modules[block->first_module].name;
    picture_line_add(line, "%s", picture_kind_name(piece->kind));
    if (label) {
        picture_line_add(line, ": ");
        picture_line_name(line, label, 20);
    }
    if (block && block->module_count > 1)
        picture_line_add(line, " +%u more", block->module_count - 1);
}

/* The largest of them that has a label. */
static const char *find_label(const struct picture *picture, struct run run)
{
    const struct picture_piece *largest = NULL;

    for (size_t i = run.first; i < run.end; i++) {
        const struct picture_piece *piece = &picture->pieces[i];

        if (piece->label &&
            (!largest || piece->last - piece->first > largest->last - largest->first))
            largest = piece;
    }
    return largest ? largest->label : NULL;
}

static void put_contents(const struct picture *picture, struct run run, struct line *line)
{
    const struct picture_piece *pieces = picture->pieces;
    uint64_t sum[PICTURE_KINDS] = { 0 };
    size_t column = line->length;
    const char *label;

    if (run.end - run.first == 1) {
        put_piece(picture, &pieces[run.first], line);
        return;
    }
    for (size_t i = run.first; i < run.end; i++)
        sum[pieces[i].kind] =
            add_capped(sum[pieces[i].kind], extent(pieces[i].first, pieces[i].last));
    picture_line_sums(line, sum, column);
    label = find_label(picture, run);
    if (!label)
        return;
    picture_line_end(line);
    picture_line_column(line, column);
    picture_line_add(line, "with ");
    picture_line_name(line, label, 20);
}

void picture_draw_ranges(const struct picture *picture, struct line *line)
{
    uint64_t threshold = choose_threshold(picture);
    char size[PICTURE_SIZE_TEXT];
    struct run run;
    uint64_t end;
    int digits;

    if (picture->piece_count == 0)
        return;
    end = picture->pieces[picture->piece_count - 1].last;
    digits = picture_line_digits(end);
    picture_line_add(line, "ranges");
    if (threshold > 1)
        picture_line_add(line, ", neighbours below %s together", picture_size(size, threshold));
    picture_line_end(line);
    for (size_t i = 0; i < picture->piece_count; i = run.end) {
        uint64_t first = picture->pieces[i].first, last;

        run = next_run(picture, i, threshold);
        last = picture->pieces[run.end - 1].last;
        picture_line_address(line, first, end);
        picture_line_add(line, "-0x%0*llx %10s  ", digits, (unsigned long long)last,
                         picture_size(size, extent(first, last)));
        put_contents(picture, run, line);
        picture_line_end(line);
    }
}
