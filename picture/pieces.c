/* SPDX-License-Identifier: MIT */
#include "picture/pieces.h"

#include "libmini/sort.h"
#include "libmini/str.h"

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_pieces(const void *a, const void *b, void *ctx)
{
    const struct picture_piece *left = a, *right = b;
    int order = compare_numbers(left->first, right->first);

    (void)ctx;
    if (order == 0)
        order = compare_numbers(left->last, right->last);
    return order != 0 ? order : compare_numbers(left->kind, right->kind);
}

size_t picture_pieces_sort(struct picture_piece *pieces, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (pieces[i].first <= pieces[i].last)
            pieces[kept++] = pieces[i];
    mini_sort(pieces, kept, sizeof(*pieces), compare_pieces, NULL);
    return kept;
}

static bool same_label(const char *a, const char *b)
{
    return a == b || (a && b && mini_str_equal(a, b));
}

static void emit(struct picture_piece *out, size_t *count, struct picture_piece piece)
{
    struct picture_piece *before = *count ? &out[*count - 1] : NULL;

    if (before && before->kind == piece.kind && piece.kind != PICTURE_MODULES &&
        before->last + 1 == piece.first && same_label(before->label, piece.label))
        before->last = piece.last;
    else
        out[(*count)++] = piece;
}

/*
 * One sweep upwards; `at` is the lowest address that nothing has been put out for. Each step puts
 * out a block, or a piece up to its end or the next block: so at most count + 2 * block_count.
 */
size_t picture_pieces_overlay(const struct picture_piece *memory, size_t count,
                              const struct picture_block *blocks, size_t block_count,
                              struct picture_piece *out)
{
    size_t made = 0, m = 0, b = 0;
    uint64_t at = 0, last = 0;

    for (; last != UINT64_MAX; at = last + 1) {
        struct picture_piece next;

        while (m < count && memory[m].last < at)
            m++;
        while (b < block_count && blocks[b].last < at)
            b++;
        if (m == count && b == block_count)
            break;
        if (b < block_count && (m == count || blocks[b].first <= higher(memory[m].first, at))) {
            next = (struct picture_piece){ .first = blocks[b].first,
                                           .last = blocks[b].last,
                                           .kind = PICTURE_MODULES,
                                           .block = (uint32_t)b };
        } else {
            next = memory[m];
            if (b < block_count && blocks[b].first <= next.last)
                next.last = blocks[b].first - 1;
        }
        next.first = higher(next.first, at);
        last = next.last;
        emit(out, &made, next);
    }
    return made;
}
