/* SPDX-License-Identifier: MIT */
/*
 * One phase on several CPUs. Whoever is free takes the next number; what a job finds and where it
 * writes depends on its number only, so nothing depends on who did it when.
 *
 * Each CPU works on a copy of struct load, so that the code of the phases is the same for one CPU
 * and for many. Memory for it was set aside by the calling CPU, which alone may call the host. A
 * job that fails, for whatever reason, leaves its number undone, and its report goes nowhere: the
 * calling CPU does all that is undone afterwards, in order, and reports.
 */
#include "loader/parallel.h"

enum {
    CPU_LIMIT = 64,
    OWN_BLOCKS_MAX = 64,    /* of which each CPU has a copy */
    DEFAULT_SIZE = 1 << 20, /* of input, from which on it pays */
    OPENING_SHARE = 14,     /* of what opening takes the input is about so many times as large */
    LOAN_SHARE = 64,        /* later phases begin with this part of it, and double that */
    FIRST_LOAN = 64 << 10,
    BATCHES = 4, /* for each CPU at least, if there are so many jobs */
    BATCH_MAX = 8
};

struct worker {
    struct load load;
    elfin_options options; /* the load's, without its report */
    struct arena work;
};

struct crew {
    struct worker *workers;
    uint32_t cpus;
    uint64_t loan;     /* working memory that the next worker that has none is given */
    uint64_t expected; /* if that is more, once */

    /* Of the current phase. */
    struct load *load;
    parallel_job job;
    parallel_start start;
    parallel_job aside;
    bool aside_taken;
    bool *done;
    uint32_t count, next; /* the number that will be taken next */
    uint32_t batch;       /* so many are taken at a time */
    uint32_t stop;        /* no number from here on matters: this one failed */
    uint32_t joined;
    bool dry; /* a worker has run out of memory */
};

static void sharing_begin(struct load *load, const elfin_input *inputs, size_t count)
{
    const elfin_host *host = load->host;
    uint64_t least = host->parallel_size ? host->parallel_size : DEFAULT_SIZE, size = 0;
    struct crew *crew;

    for (size_t i = 0; i < count; i++)
        size += inputs[i].size;
    if (!host->parallel || host->cpu_count < 2 || size < least)
        return;
    crew = elfin_arena_get(&load->work, 1, sizeof(*crew));
    if (!crew)
        return;
    crew->cpus = host->cpu_count < CPU_LIMIT ? host->cpu_count : CPU_LIMIT;
    crew->loan = size / LOAN_SHARE / crew->cpus;
    if (crew->loan < FIRST_LOAN)
        crew->loan = FIRST_LOAN;
    crew->expected = size / OPENING_SHARE / crew->cpus;
    crew->workers = elfin_arena_get(&load->work, crew->cpus, sizeof(*crew->workers));
    if (!crew->workers)
        return;
    load->crew = crew;
    load->cpus = crew->cpus;
    for (load->shard_count = 1; load->shard_count < load->cpus;)
        load->shard_count *= 2;
}

