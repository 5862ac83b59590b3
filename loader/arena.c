/* SPDX-License-Identifier: MIT */
/*
 * Working memory of one load: chunks from the host, each half as large again as the last,
 * and some for one piece each, given back together.
 */
#include "loader/internal.h"

struct arena_chunk {
    struct arena_chunk *next;
    elfin_region region;
};

enum {
    ARENA_FIRST = 8 << 10,
    ARENA_LARGEST = 1 << 20,
    ARENA_CLEAN = 1 << 10, /* zeroed at a time: most pieces are small */
};

elfin_status elfin_reserve_plain(const elfin_host *host, elfin_purpose purpose, uint64_t size,
                                 elfin_region *out)
{
    elfin_request request = {
        .struct_size = (uint32_t)sizeof(request),
        .purpose = purpose,
        .size = size,
        .align = ARENA_ALIGN,
        .high = UINT64_MAX,
    };
    elfin_region region = { 0 };
    elfin_status status = host->reserve(host->ctx, &request, &region);

    if (status != ELFIN_OK)
        return ELFIN_ERR_MEMORY;
    if (!region.edit || region.size < size || (uintptr_t)region.edit % ARENA_ALIGN) {
        host->release(host->ctx, &region);
        return ELFIN_ERR_HOST;
    }
    *out = region;
    return ELFIN_OK;
}

void elfin_arena_init(struct arena *arena, const elfin_host *host)
{
    *arena = (struct arena){ .host = host, .chunk_size = ARENA_FIRST };
}

/* One more chunk; *start is what it is for, at least size bytes. */
static bool add_chunk(struct arena *arena, uint64_t size, struct span *start)
{
    uint64_t head = round_up(sizeof(struct arena_chunk), ARENA_ALIGN);
    struct arena_chunk *chunk;
    elfin_region region;
    elfin_status status = ELFIN_ERR_MEMORY; /* a worker has what was lent to it */

    if (arena->host)
        status = elfin_reserve_plain(arena->host, ELFIN_PURPOSE_WORK, head + size, &region);
    if (status != ELFIN_OK) {
        arena->status = status; /* of the last failure: later successes leave it */
        return false;
    }
    chunk = region.edit;
    *chunk = (struct arena_chunk){ .next = arena->chunks, .region = region };
    arena->chunks = chunk;
    *start = (struct span){ .data = (uint8_t *)region.edit + head, .size = region.size - head };
    return true;
}

/*
 * Where so many bytes (*bytes: rounded up) can be taken: arena->next, unless they are many, which
 * get a chunk of their own, so that neither it nor the one before has room that nobody uses.
 */
static uint8_t *find_room(struct arena *arena, uint64_t count, uint64_t size, uint64_t *bytes)
{
    struct span start;

    if (__builtin_mul_overflow(count, size, bytes) || *bytes > UINT64_MAX / 2) {
        arena->status = ELFIN_ERR_MEMORY;
        return NULL;
    }
    *bytes = round_up(*bytes ? *bytes : 1, ARENA_ALIGN);
    if (*bytes <= arena->left)
        return arena->next;
    if (*bytes > arena->chunk_size / 2)
        return add_chunk(arena, *bytes, &start) ? (uint8_t *)(uintptr_t)start.data : NULL;
    if (!add_chunk(arena, arena->chunk_size - round_up(sizeof(struct arena_chunk), ARENA_ALIGN),
                   &start))
        return NULL;
    if (arena->chunk_size < ARENA_LARGEST)
        arena->chunk_size += arena->chunk_size / 2;
    arena->next = (uint8_t *)(uintptr_t)start.data;
    arena->left = start.size;
    arena->clean = 0;
    return arena->next;
}

static void *cut(struct arena *arena, uint8_t *memory, uint64_t bytes)
{
    if (memory == arena->next) {
        arena->next += bytes;
        arena->left -= bytes;
        arena->clean = arena->clean > bytes ? arena->clean - bytes : 0;
    }
    return memory;
}

void *elfin_arena_get(struct arena *arena, uint64_t count, uint64_t size)
{
    uint64_t bytes;
    uint8_t *memory = find_room(arena, count, size, &bytes);

    if (!memory)
        return NULL;
    if (!FOR_SPEED || memory != arena->next)
        return memset(cut(arena, memory, bytes), 0, bytes);
    if (bytes > arena->clean) {
        uint64_t clean = bytes < ARENA_CLEAN ? ARENA_CLEAN : bytes;

        if (clean > arena->left)
            clean = arena->left;
        memset(arena->next + arena->clean, 0, clean - arena->clean);
        arena->clean = clean;
    }
    return cut(arena, memory, bytes);
}

void *elfin_arena_take(struct arena *arena, uint64_t count, uint64_t size)
{
    uint64_t bytes;
    uint8_t *memory = find_room(arena, count, size, &bytes);

    return memory ? cut(arena, memory, bytes) : NULL;
}

void elfin_arena_release(struct arena *arena)
{
    while (arena->chunks) {
        elfin_region region = arena->chunks->region;

        arena->chunks = arena->chunks->next;
        arena->host->release(arena->host->ctx, &region);
    }
    arena->left = 0;
}
