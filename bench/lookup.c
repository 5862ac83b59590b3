/* SPDX-License-Identifier: MIT */
/*
 * Names among many: what a look-up takes, warm and cold, one by one and as a batch; what entering
 * the host's exports takes, and how much memory. Prints one line of JSON for each number of names.
 *
 * usage: lookup [ROUNDS]
 *
 * The names look like a kernel's. Those that are asked for are read from a string table, as imports
 * are. warm: the same 27 again and again; cold: 27 others each time, after all of the index, the
 * exports, their names and the string table has been dropped from the caches; all: 200,000 in
 * random order. floor: the table of the yardstick, which trusts its input (bench/floor.c). text:
 * the public elfin_lookup, which has to find the end of a C string byte by byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/floor.h"
#include "bench/lib/clock.h"
#include "bench/lib/host.h"
#include "loader/index.h"

enum {
    BATCH = 27,
    ALL = 200000 / BATCH * BATCH,
    WARM_REPEATS = 2000,
    LONGEST = 64
};

static struct host host;
static elfin_space space;
static struct floor_names yardstick;
static struct arena memory;
static elfin_export *rows;
static uint64_t *offsets; /* of the names that are asked for, in `table` */
static struct span table;
static uint64_t text_start, text_size; /* the exports' names */
static uint64_t sum;                   /* so that nothing is left out */

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % bound);
}

/* 23 characters on average. */
static size_t make_name(char *to, uint32_t number, bool missing)
{
    static const char *const words[] = {
        "dev",    "pci",    "register", "netif",  "alloc", "free", "mutex",  "lock",
        "queue",  "work",   "skb",      "usb",    "get",   "put",  "attach", "drm",
        "atomic", "helper", "core",     "driver", "page",  "map",  "sync",   "state"
    };
    enum {
        WORDS = sizeof(words) / sizeof(words[0])
    };
    uint32_t x = number * 2654435761u;

    return (size_t)snprintf(to, LONGEST, "%s_%s_%s%s_%x", words[x % WORDS], words[x / 32 % WORDS],
                            words[x / 1024 % WORDS], missing ? "_no" : "", number);
}

static void make_exports(uint32_t count)
{
    rows = arena_get(&memory, count * sizeof(*rows), 64);
    text_start = (uint64_t)(uintptr_t)arena_get(&memory, 0, 64);
    for (uint32_t i = 0; i < count; i++) {
        char name[LONGEST];
        size_t size = make_name(name, i, false) + 1;

        rows[i].name = memcpy(arena_get(&memory, size, 1), name, size);
        rows[i].address = HOST_NAMES + 16 * (uint64_t)i;
    }
    text_size = (uint64_t)(uintptr_t)arena_get(&memory, 0, 64) - text_start;
}

static void make_questions(uint32_t count, bool missing)
{
    uint8_t *start = arena_get(&memory, 0, 64);

    offsets = arena_get(&memory, ALL * sizeof(*offsets), 64);
    start = arena_get(&memory, 0, 1);
    for (uint32_t i = 0; i < ALL; i++) {
        char name[LONGEST];
        size_t size = make_name(name, random_below(count), missing) + 1;
        uint8_t *at = memcpy(arena_get(&memory, size, 1), name, size);

        offsets[i] = (uint64_t)(at - start);
    }
    table = (struct span){ .data = start,
                           .size = (uint64_t)((uint8_t *)arena_get(&memory, 0, 1) - start) };
}

static void ask_batch(const uint64_t *at)
{
    struct name names[BATCH];
    item found[BATCH];

    for (uint32_t i = 0; i < BATCH; i++)
        names[i] = elfin_name_in(table, at[i]);
    elfin_index_find_exports(&space, names, BATCH, found);
    for (uint32_t i = 0; i < BATCH; i++)
        sum += found[i] ? elfin_item_definition(found[i]).address : 1;
}

static void ask_singly(const uint64_t *at)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        item found = elfin_index_find_export(&space, elfin_name_in(table, at[i]));

        sum += found ? elfin_item_definition(found).address : 1;
    }
}

static void ask_text(const uint64_t *at)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        uint64_t address = 1;

        elfin_lookup(&space, (const char *)table.data + at[i], &address, NULL);
        sum += address;
    }
}

static void ask_floor(const uint64_t *at)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        const struct floor_name *found =
            floor_names_find(&yardstick, (const char *)table.data + at[i]);

        sum += found ? found->address : 1;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *samples, uint32_t count)
{
    qsort(samples, count, sizeof(*samples), compare);
    return samples[count / 2];
}

static void flush_all(void)
{
    bench_flush(space.index.entries, elfin_table_size(space.index.capacity));
    bench_flush(yardstick.slot, yardstick.capacity * sizeof(*yardstick.slot));
    bench_flush(rows, space.index.used * sizeof(*rows));
    bench_flush((const void *)(uintptr_t)text_start, text_size);
    bench_flush(table.data, table.size);
    bench_flush(offsets, ALL * sizeof(*offsets));
}

