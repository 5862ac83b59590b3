/* SPDX-License-Identifier: MIT */
/*
 * The names of a large group on several CPUs. A hash says which shard a name belongs to, and each
 * shard is done by one CPU, which goes over all objects in their order: so what a name comes to
 * mean does not depend on the number of CPUs.
 *
 * CPUs that write to neighbouring words at the same time wait for each other. So each object's
 * names are sorted by shard first, each shard writes what it finds to a list of its own, and in the
 * end these are put where they belong.
 */
#include "loader/parallel.h"

/* How far it has come. */
struct progress {
    struct spare_symbols spare;
    uint32_t object, next; /* where to go on, when memory ran out: the next of that shard */
    bool has_duplicates;   /* found before that */
};

/* The names of an object: numbers of its global symbols, and what they came to be, by shard. */
struct sorted {
    uint32_t *number;
    struct symbol **entered;
    uint32_t end[]; /* of each shard, in both lists */
};

enum {
    /* Half of all mentions are of names that were mentioned before. A table doubles as it grows. */
    MENTION_SIZE = sizeof(struct symbol) / 2 + 2 * sizeof(struct elfin_table_entry)
};

elfin_status elfin_shards_sort(struct load *load, struct object *object)
{
    uint32_t shards = load->shard_count, count = object->symbol_count - object->first_global;
    struct sorted *sorted =
        elfin_arena_get(&load->work, 1, sizeof(*sorted) + shards * sizeof(sorted->end[0]));
    uint32_t start = 0;

    if (!sorted)
        return ELFIN_ERR_MEMORY;
    sorted->number = elfin_arena_get(&load->work, count, sizeof(*sorted->number));
    sorted->entered = elfin_arena_get(&load->work, count, sizeof(struct symbol *));
    if (!sorted->number || !sorted->entered)
        return ELFIN_ERR_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        sorted->end[shard_of(symbol_key(object, i).hash, shards)] +=
            symbol_key(object, i).hash != 0;
    for (uint32_t shard = 0; shard < shards; shard++) {
        uint32_t size = sorted->end[shard];

        sorted->end[shard] = start;
        start += size;
    }
    for (uint32_t i = 0; i < count; i++)
        if (symbol_key(object, i).hash)
            sorted->number[sorted->end[shard_of(symbol_key(object, i).hash, shards)]++] = i;
    object->sorted = sorted;
    return ELFIN_OK;
}

static elfin_status enter_object(struct load *load, struct object *object, uint32_t shard,
                                 uint32_t *next)
{
    const struct sorted *sorted = object->sorted;
    uint32_t start = shard ? sorted->end[shard - 1] : 0, count = sorted->end[shard] - start;
    elfin_status status = ELFIN_OK;

    for (; status == ELFIN_OK && *next < count; ++*next) {
        const uint32_t *number = &sorted->number[start + *next];

        if (*next + SYMBOLS_AHEAD < count)
            elfin_names_prefetch(&load->symbols, symbol_key(object, number[SYMBOLS_AHEAD]).hash);
        status = elfin_symbols_make_room(load, object, object->first_global + *number, 1);
        if (status == ELFIN_OK)
            status = elfin_symbol_enter(load, object, *number, &sorted->entered[start + *next]);
        if (status != ELFIN_OK)
            return status;
    }
    if (!object->handle_symbol ||
        shard_of(elfin_name(FINALIZE_NAME).hash, load->shard_count) != shard)
        return ELFIN_OK;
    status = elfin_symbols_make_room(load, object, object->handle_symbol, 1);
    return status == ELFIN_OK ? elfin_symbols_finalize(load, object) : status;
}

static elfin_status do_shard(struct load *load, uint32_t number)
{
    struct progress *progress = &load->progress[number];
    elfin_status status = ELFIN_OK;

    load->symbols = load->shards[number];
    load->spare = progress->spare;
    while (status == ELFIN_OK && progress->object < load->object_count) {
        status = enter_object(load, load->by_number[progress->object], number, &progress->next);
        if (status == ELFIN_OK) {
            progress->object++;
            progress->next = 0;
        }
    }
    load->shards[number] = load->symbols;
    progress->spare = load->spare;
    progress->has_duplicates |= load->status == ELFIN_ERR_DUPLICATE;
    return progress->has_duplicates ? ELFIN_ERR_DUPLICATE : status;
}

void elfin_shards_place(struct load *load, struct object *object)
{
    const struct sorted *sorted = object->sorted;
    uint32_t count = load->shards ? sorted->end[load->shard_count - 1] : 0;

    for (uint32_t i = 0; i < count; i++)
        object->global[sorted->number[i]] = sorted->entered[i];
}

/* Objects that were not opened by a worker. */
static bool sort_others(struct load *load)
{
    for (struct object *o = load->objects; o; o = o->next)
        if (!o->sorted && elfin_shards_sort(load, o) != ELFIN_OK)
            return false;
    return true;
}

bool elfin_shards_enter(struct load *load)
{
    uint64_t mentions = 0;

    for (const struct object *o = load->objects; o; o = o->next)
        mentions += o->symbol_count - o->first_global;
    elfin_parallel_expect(load, mentions * MENTION_SIZE);
    load->shards = elfin_arena_get(&load->work, load->shard_count, sizeof(*load->shards));
    load->progress = elfin_arena_get(&load->work, load->shard_count, sizeof(*load->progress));
    if (load->by_number && load->shards && load->progress && sort_others(load) &&
        elfin_parallel_try(load, load->shard_count, do_shard, NULL))
        return true;
    load->shards = NULL;
    return false;
}
