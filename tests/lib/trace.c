/* SPDX-License-Identifier: MIT */
#include "tests/lib/trace.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tests/lib/deaths.h"

/* Modules by pages: each part of a module begins on a page. */
static const struct {
    unsigned short pages, count;
} small_modules[] = {
    { 1, 5 }, { 2, 25 }, { 3, 198 }, { 4, 46 }, { 5, 17 }, { 6, 10 }, { 7, 4 },
    { 8, 3 }, { 9, 4 },  { 10, 1 },  { 11, 3 }, { 15, 2 }, { 23, 1 }, { 27, 1 },
};
enum {
    SMALL_MODULES = 320
};

/* Pages at each percentile of the kernel's modules, linear between; the largest apart. */
static const struct {
    unsigned short percent, pages;
} large_modules[] = { { 0, 3 }, { 10, 4 }, { 50, 6 }, { 90, 18 }, { 99, 102 }, { 100, 300 } };

enum {
    LARGEST_MODULE = 2200,
    LARGEST_ODDS = 4000
};

uint64_t trace_module_pages(uint64_t random)
{
    uint64_t pick = (random >> 1) % LARGEST_ODDS;
    size_t i = 0;

    if (random % 2 == 0) {
        for (pick %= SMALL_MODULES; pick >= small_modules[i].count; i++)
            pick -= small_modules[i].count;
        return small_modules[i].pages;
    }
    if (pick == 0)
        return LARGEST_MODULE;
    pick = (random >> 24) % 10000;
    while (pick >= large_modules[i + 1].percent * 100u)
        i++;
    uint64_t from = large_modules[i].percent * 100u, to = large_modules[i + 1].percent * 100u;
    return large_modules[i].pages +
           (large_modules[i + 1].pages - large_modules[i].pages) * (pick - from) / (to - from);
}

uint64_t trace_lifetime(uint64_t random)
{
    uint64_t class = random % 100, rest = random / 100;

    if (class < 70)
        return 1 + rest % 100;
    return 1 + rest % (class < 95 ? 10000 : 1000000);
}

struct trace {
    const struct trace_plan *plan;
    struct placer placer;
    struct living *modules;
    size_t count;
    uint64_t used;
    uint64_t state; /* of the trace's random numbers; the policy has its own */
    uint64_t other;
    struct trace_figures figures;
};

static void unload(struct trace *trace, const struct living *module)
{
    placer_free(&trace->placer, module->base, module->size);
    trace->used -= module->size;
}

static void load(struct trace *trace, struct living module)
{
    struct mini_pages_statistics before = mini_pages_statistics(&trace->placer.pages);
    uint64_t import = trace->count > 0 ? placer_random(&trace->other) % trace->count : 0;
    uint64_t near = trace->count > 0 ? trace->modules[import].base : 0;

    if (placer_alloc(&trace->placer, module.size, near, &module.base)) {
        trace->figures.loads++;
        trace->used += module.size;
        living_push(trace->modules, &trace->count, module);
        return;
    }
    if (before.largest_free >= module.size)
        trace->figures.mistake = "refused, though there is a run";
    trace->figures.refused++;
}

static double largest_share(struct trace *trace)
{
    struct mini_pages_statistics now = mini_pages_statistics(&trace->placer.pages);

    if (now.total_pages != trace->plan->pages || now.free_pages + trace->used != now.total_pages ||
        now.used_runs != trace->count)
        trace->figures.mistake = "free and used are not the total";
    return now.free_pages == 0 ? 1 : (double)now.largest_free / (double)now.free_pages;
}

static void operate(struct trace *trace, uint64_t now)
{
    struct living module = { .size = trace_module_pages(placer_random(&trace->state)) };

    module.dies = now + trace_lifetime(placer_random(&trace->state));
    while (trace->count > 0 &&
           (trace->modules[0].dies <= now || trace->used + module.size > trace->plan->cap)) {
        struct living old = living_pop(trace->modules, &trace->count);
        unload(trace, &old);
    }
    load(trace, module);
}

/* Nine of ten go, in the order of their places in the heap: any. */
static void drain(struct trace *trace)
{
    size_t kept = 0;

    for (size_t i = 0; i < trace->count; i++) {
        if (i % 10 == 0)
            trace->modules[kept++] = trace->modules[i];
        else
            unload(trace, &trace->modules[i]);
    }
    trace->count = kept;
}

/* The first half lets memory age; the second is looked at. */
static void age_and_sample(struct trace *trace)
{
    uint64_t rounds = trace->plan->operations / 2, samples = 0;
    struct trace_figures *f = &trace->figures;

    f->least = 1;
    for (uint64_t i = 0; f->mistake == NULL && i < rounds; i++) {
        operate(trace, i);
        double share = largest_share(trace);
        if (i < rounds / 2)
            continue;
        f->least = share < f->least ? share : f->least;
        f->mean += share;
        f->runs += (double)mini_pages_statistics(&trace->placer.pages).free_runs;
        samples++;
    }
    f->mean /= (double)samples;
    f->runs /= (double)samples;
    f->live = trace->count;
    drain(trace);
    f->drained = largest_share(trace);
}

struct trace_figures trace_run(enum placer_policy policy, const struct trace_plan *plan)
{
    struct trace trace = { .plan = plan, .state = plan->seed, .other = 99 };
    size_t most = (size_t)plan->pages;

    trace.modules = malloc(most * sizeof(*trace.modules));
    if (placer_init(&trace.placer, policy, plan->pages, most) && trace.modules != NULL)
        age_and_sample(&trace);
    else
        trace.figures.mistake = "no memory for the trace";
    if (trace.placer.mistake != NULL)
        trace.figures.mistake = trace.placer.mistake;
    placer_drop(&trace.placer);
    free(trace.modules);
    return trace.figures;
}