static double warm(void (*ask)(const uint64_t *at), uint32_t rounds)
{
    static double samples[1000];

    for (uint32_t r = 0; r < rounds; r++) {
        uint64_t begin = bench_ticks();

        for (uint32_t i = 0; i < WARM_REPEATS; i++)
            ask(offsets + r % 100 * BATCH);
        samples[r] = bench_ns(bench_ticks() - begin) / (WARM_REPEATS * BATCH);
    }
    return median(samples, rounds);
}

static double cold(void (*ask)(const uint64_t *at), uint32_t rounds)
{
    static double samples[1000];

    for (uint32_t r = 0; r < rounds; r++) {
        const uint64_t *at = offsets + (r + 100) * BATCH;
        uint64_t begin, here[BATCH];

        memcpy(here, at, sizeof(here));
        flush_all();
        begin = bench_ticks();
        ask(here);
        samples[r] = bench_ns(bench_ticks() - begin) / BATCH;
    }
    return median(samples, rounds);
}

static double all(void (*ask)(const uint64_t *at))
{
    double samples[5];

    for (uint32_t r = 0; r < 5; r++) {
        uint64_t begin = bench_ticks();

        for (uint32_t i = 0; i < ALL; i += BATCH)
            ask(offsets + i);
        samples[r] = bench_ns(bench_ticks() - begin) / ALL;
    }
    return median(samples, 5);
}

static void questions(uint32_t count, uint32_t rounds, bool missing)
{
    static const struct {
        const char *name;
        void (*ask)(const uint64_t *at);
    } ways[] = { { "floor", ask_floor },
                 { "batch", ask_batch },
                 { "single", ask_singly },
                 { "text", ask_text } };

    make_questions(count, missing);
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        printf(", \"%s%s\": {\"warm27\": %.2f, \"cold27\": %.1f, \"all\": %.1f}",
               missing ? "missing_" : "", ways[i].name, warm(ways[i].ask, rounds),
               cold(ways[i].ask, rounds), all(ways[i].ask));
}

static void export_all(uint32_t count)
{
    double samples[5];

    for (uint32_t r = 0; r < 5; r++) {
        uint64_t begin;

        elfin_space_destroy(&space);
        host.records.used = host.records.peak = 0;
        begin = bench_ticks();
        if (elfin_space_export(&space, rows, count) != ELFIN_OK)
            exit(1);
        samples[r] = bench_ns(bench_ticks() - begin) / count;
    }
    printf(", \"build\": %.1f, \"bytes\": %.1f", median(samples, 5),
           (double)host.records.peak / count);
}

static void export_to_floor(uint32_t count)
{
    uint64_t begin;

    free(yardstick.slot);
    floor_names_init(&yardstick, count);
    begin = bench_ticks();
    for (uint32_t i = 0; i < count; i++)
        floor_names_add(&yardstick, rows[i].name, NULL)->address = rows[i].address;
    printf(", \"floor_build\": %.1f, \"floor_bytes\": %.1f",
           bench_ns(bench_ticks() - begin) / count,
           (double)(yardstick.capacity * sizeof(*yardstick.slot)) / count);
}

/* As groups do it: a hundred at a time. */
static void export_in_parts(uint32_t count)
{
    elfin_space_stats stats;
    uint64_t begin;

    elfin_space_destroy(&space);
    host.records.used = 0;
    begin = bench_ticks();
    for (uint32_t i = 0; i < count; i += 100)
        if (elfin_space_export(&space, rows + i, 100) != ELFIN_OK)
            exit(1);
    printf(", \"build_by_100\": %.1f", bench_ns(bench_ticks() - begin) / count);
    elfin_space_get_stats(&space, &stats);
    printf(", \"bytes_by_100\": %.1f", (double)stats.record_bytes / count);
}

int main(int argc, char **argv)
{
    uint32_t rounds = argc > 1 ? (uint32_t)atoi(argv[1]) : 101;

    if (rounds < 1 || rounds > 1000)
        return 2;
    bench_clock_init();
    host_init(&host, 4096, 4096);
    arena_init(&host.records, 0, (uint64_t)1 << 30, (uint64_t)256 << 20);
    arena_init(&memory, 0, (uint64_t)1 << 30, (uint64_t)128 << 20);
    if (elfin_space_init(&space, &host.callbacks) != ELFIN_OK)
        return 1;
    for (uint32_t count = 10000; count <= 1000000; count *= 10) {
        memory.used = 0;
        make_exports(count);
        printf("{\"bench\": \"lookup\", \"names\": %u", count);
        export_to_floor(count);
        export_in_parts(count);
        export_all(count);
        questions(count, rounds, false);
        questions(count, rounds, true);
        printf("}\n");
        fflush(stdout);
    }
    return sum == 0;
}
