/* SPDX-License-Identifier: MIT */
/* Working memory of one load: chunks from the host, each twice the last, given back together. */
#include "loader/internal.h"

struct arena_chunk {
    struct arena_chunk *next;
    elfin_region region;
};

enum {
    ARENA_ALIGN = 16,
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

static bool arena_grow(struct arena *arena, uint64_t size)
{
    uint64_t wanted = round_up(sizeof(struct arena_chunk), ARENA_ALIGN) + size;
    elfin_region region;
    struct arena_chunk *chunk;
    elfin_status status;

    if (!arena->host) { /* it has what was lent to it */
        arena->status = ELFIN_ERR_MEMORY;
        return false;
    }
    if (wanted < arena->chunk_size)
        wanted = arena->chunk_size;
    status = elfin_reserve_plain(arena->host, ELFIN_PURPOSE_WORK, wanted, &region);
    if (status != ELFIN_OK) {
        arena->status = status; /* of the last failure: later successes leave it */
        return false;
    }
    if (arena->chunk_size < ARENA_LARGEST)
        arena->chunk_size *= 2;
    chunk = region.edit;
    *chunk = (struct arena_chunk){ .next = arena->chunks, .region = region };
    arena->chunks = chunk;
    arena->next = (uint8_t *)region.edit + round_up(sizeof(*chunk), ARENA_ALIGN);
    arena->left = region.size - round_up(sizeof(*chunk), ARENA_ALIGN);
    arena->clean = 0;
    return true;
}

/* *bytes: its size, rounded up. */
static bool make_room(struct arena *arena, uint64_t count, uint64_t size, uint64_t *bytes)
{
    if (__builtin_mul_overflow(count, size, bytes) || *bytes > UINT64_MAX / 2) {
        arena->status = ELFIN_ERR_MEMORY;
        return false;
    }
    *bytes = round_up(*bytes ? *bytes : 1, ARENA_ALIGN);
    return *bytes <= arena->left || arena_grow(arena, *bytes);
}

static void *cut(struct arena *arena, uint64_t bytes)
{
    void *memory = arena->next;

    arena->next += bytes;
    arena->left -= bytes;
    arena->clean = arena->clean > bytes ? arena->clean - bytes : 0;
    return memory;
}

void *elfin_arena_get(struct arena *arena, uint64_t count, uint64_t size)
{
    uint64_t bytes;

    if (!make_room(arena, count, size, &bytes))
        return NULL;
    if (bytes > arena->clean) {
        uint64_t clean = bytes < ARENA_CLEAN ? ARENA_CLEAN : bytes;

        if (clean > arena->left)
            clean = arena->left;
        memset(arena->next + arena->clean, 0, clean - arena->clean);
        arena->clean = clean;
    }
    return cut(arena, bytes);
}

void *elfin_arena_take(struct arena *arena, uint64_t count, uint64_t size)
{
    uint64_t bytes;

    return make_room(arena, count, size, &bytes) ? cut(arena, bytes) : NULL;
}

bool elfin_arena_lend(struct arena *from, uint64_t size, struct arena *to)
{
    size = round_up(size, ARENA_ALIGN);
    if (size > from->left && !arena_grow(from, size))
        return false;
    to->next = cut(from, size);
    to->left = size;
    to->clean = 0;
    return true;
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
