/* SPDX-License-Identifier: MIT */
/*
 * All files as one group, of which the first to define a name has it, with one CPU and with
 * several, in turn. Prints a line of JSON for each number of CPUs.
 *
 * usage: cpus CPUS ROUNDS FILE...
 *
 * A phase's time is processor time: that of the calling thread, and, of what several CPUs share,
 * that of the thread that took longest. So it is what the phase takes when nobody else uses the
 * CPUs. Of each phase the least of all rounds counts, for any number of CPUs.
 */
#include "tools/elfin/threads.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lib/phases.h"
#include "bench/lib/setup.h"

enum {
    MOST_ROUNDS = 100
};

static struct setup s;
static struct names names; /* that nobody in the group defines */
static elfin_input *inputs;
static size_t input_count;
static double floors[MOST_ROUNDS], copies[MOST_ROUNDS];

/* ---- CPUs ------------------------------------------------------------------------------------ */

static struct threads *threads;

struct timed {
    void (*work)(void *arg);
    void *arg;
    uint64_t slowest, sum;
};

static void timed_work(void *arg)
{
    struct timed *timed = arg;
    uint64_t time = phases_clock(), slowest;

    timed->work(timed->arg);
    time = phases_clock() - time;
    __atomic_fetch_add(&timed->sum, time, __ATOMIC_RELAXED);
    slowest = __atomic_load_n(&timed->slowest, __ATOMIC_RELAXED);
    while (slowest < time && !__atomic_compare_exchange_n(&timed->slowest, &slowest, time, false,
                                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

static void parallel(void *ctx, void (*work)(void *arg), void *arg)
{
    struct timed timed = { .work = work, .arg = arg };

    (void)ctx;
    phases_share();
    threads_run(threads, timed_work, &timed);
    phases_shared(timed.slowest, timed.sum);
}

/* ---- Loads ----------------------------------------------------------------------------------- */

struct result {
    unsigned cpus;
    double wall[MOST_ROUNDS], elfin[MOST_ROUNDS];
    struct phase_time least[PHASE_COUNT];
    uint64_t hash, image;
};

static double wall_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t hash_image(uint64_t size)
{
    const uint8_t *image = s.host.image.base;
    uint64_t hash = 0xcbf29ce484222325u, word;

    for (uint64_t i = 0; i + 8 <= size; i += 8) {
        memcpy(&word, image + i, 8);
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 29;
    }
    return hash;
}

static void keep_least(struct phase_time *least, const struct phase_time *time)
{
    if (!least->sum && !least->serial) {
        *least = *time;
        return;
    }
    if (least->serial > time->serial)
        least->serial = time->serial;
    if (least->shared > time->shared)
        least->shared = time->shared;
    if (least->sum > time->sum)
        least->sum = time->sum;
}

static void load_all(struct result *result, int round)
{
    elfin_options options = ELFIN_OPTIONS_INIT;
    struct phase_time times[PHASE_COUNT] = { 0 };
    elfin_host host = s.host.callbacks;
    elfin_group *group;
    elfin_space space;
    elfin_status status;

    options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_FIRST_WINS;
    if (result->cpus > 1) {
        host.parallel = parallel;
        host.cpu_count = result->cpus;
    }
    if (elfin_space_init(&space, &host) != ELFIN_OK ||
        elfin_space_export(&space, names.list, names.count) != ELFIN_OK)
        abort();
    result->wall[round] = wall_clock();
    phases_begin(times);
    status = elfin_load(&space, inputs, input_count, &options, &group, &s.diag);
    phases_end();
    result->wall[round] = wall_clock() - result->wall[round];
    if (status != ELFIN_OK)
        setup_refused(&s);
    result->elfin[round] = 0;
    for (int i = 0; i < PHASE_COUNT; i++) {
        keep_least(&result->least[i], &times[i]);
        result->elfin[round] += (double)(times[i].serial + times[i].shared);
    }
    result->image = s.host.image.used;
    result->hash = hash_image(result->image);
    elfin_space_destroy(&space);
}

/* The same objects, one by one: what a load is compared with. */
static double by_others(enum contender who)
{
    double ns = 0;

    setup_rewind(&s);
    for (size_t i = 0; i < s.objects.count; i++)
        if (!s.objects.list[i].skip)
            ns += bench_ns(setup_run(&s, who, &s.objects.list[i]));
    setup_rewind(&s);
    return ns;
}

static void print(const struct result *result, int rounds)
{
    setup_print(&s, "cpus");
    printf(", \"cpus\": %u, \"image\": %" PRIu64 ", \"hash\": \"%016" PRIx64
           "\", \"work_peak\": %" PRIu64 ", \"phases\": {",
           result->cpus, result->image, result->hash, s.host.work.peak);
    for (int i = 0; i < PHASE_COUNT; i++) {
        const struct phase_time *least = &result->least[i];

        printf("%s\"%s\": {\"serial\": %" PRIu64 ", \"shared\": %" PRIu64 ", \"sum\": %" PRIu64 "}",
               i ? ", " : "", phase_name[i], least->serial, least->shared, least->sum);
    }
    printf("}");
    print_samples("wall", result->wall, (uint64_t)rounds);
    print_samples("elfin", result->elfin, (uint64_t)rounds);
    print_samples("floor", floors, (uint64_t)rounds);
    print_samples("copy_libc", copies, (uint64_t)rounds);
    printf("}\n");
}

/* Names that say which module it is are given: the files' may be the same. */
static void make_inputs(void)
{
    static char name[24];

    inputs = calloc(s.objects.count, sizeof(*inputs));
    for (size_t i = 0; inputs && i < s.objects.count; i++) {
        const struct object *o = &s.objects.list[i];

        if (o->skip)
            continue;
        snprintf(name, sizeof(name), "m%zu", i);
        inputs[input_count++] = (elfin_input){
            .data = o->data, .size = o->size, .file = o->file, .name = strdup(name)
        };
    }
}

int main(int argc, char **argv)
{
    static struct result one, many;
    int rounds = argc > 3 ? atoi(argv[2]) : 0;

    many.cpus = argc > 3 ? (unsigned)atoi(argv[1]) : 0;
    one.cpus = 1;
    if (rounds < 1 || rounds > MOST_ROUNDS || many.cpus < 2) {
        fprintf(stderr, "usage: %s CPUS ROUNDS FILE...\n", argv[0]);
        return 2;
    }
    setup_init(&s, argv + 3, argc - 3, NAMES_OUTER);
    names_collect(&names, &s.objects, NAMES_OUTER);
    make_inputs();
    threads = threads_start(many.cpus);
    /* The first loads touch the memory that the others get. */
    load_all(&one, 0);
    load_all(&many, 0);
    memset(one.least, 0, sizeof(one.least));
    memset(many.least, 0, sizeof(many.least));
    bench_clock_choose(true);
    for (int i = 0; i < rounds; i++) {
        copies[i] = by_others(COPY_LIBC);
        floors[i] = by_others(FLOOR);
        load_all(&one, i);
        load_all(&many, i);
    }
    threads_stop(threads);
    print(&one, rounds);
    print(&many, rounds);
    if (one.hash == many.hash && one.image == many.image)
        return 0;
    fprintf(stderr, "memory differs\n");
    return 1;
}
