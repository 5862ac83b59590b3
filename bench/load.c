/* SPDX-License-Identifier: MIT */
/*
 * Full loads of a set of objects, one at a time: the library, floor and copying take turns in one
 * process. Prints one line of JSON with a sample of each for every round, in nanoseconds.
 *
 * usage: load warm|flush|sweep|once ROUNDS FILE...
 *   warm    everything is in the caches, as far as it fits
 *   flush   everything that a load touches is dropped from all caches before each
 *   sweep   the whole set, each image behind the one before
 *   once    for callgrind: the first load and the second, in function warm_load
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lib/setup.h"

enum {
    MOST_ROUNDS = 1000
};

static double samples[CONTENDERS + 1][MOST_ROUNDS];

static uint64_t whole_set(struct setup *s, enum contender who)
{
    uint64_t ticks = 0;

    setup_rewind(s);
    for (size_t i = 0; i < s->objects.count; i++) {
        if (s->objects.list[i].skip)
            continue;
        if (s->flushed)
            setup_rewind(s);
        ticks += setup_run(s, who, &s->objects.list[i]);
    }
    return ticks;
}

/* So often that a sample of a small set is no shorter than a fifth of a millisecond. */
static unsigned repetitions(struct setup *s)
{
    uint64_t ticks;
    double ns;

    whole_set(s, FLOOR);
    ticks = whole_set(s, FLOOR);
    ns = bench_ns(ticks);
    return ns > 100000 ? 2 : 2 + (unsigned)(200000 / (ns + 100));
}

/* The first repetition warms the caches and does not count, unless each load begins cold anyway. */
static double sample(struct setup *s, enum contender who, unsigned repeat)
{
    double ns = 0;

    s->unload = 0;
    for (unsigned i = 0; i < repeat; i++) {
        double now = bench_ns(whole_set(s, who));

        if (i == 0 && repeat > 1)
            s->unload = 0;
        else
            ns += now;
    }
    return repeat > 1 ? ns / (repeat - 1) : ns;
}

static void measure(struct setup *s, const char *mode, unsigned rounds)
{
    unsigned repeat = strcmp(mode, "warm") == 0 ? repetitions(s) : 1;

    for (int who = 0; mode[0] == 's' && who < CONTENDERS; who++)
        whole_set(s, who);
    for (unsigned round = 0; round < rounds; round++)
        for (unsigned k = 0; k < CONTENDERS; k++) {
            enum contender who = (round + k) % CONTENDERS;

            samples[who][round] = sample(s, who, repeat);
            if (who == ELFIN)
                samples[CONTENDERS][round] = bench_ns(s->unload) / (repeat > 1 ? repeat - 1 : 1);
        }
    setup_print(s, mode);
    printf(", \"work_peak\": %lu, \"record_peak\": %lu", s->host.work.peak,
           s->host.records.peak - s->host.records.kept);
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

    if (rounds < 1 || rounds > MOST_ROUNDS || !strchr("wfso", argv[1][0])) {
        fprintf(stderr, "usage: %s warm|flush|sweep|once ROUNDS FILE...\n", argv[0]);
        return 2;
    }
    setup_init(&s, argv + 3, argc - 3, NAMES_ALL);
    s.flushed = argv[1][0] == 'f';
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
