/* SPDX-License-Identifier: MIT */
/*
 * Full loads of a set of objects, one at a time: the library, floor and copying take turns in one
 * process. Prints one line of JSON with a sample of each for every round, in nanoseconds.
 *
 * usage: load warm|flush|sweep|real|once ROUNDS FILE...
 *   warm    everything is in the caches, as far as it fits
 *   flush   everything that a load touches is dropped from all caches before each
 *   sweep   the whole set, each image behind the one before
 *   real    warm, but the library's memory is fresh from the operating system, which also sets
 * rights once    for callgrind: the first load and the second, in function warm_load
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lib/setup.h"

enum {
    MOST_ROUNDS = 1000
};

static double samples[CONTENDERS + 1][MOST_ROUNDS];

/* Nanoseconds; each load is timed by itself. */
static double whole_set(struct setup *s, enum contender who)
{
    double ns = 0;

    setup_rewind(s);
    for (size_t i = 0; i < s->objects.count; i++) {
        if (s->objects.list[i].skip)
            continue;
        if (s->flushed)
            setup_rewind(s);
        ns += bench_ns(setup_run(s, who, &s->objects.list[i]));
    }
    return ns;
}

/*
 * So often that a sample of a small set is no shorter than a fifth of a millisecond. What takes
 * longer than a few milliseconds will be interrupted on a busy machine.
 */
static unsigned repetitions(struct setup *s, bool is_repeated)
{
    double ns;

    whole_set(s, ELFIN);
    ns = whole_set(s, ELFIN);
    bench_clock_choose(ns > 2000000);
    if (!is_repeated)
        return 1;
    whole_set(s, FLOOR);
    ns = whole_set(s, FLOOR);
    return ns > 100000 ? 2 : 2 + (unsigned)(200000 / (ns + 100));
}

/* The first repetition warms the caches and does not count, unless each load begins cold anyway. */
static double once(struct setup *s, enum contender who, unsigned repeat, double *unload)
{
    double ns = 0;
    unsigned counted = repeat > 1 ? repeat - 1 : 1;

    s->unload = 0;
    for (unsigned i = 0; i < repeat; i++) {
        double now = whole_set(s, who);

        if (i == 0 && repeat > 1)
            s->unload = 0;
        else
            ns += now;
    }
    *unload = bench_ns(s->unload) / counted;
    return ns / counted;
}

/* By the counter, time of others counts too: then again. */
static double sample(struct setup *s, enum contender who, unsigned repeat, double *unload)
{
    double ns = 0;

    for (unsigned tries = 0; tries < 10; tries++) {
        long before = bench_interruptions();

        ns = once(s, who, repeat, unload);
        if (bench_clock_long || bench_interruptions() == before)
            break;
    }
    return ns;
}

static void measure(struct setup *s, const char *mode, unsigned rounds)
{
    unsigned repeat = repetitions(s, mode[0] == 'w' || mode[0] == 'r');
    double unload;

    for (unsigned round = 0; round < rounds; round++)
        for (unsigned k = 0; k < CONTENDERS; k++) {
            enum contender who = (round + k) % CONTENDERS;

            samples[who][round] = sample(s, who, repeat, &unload);
            if (who == ELFIN)
                samples[CONTENDERS][round] = unload;
        }
    setup_print(s, mode);
    printf(", \"work_peak\": %lu, \"record_peak\": %lu", s->host.work.peak,
           s->host.records.peak - s->host.records.kept);
    printf(", \"rights_per_load\": %.1f", (double)s->host.rights / (double)s->host.reserved);
    for (int who = 0; who < CONTENDERS; who++)
        print_samples(contender_name[who], samples[who], rounds);
    print_samples("unload", samples[CONTENDERS], rounds);
    printf("}\n");
}

__attribute__((noipa)) static void warm_load(struct setup *s)
{
    whole_set(s, ELFIN);
}

__attribute__((noipa)) static void warm_floor(struct setup *s)
{
    whole_set(s, FLOOR);
}

int main(int argc, char **argv)
{
    static struct setup s;
    int rounds = argc > 3 ? atoi(argv[2]) : 0;

    if (rounds < 1 || rounds > MOST_ROUNDS || !strchr("wfsro", argv[1][0])) {
        fprintf(stderr, "usage: %s warm|flush|sweep|real|once ROUNDS FILE...\n", argv[0]);
        return 2;
    }
    setup_init(&s, argv + 3, argc - 3, NAMES_ALL);
    s.flushed = argv[1][0] == 'f';
    s.host.real = argv[1][0] == 'r';
    if (argv[1][0] != 'o') {
        measure(&s, argv[1], (unsigned)rounds);
        return 0;
    }
    warm_load(&s);
    warm_floor(&s);
    setup_print(&s, argv[1]);
    printf("}\n");
    return 0;
}
