/* SPDX-License-Identifier: MIT */
/*
 * All modules are loaded, each after those that it uses, so that their imports can be bound anew.
 * Then the one that most others use is replaced by itself, and moved, again and again. Prints one
 * line of JSON: the times of elfin_replace, of elfin_move, of loading it without users, and of
 * retiring the old one.
 *
 * usage: replace warm ROUNDS FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lib/order.h"
#include "bench/lib/setup.h"

enum {
    MOST_ROUNDS = 1000,
    REPLACE = 0,
    MOVE,
    LOAD,
    RETIRE,
    KINDS
};

static struct setup s;
static elfin_group **groups;
static const size_t *order;
static double samples[KINDS][MOST_ROUNDS];

/* Names that say which module it is are given: the files' may be the same. */
static const char *name_of(size_t i)
{
    static char name[24];

    snprintf(name, sizeof(name), "m%zu", i);
    return name;
}

static void load_all(size_t count)
{
    uint64_t ticks;

    s.flags = ELFIN_LOAD_REBIND;
    for (size_t i = 0; i < count; i++)
        if (setup_load(&s, &s.objects.list[order[i]], NULL, name_of(i), &groups[i], &ticks) !=
            ELFIN_OK)
            setup_refused(&s);
}

static bool uses(const elfin_group *user, const elfin_module *used)
{
    const elfin_module *module = elfin_next_module(user, NULL), *other;

    for (uint32_t i = 0; (other = elfin_module_uses(module, i)); i++)
        if (other == used)
            return true;
    return false;
}

/* Who has most users, and how many. */
static size_t most_used(size_t count, unsigned *users)
{
    size_t most = 0;

    *users = 0;
    for (size_t i = 0; i < count; i++) {
        const elfin_module *module = elfin_next_module(groups[i], NULL);
        unsigned found = 0;

        for (size_t k = i + 1; k < count; k++)
            found += uses(groups[k], module);
        if (*users < found) {
            *users = found;
            most = i;
        }
    }
    return most;
}

typedef elfin_status change_fn(elfin_space *space, elfin_group *group, const elfin_input *inputs,
                               size_t count, const elfin_options *options,
                               const elfin_change *change, elfin_group **out, elfin_diag *diag);

static uint64_t left;

static void note_left(void *ctx, const elfin_left *field)
{
    (void)ctx;
    (void)field;
    left++;
}

static void change(size_t i, change_fn *how, double *ns, double *retire_ns)
{
    const struct object *o = &s.objects.list[order[i]];
    elfin_input input = { .data = o->data, .size = o->size, .file = o->file, .name = name_of(i) };
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_change details = ELFIN_CHANGE_INIT;
    elfin_group *next;
    uint64_t ticks;

    options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_REBIND;
    details.left = note_left;
    ticks = bench_ticks();
    if (how(&s.space, groups[i], &input, 1, &options, &details, &next, &s.diag) != ELFIN_OK)
        setup_refused(&s);
    *ns = bench_ns(bench_ticks() - ticks);
    ticks = bench_ticks();
    if (elfin_retire(&s.space, groups[i], &s.diag) != ELFIN_OK)
        setup_refused(&s);
    *retire_ns = bench_ns(bench_ticks() - ticks);
    groups[i] = next;
}

/* Of the same object, under another name: others have the names that it exports. */
static double load_alone(size_t i)
{
    elfin_group *group;
    uint64_t ticks;

    if (setup_load(&s, &s.objects.list[order[i]], NULL, "another", &group, &ticks) != ELFIN_OK)
        setup_refused(&s);
    setup_unload(&s, group);
    return bench_ns(ticks);
}

int main(int argc, char **argv)
{
    static const char *const names[KINDS] = { "elfin", "move", "plain", "retire" };
    int rounds = argc > 3 ? atoi(argv[2]) : 0;
    unsigned users;
    size_t count, i;

    if (rounds < 1 || rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: %s warm ROUNDS FILE...\n", argv[0]);
        return 2;
    }
    setup_init(&s, argv + 3, argc - 3, NAMES_OUTER);
    groups = calloc(s.objects.count, sizeof(*groups));
    order = order_by_use(&s.objects, &count);
    if (!groups)
        return 1;
    load_all(count);
    i = most_used(count, &users);
    bench_clock_choose(true);
    for (int round = 0; round < rounds; round++) {
        change(i, elfin_replace, &samples[REPLACE][round], &samples[RETIRE][round]);
        change(i, elfin_move, &samples[MOVE][round], &samples[RETIRE][round]);
        samples[LOAD][round] = load_alone(i);
    }
    setup_print(&s, "warm");
    printf(", \"module\": \"%s\", \"users\": %u, \"left\": %lu", s.objects.list[order[i]].file,
           users, left);
    for (int k = 0; k < KINDS; k++)
        print_samples(names[k], samples[k], (uint64_t)rounds);
    printf("}\n");
    return 0;
}
