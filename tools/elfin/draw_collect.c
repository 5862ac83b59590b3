/* SPDX-License-Identifier: MIT */
#include "tools/elfin/draw.h"

#include "tools/elfin/memory.h"

#include <stdlib.h>

/* Exports closer than this are taken for one image of the host's, drawn in one piece. */
static const uint64_t near = 1 << 20;
static const uint64_t page_mask = 4095;

static int compare_addresses(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* All that is known about the host's own memory: the pages its exports are in. */
static struct picture_piece *host_pieces(const struct exports *exports, size_t *count)
{
    uint64_t *addresses = NULL;
    struct picture_piece *pieces = NULL;
    size_t capacity = 0;

    *count = 0;
    for (size_t i = 0; i < exports->count; i++) {
        addresses = array_grow(addresses, i, &capacity, sizeof(addresses[0]));
        addresses[i] = exports->rows[i].address;
    }
    if (exports->count > 0)
        qsort(addresses, exports->count, sizeof(addresses[0]), compare_addresses);
    capacity = 0;
    for (size_t i = 0; i < exports->count; i++) {
        uint64_t first = addresses[i] & ~page_mask, last = addresses[i] | page_mask;

        if (*count > 0 && first - pieces[*count - 1].last - 1 < near) {
            pieces[*count - 1].last = last;
            continue;
        }
        if (*count > 0 && last == pieces[*count - 1].last)
            continue;
        pieces = array_grow(pieces, *count, &capacity, sizeof(pieces[0]));
        pieces[(*count)++] = (struct picture_piece){
            .first = first, .last = last, .kind = PICTURE_PROGRAM, .label = "exports"
        };
    }
    free(addresses);
    return pieces;
}

static void *alloc(void *ctx, size_t size)
{
    (void)ctx;
    return string_room(size);
}

void draw_collect(struct picture *picture, const elfin_space *space, const struct exports *exports)
{
    size_t count;
    struct picture_piece *pieces = host_pieces(exports, &count);

    /* alloc ends the program when there is no memory; nothing else can fail. */
    if (!picture_collect(picture, space, pieces, count, alloc, NULL))
        abort();
    picture->host = "exports of the host";
    free(pieces);
}
