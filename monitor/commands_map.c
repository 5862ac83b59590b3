/* SPDX-License-Identifier: MIT */
/* map [MODULE]: the machine's memory with the modules in it, as a picture. */
#include "picture/picture.h"
#include "monitor/commands.h"
#include "monitor/console.h"
#include "monitor/platform.h"

enum {
    MARGIN = 32 /* entries: the memory for them changes the map, too */
};

struct ranges {
    struct picture_piece *pieces;
    size_t count, capacity;
};

static void take_range(void *ctx, const struct picture_piece *piece)
{
    struct ranges *ranges = ctx;

    if (ranges->count < ranges->capacity)
        ranges->pieces[ranges->count] = *piece;
    ranges->count++;
}

static void *get_memory(void *ctx, size_t size)
{
    return mini_heap_alloc(ctx, size);
}

/*
 * The map is read twice: for its size, and with the memory for it taken. The picture's own memory
 * is taken afterwards and not in it.
 */
static bool collect(struct session *session, struct picture *picture)
{
    struct mini_heap *heap = platform_heap;
    struct ranges ranges = { .count = 0 };
    bool good;

    if (!platform_walk_memory(take_range, &ranges))
        return false;
    ranges.capacity = ranges.count + MARGIN;
    ranges.pieces = mini_heap_alloc(heap, ranges.capacity * sizeof(*ranges.pieces));
    ranges.count = 0;
    good = ranges.pieces != NULL && platform_walk_memory(take_range, &ranges) &&
           ranges.count <= ranges.capacity &&
           picture_collect(picture, &session->space, ranges.pieces, ranges.count, get_memory, heap);
    (void)mini_heap_free(heap, ranges.pieces);
    picture->host = platform_programs;
    picture->no_rights = !platform_has_rights();
    return good;
}

int command_map(struct session *session, int count, char **words)
{
    const struct picture_output output = { .put = console_put };
    struct picture picture;
    uint32_t module;

    if (count > 1 && elfin_find_module(&session->space, words[1]) == NULL)
        return command_error("there is no module %s", words[1]);
    if (!collect(session, &picture))
        return command_error("no memory for the picture");
    module = count > 1 ? picture_find_module(&picture, words[1]) : PICTURE_NONE;
    if (module != PICTURE_NONE)
        picture_draw_module(&picture, module, &output);
    else
        picture_draw(&picture, &output);
    (void)mini_heap_free(platform_heap, picture.memory);
    return STATUS_SUCCESS;
}
