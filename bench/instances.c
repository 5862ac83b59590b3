/* SPDX-License-Identifier: MIT */
/*
 * Objects are prepared once, and then loaded as instances of their images; copying and plain loads
 * take turns with that. Prints one line of JSON: "elfin" is an instance, "plain" a load of the
 * file.
 *
 * usage: instances warm|flush|sweep|once ROUNDS FILE...
 *   once    for callgrind: one load of each instance, in function warm_load
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lib/setup.h"
#include "bench/lib/streams.h"

enum {
    MOST_ROUNDS = 1000,
    SAMPLED = 5
};

static const enum contender who[SAMPLED] = { COPY_LIBC, COPY_MINI, RECORDS, ELFIN, INSTANCE };
static const char *const names[SAMPLED] = { "copy_libc", "copy_mini", "records", "plain", "elfin" };
static struct setup s;

/* What cannot be prepared is left out. */
static void prepare_all(struct streams *sums)
{
    elfin_options options = ELFIN_OPTIONS_INIT;
    unsigned refused = 0;

    s.images = calloc(s.objects.count, sizeof(*s.images));
    for (size_t i = 0; s.images && i < s.objects.count; i++) {
        struct object *o = &s.objects.list[i];
        elfin_input input = { .data = o->data, .size = o->size, .file = o->file };

        if (o->skip)
            continue;
        if (elfin_prepare(&s.host.callbacks, &input, &options, &s.images[i], NULL) != ELFIN_OK) {
            o->skip = true;
            refused++;
            continue;
        }
        streams_add(s.images[i], sums);
    }
    if (refused)
        fprintf(stderr, "# left out: %u that cannot be prepared\n", refused);
    objects_sum(&s.objects);
    arena_keep(&s.host.records);
    s.host.work.peak = 0;
}

static double whole_set(enum contender contender)
{
    double ns = 0;

    setup_rewind(&s);
    for (size_t i = 0; i < s.objects.count; i++) {
        if (s.objects.list[i].skip)
            continue;
        if (s.flushed) {
            const void *data;
            size_t size;

            elfin_image_bytes(s.images[i], &data, &size);
            bench_flush(data, size);
            setup_rewind(&s);
        }
        ns += bench_ns(setup_run(&s, contender, &s.objects.list[i]));
    }
    return ns;
}

static double sample(enum contender contender, unsigned repeat)
{
    double ns = 0;

    for (unsigned tries = 0; tries < 10; tries++) {
        long before = bench_interruptions();

        ns = 0;
        for (unsigned i = 0; i < repeat; i++) {
            double now = whole_set(contender);

            ns += i || repeat == 1 ? now : 0;
        }
        if (bench_clock_long || bench_interruptions() == before)
            break;
    }
    return repeat > 1 ? ns / (repeat - 1) : ns;
}

__attribute__((noipa)) static void warm_load(void)
{
    whole_set(INSTANCE);
}

int main(int argc, char **argv)
{
    static double samples[SAMPLED][MOST_ROUNDS];
    unsigned rounds = argc > 3 ? (unsigned)atoi(argv[2]) : 0, repeat;
    struct streams sums = { 0 };
    double ns;

    if (rounds < 1 || rounds > MOST_ROUNDS || !strchr("wfso", argv[1][0])) {
        fprintf(stderr, "usage: %s warm|flush|sweep|once ROUNDS FILE...\n", argv[0]);
        return 2;
    }
    setup_init(&s, argv + 3, argc - 3, NAMES_ALL);
    prepare_all(&sums);
    s.flushed = argv[1][0] == 'f';
    whole_set(INSTANCE);
    if (argv[1][0] == 'o') {
        warm_load();
        return 0;
    }
    ns = whole_set(ELFIN);
    bench_clock_choose(ns > 2000000);
    repeat = argv[1][0] != 'w' ? 1 : ns > 100000 ? 3 : 2 + (unsigned)(200000 / (ns + 100));
    for (unsigned round = 0; round < rounds; round++)
        for (unsigned k = 0; k < SAMPLED; k++) {
            unsigned now = (round + k) % SAMPLED;

            samples[now][round] = sample(who[now], repeat);
        }
    setup_print(&s, argv[1]);
    printf(", \"work_peak\": %lu, \"blob_bytes\": %lu, \"import_fixups\": %lu, "
           "\"import_bytes\": %lu, \"place_fixups\": %lu, \"place_bytes\": %lu",
           s.host.work.peak, sums.blob, sums.import_fixups, sums.import_bytes, sums.place_fixups,
           sums.place_bytes);
    for (unsigned k = 0; k < SAMPLED; k++)
        print_samples(names[k], samples[k], rounds);
    printf("}\n");
    return 0;
}
