/* SPDX-License-Identifier: MIT */
/*
 * The names of a large group on several CPUs. A hash says which shard a name belongs to, and each
 * shard is done by one CPU, which goes over all objects in their order: so what a name comes to
 * mean does not depend on the number of CPUs.
 */
#include "loader/parallel.h"

/* How far it has come. */
struct progress {
    struct symbol *spare;
    uint32_t object, next; /* where to go on, when memory ran out */
    bool has_duplicates;   /* found before that */
};

enum {
    /* Half of all mentions are of names that were mentioned before. */
    MENTION_SIZE = sizeof(struct symbol) / 2 + sizeof(struct elfin_table_entry)
};

static elfin_status do_shard(struct load *load, uint32_t number)
{
    struct progress *progress = &load->progress[number];
    elfin_status status = ELFIN_OK;

    load->symbols = load->shards[number];
    load->spare_symbol = progress->spare;
    while (status == ELFIN_OK && progress->object < load->object_count) {
        status = elfin_symbols_enter(load, load->by_number[progress->object], number,
                                     load->shard_count, &progress->next);
        if (status == ELFIN_OK) {
            progress->object++;
            progress->next = 0;
        }
    }
    load->shards[number] = load->symbols;
    progress->spare = load->spare_symbol;
    progress->has_duplicates |= load->status == ELFIN_ERR_DUPLICATE;
    return progress->has_duplicates ? ELFIN_ERR_DUPLICATE : status;
}

bool elfin_shards_enter(struct load *load)
{
    uint64_t mentions = 0;

    for (load->shard_count = 1; load->shard_count < load->cpus;)
        load->shard_count *= 2;
    load->shards = elfin_arena_get(&load->work, load->shard_count, sizeof(*load->shards));
    load->progress = elfin_arena_get(&load->work, load->shard_count, sizeof(*load->progress));
    for (const struct object *o = load->objects; o; o = o->next)
        mentions += o->symbol_count - o->first_global;
    elfin_parallel_expect(load, mentions * MENTION_SIZE);
    if (load->shards && load->progress &&
        elfin_parallel_try(load, load->shard_count, do_shard, NULL))
        return true;
    load->shards = NULL;
    return false;
}