/* Nobody works at higher numbers any more: the load ends with this one, or with one before it. */
static void stop_at(struct crew *crew, uint32_t number)
{
    uint32_t stop = __atomic_load_n(&crew->stop, __ATOMIC_RELAXED);

    while (number < stop && !__atomic_compare_exchange_n(&crew->stop, &stop, number, true,
                                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

/* False when the worker cannot go on. */
static bool do_job(struct crew *crew, struct load *load, uint32_t number)
{
    elfin_status status;

    load->status = load->work.status = ELFIN_OK;
    status = crew->job(load, number);
    if (load->work.status != ELFIN_OK) {
        __atomic_store_n(&crew->dry, true, __ATOMIC_RELAXED);
        return false;
    }
    if (status == ELFIN_OK && load->status == ELFIN_OK)
        crew->done[number] = true;
    else if (status != ELFIN_ERR_BUSY)
        stop_at(crew, number);
    return true;
}

/* Some numbers in a row: neighbours lie in the same lines of the cache. */
static bool do_batch(struct crew *crew, struct load *load, uint32_t first)
{
    for (uint32_t number = first; number - first < crew->batch; number++)
        if (number >= __atomic_load_n(&crew->stop, __ATOMIC_RELAXED) ||
            (!crew->done[number] && !do_job(crew, load, number)))
            return false;
    return true;
}

/* On each CPU, at the same time. */
static void work(void *arg)
{
    struct crew *crew = arg;
    uint32_t self = __atomic_fetch_add(&crew->joined, 1, __ATOMIC_RELAXED), number;
    struct worker *worker;

    if (self >= crew->cpus)
        return;
    worker = &crew->workers[self];
    worker->load = *crew->load;
    worker->options = *crew->load->options;
    worker->options.report = NULL;
    worker->load.options = &worker->options;
    worker->load.diag = NULL;
    worker->load.work = worker->work;
    if (crew->aside && !__atomic_exchange_n(&crew->aside_taken, true, __ATOMIC_RELAXED))
        crew->aside(&worker->load, 0);
    if (crew->start)
        crew->start(&worker->load, self);
    do
        number = __atomic_fetch_add(&crew->next, crew->batch, __ATOMIC_RELAXED);
    while (do_batch(crew, &worker->load, number));
    worker->work = worker->load.work;
}

/* Those that have little left get a loan. False when there is no memory. */
/* Makes an arena without a host have `size` bytes that come out of `from`. */
static bool lend_to(struct arena *to, struct arena *from, uint64_t size)
{
    uint8_t *memory = elfin_arena_take(from, 1, size);

    if (!memory)
        return false;
    to->next = memory;
    to->left = round_up(size, ARENA_ALIGN);
    to->clean = 0;
    return true;
}

static bool lend(struct crew *crew)
{
    uint64_t loan = crew->loan < crew->expected ? crew->expected : crew->loan;
    uint64_t least = crew->expected ? crew->expected : loan / 2;

    crew->expected = 0;
    for (uint32_t i = 0; i < crew->cpus; i++)
        if (crew->workers[i].work.left < least &&
            !lend_to(&crew->workers[i].work, &crew->load->work, loan))
            return false;
    return true;
}

static uint32_t count_done(const struct crew *crew)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < crew->count; i++)
        count += crew->done[i];
    return count;
}

/* In rounds, because memory may run out; a round that gets nothing done is the last. */
static void do_in_parallel(struct crew *crew)
{
    const elfin_host *host = crew->load->host;
    uint32_t before, done = 0;

    do {
        if (!lend(crew))
            return;
        before = done;
        crew->next = crew->joined = 0;
        crew->stop = crew->count;
        crew->dry = false;
        host->parallel(host->ctx, work, crew);
        done = count_done(crew);
        if (crew->dry)
            crew->loan *= 2;
    } while (crew->dry && crew->stop == crew->count && done > before);
}

/* What has been done, by number; NULL: nothing. */
static const bool *do_what_can_be(struct load *load, uint32_t count, parallel_job job,
                                  parallel_start start)
{
    struct crew *crew = load->crew;
    bool *done;

    if (!crew || count < 2)
        return NULL;
    done = elfin_arena_get(&load->work, count, sizeof(*done));
    if (!done)
        return NULL;
    crew->load = load;
    crew->job = job;
    crew->start = start;
    crew->aside = load->aside;
    crew->aside_taken = false;
    load->aside = NULL;
    crew->done = done;
    crew->count = count;
    crew->batch = count / BATCHES / crew->cpus;
    if (crew->batch < 1 || crew->batch > BATCH_MAX)
        crew->batch = crew->batch ? BATCH_MAX : 1;
    do_in_parallel(crew);
    return done;
}

static elfin_status share(struct load *load, uint32_t count, parallel_job job, parallel_start start)
{
    const bool *done = do_what_can_be(load, count, job, start);
    elfin_status status = ELFIN_OK;

    for (uint32_t i = 0; status == ELFIN_OK && i < count; i++)
        if (!done || !done[i])
            status = job(load, i);
    return status;
}

bool elfin_parallel_try(struct load *load, uint32_t count, parallel_job job, parallel_start start)
{
    const bool *done = do_what_can_be(load, count, job, start);
    bool all = done;

    for (uint32_t i = 0; all && i < count; i++)
        all = done[i];
    return all;
}

void elfin_parallel_expect(struct load *load, uint64_t size)
{
    if (load->crew)
        load->crew->expected = size / load->crew->cpus;
}

/* A worker has no host: executables and shared objects are left to the calling CPU. */
static elfin_status do_object(struct load *load, uint32_t number)
{
    struct object *object = load->by_number[number];

    return object->program && is_worker(load) ? ELFIN_ERR_BUSY : load->object_phase(load, object);
}

/* False: there is no memory for it. */
static bool list_objects(struct load *load)
{
    if (load->by_number)
        return true;
    load->by_number = elfin_arena_get(&load->work, load->object_count, sizeof(*load->by_number));
    for (struct object *o = load->objects; load->by_number && o; o = o->next)
        load->by_number[o->number] = o;
    return load->by_number;
}

static bool sharing_each(struct load *load, object_phase phase, parallel_start start,
                         elfin_status *status)
{
    if (!list_objects(load))
        return false;
    load->object_phase = phase;
    *status = share(load, load->object_count, do_object, start);
    return true;
}

/* Linked files, images, and COMDAT groups (see comdat.c) are left to the calling CPU. */
static elfin_status open_early(struct load *load, struct object *object)
{
    struct object before = *object;
    elfin_status status = elfin_input_open(load, object);

    if (status == ELFIN_OK)
        status = elfin_shards_sort(load, object);
    if (status != ELFIN_OK)
        *object = before;
    return status;
}

static void sharing_open(struct load *load)
{
    load->object_phase = open_early;
    if (list_objects(load))
        elfin_parallel_try(load, load->object_count, do_object, NULL);
}

static void take_blocks(struct load *load, uint32_t cpu)
{
    load->blocks = load->own_blocks + cpu * (uint64_t)load->block_count;
}

/* What holds for both. */
static void join(struct reach *reach, const struct reach *other)
{
    struct reach result = { 0 };

    for (uint32_t i = 0; i < other->count; i++) {
        const struct range *r = &other->range[i];

        elfin_reach_cut(&result, reach, r->low, r->high, r->low_by);
    }
    *reach = result;
}

/*
 * Each CPU narrows the reach of its copies of the blocks; then these are joined. Who set a bound is
 * not known then, and not asked for: elfin_inspect has one CPU.
 */
static bool sharing_reach(struct load *load, object_phase phase)
{
    uint32_t count = load->block_count, all = count * load->cpus;
    elfin_status status = ELFIN_ERR_MEMORY;

    if (count > OWN_BLOCKS_MAX)
        return false;
    load->own_blocks = elfin_arena_get(&load->work, all, sizeof(*load->own_blocks));
    if (!load->own_blocks)
        return false;
    for (uint32_t i = 0; i < all; i++)
        load->own_blocks[i] = load->blocks[i % count];
    if (!sharing_each(load, phase, take_blocks, &status) || status != ELFIN_OK)
        return false;
    for (uint32_t i = 0; i < all; i++)
        if (load->blocks[i % count].size && !load->blocks[i % count].has_at)
            join(&load->blocks[i % count].reach, &load->own_blocks[i].reach);
    return true;
}

const struct elfin_sharing elfin_sharing = {
    .begin = sharing_begin,
    .each = sharing_each,
    .open = sharing_open,
    .reach = sharing_reach,
    .enter = elfin_shards_enter,
    .place = elfin_shards_place,
    .publish_begin = elfin_early_begin,
    .publish_end = elfin_early_end,
};
