/* SPDX-License-Identifier: MIT */
/*
 * All modules at once: each is loaded after those that it uses, every global definition of each is
 * registered, and all stay until the end. Prints one line of JSON.
 *
 * usage: modules keep|growth ROUNDS FILE...
 *   keep    time of the whole set: floor (which registers nothing) and the library, alternately
 *   growth  time of loading and unloading one small module when so many others are there
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lib/order.h"
#include "bench/lib/setup.h"

enum {
    MOST_ROUNDS = 100,
    PROBES = 101
};

static struct setup s;
static elfin_group **groups;

/* Names that say which module it is are given: the files' may be the same. */
static const char *name_of(size_t i)
{
    static char name[24];

    snprintf(name, sizeof(name), "m%zu", i);
    return name;
}

static uint64_t keep_one(const size_t *order, size_t i)
{
    uint64_t ticks;
    const struct object *o = &s.objects.list[order[i]];

    if (setup_load(&s, o, NULL, name_of(i), &groups[i], &ticks) != ELFIN_OK)
        setup_refused(&s);
    return ticks;
}

static void drop_all(size_t count)
{
    s.unload = 0;
    while (count-- > 0)
        setup_unload(&s, groups[count]);
    setup_rewind(&s);
}

static uint64_t host_names(void)
{
    elfin_export row;
    uint64_t count = 0;

    while (elfin_host_export(&s.space, count, &row))
        count++;
    return count;
}

static void keep(const size_t *order, size_t count, unsigned rounds)
{
    static double samples[5][MOST_ROUNDS];
    static const enum contender who[] = { COPY_LIBC, COPY_MINI, RECORDS, FLOOR };

    bench_clock_choose(true);
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned k = 0; k < 4; k++) {
            setup_rewind(&s);
            samples[k][round] = 0;
            for (size_t i = 0; i < count; i++)
                samples[k][round] += bench_ns(setup_run(&s, who[k], &s.objects.list[order[i]]));
        }
        setup_rewind(&s);
        samples[4][round] = 0;
        for (size_t i = 0; i < count; i++)
            samples[4][round] += bench_ns(keep_one(order, i));
        if (round + 1 == rounds) {
            elfin_space_stats stats;

            elfin_space_get_stats(&s.space, &stats);
            setup_print(&s, "keep");
            printf(", \"registered\": %lu, \"record_bytes\": %lu", stats.exports - host_names(),
                   stats.record_bytes);
        }
        drop_all(count);
    }
    for (unsigned k = 0; k < 4; k++)
        print_samples(contender_name[who[k]], samples[k], rounds);
    print_samples("elfin", samples[4], rounds);
    printf(", \"unload_last\": %.0f}\n", bench_ns(s.unload));
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The median of many loads of the same small module. */
static void probe(const struct object *o, size_t loaded, double total)
{
    uint64_t load[PROBES], unload[PROBES];
    uint64_t kept = s.host.image.kept;

    s.host.image.kept = s.host.image.used;
    for (unsigned i = 0; i < PROBES; i++) {
        elfin_group *group;

        if (setup_load(&s, o, NULL, "probe", &group, &load[i]) != ELFIN_OK)
            setup_refused(&s);
        s.unload = 0;
        setup_unload(&s, group);
        unload[i] = s.unload;
    }
    s.host.image.kept = kept;
    qsort(load, PROBES, sizeof(*load), by_value);
    qsort(unload, PROBES, sizeof(*unload), by_value);
    printf("%s{\"loaded\": %zu, \"total\": %.0f, \"load\": %.0f, \"unload\": %.0f}",
           loaded ? ", " : "", loaded, total, bench_ns(load[PROBES / 2]),
           bench_ns(unload[PROBES / 2]));
}

/* The first file is the probe. */
static void growth(const size_t *order, size_t count)
{
    double total = 0;

    setup_print(&s, "growth");
    printf(", \"probes\": [");
    for (size_t i = 0, next = 0; i <= count; i++) {
        if (i == next || i == count) {
            probe(&s.objects.list[0], i, total);
            next = next ? 2 * next : 1;
        }
        if (i < count)
            total += bench_ns(keep_one(order, i));
    }
    printf("]}\n");
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[2]) : 0;
    size_t count, *order;

    if (rounds < 1 || rounds > MOST_ROUNDS || !strchr("kg", argv[1][0])) {
        fprintf(stderr, "usage: %s keep|growth ROUNDS FILE...\n", argv[0]);
        return 2;
    }
    setup_init(&s, argv + 3, argc - 3, NAMES_OUTER);
    groups = calloc(s.objects.count, sizeof(*groups));
    order = order_by_use(&s.objects, &count);
    if (!groups)
        return 1;
    if (argv[1][0] == 'k')
        keep(order, count, (unsigned)rounds);
    else
        growth(order, count);
    free(groups);
    free(order);
    return 0;
}
