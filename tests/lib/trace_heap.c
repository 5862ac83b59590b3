/* SPDX-License-Identifier: MIT */
#include "tests/lib/trace.h"

#include <stdbool.h>
#include <stdlib.h>

#include "libmini/heap.h"
#include "tests/lib/deaths.h"

const char *const trace_heap_names[TRACE_HEAPS] = { "libmini/heap", "first fit", "best fit" };

enum {
    UNIT = 16,
    CHUNK = 64 * 1024,
    ARENA = 1 << 30, /* where the other policies put objects: as much as they may ever need */
    LIVE_MAX = 1 << 17,
    FOR_A_LOAD = 64
};

struct trace {
    enum trace_heap kind;
    struct mini_heap heap; /* ours */
    struct placer placer;  /* the others: units of 16 bytes, a header of one for each object */
    uint32_t *chunks;      /* the others: units in use of each chunk of the arena */
    uint64_t reserved;     /* the others: bytes in chunks in use */
    struct living *objects;
    size_t count;
    struct living load[FOR_A_LOAD]; /* goes when the load is over */
    size_t load_count;
    uint64_t used;
    uint64_t state;
    struct trace_heap_figures figures;
};

static void *grow(void *ctx, size_t size)
{
    (void)ctx;
    return aligned_alloc(MINI_HEAP_ALIGN, size);
}

static void shrink(void *ctx, void *chunk, size_t size)
{
    (void)ctx;
    (void)size;
    free(chunk);
}

static uint64_t units_of(uint64_t size)
{
    return 1 + (size + UNIT - 1) / UNIT;
}

/* Counts the units in their chunks; a chunk without any is given back, as ours are. */
static void count_units(struct trace *trace, uint64_t base, uint64_t units, bool add)
{
    const uint64_t in_chunk = CHUNK / UNIT;

    while (units > 0) {
        uint32_t *chunk = &trace->chunks[base / in_chunk];
        uint64_t here = in_chunk - base % in_chunk < units ? in_chunk - base % in_chunk : units;
        uint32_t before = *chunk;
        *chunk = add ? before + (uint32_t)here : before - (uint32_t)here;
        if (before == 0)
            trace->reserved += CHUNK;
        else if (*chunk == 0)
            trace->reserved -= CHUNK;
        base += here;
        units -= here;
    }
}

static struct living give(struct trace *trace, uint64_t size)
{
    struct living object = { .size = size };

    trace->figures.objects++;
    trace->used += size;
    if (trace->kind == TRACE_HEAP_OURS) {
        object.base = (uint64_t)mini_heap_alloc(&trace->heap, size);
        if (object.base == 0)
            trace->figures.mistake = "the heap says no";
        return object;
    }
    if (!placer_alloc(&trace->placer, units_of(size), 0, &object.base))
        trace->figures.mistake = "the arena is too small";
    else
        count_units(trace, object.base, units_of(size), true);
    return object;
}

static void take(struct trace *trace, struct living object)
{
    trace->used -= object.size;
    if (trace->kind == TRACE_HEAP_OURS) {
        if (mini_heap_free(&trace->heap, (void *)object.base) != MINI_HEAP_OK)
            trace->figures.mistake = "an object is not there when it is freed";
        return;
    }
    count_units(trace, object.base, units_of(object.size), false);
    placer_free(&trace->placer, object.base, units_of(object.size));
}

static void keep(struct trace *trace, uint64_t size, uint64_t dies)
{
    if (trace->count == LIVE_MAX)
        return;
    struct living object = give(trace, size);
    object.dies = dies;
    living_push(trace->objects, &trace->count, object);
}

static void borrow(struct trace *trace, uint64_t size)
{
    if (trace->load_count < FOR_A_LOAD)
        trace->load[trace->load_count++] = give(trace, size);
}

static uint64_t random_below(struct trace *trace, uint64_t bound)
{
    return placer_random(&trace->state) % bound;
}

/* Mostly small. */
static uint64_t object_size(struct trace *trace)
{
    uint64_t class = random_below(trace, 100);

    if (class < 80)
        return 1 + random_below(trace, 256);
    return 1 + random_below(trace, class < 97 ? 4096 : 40000);
}

static void load(struct trace *trace, uint64_t now)
{
    uint64_t pages = trace_module_pages(placer_random(&trace->state));
    uint64_t dies = now + trace_lifetime(placer_random(&trace->state));
    uint64_t needed = pages * 700;

    borrow(trace, pages * 5000 + random_below(trace, 4096));
    for (uint64_t chunk = 8 << 10; needed > 0; chunk = chunk < 1 << 20 ? 2 * chunk : chunk) {
        borrow(trace, chunk);
        needed = needed > chunk ? needed - chunk : 0;
    }
    keep(trace, 300 + pages * 200 + random_below(trace, 1000), dies);
    for (uint64_t n = random_below(trace, 24); n > 0; n--)
        keep(trace, object_size(trace), now + trace_lifetime(placer_random(&trace->state)));
    while (trace->load_count > 0)
        take(trace, trace->load[--trace->load_count]);
}

static uint64_t reserved(const struct trace *trace)
{
    return trace->kind == TRACE_HEAP_OURS ? mini_heap_statistics(&trace->heap).reserved
                                          : trace->reserved;
}

static double share(const struct trace *trace)
{
    return reserved(trace) == 0 ? 1 : (double)trace->used / (double)reserved(trace);
}

static void run(struct trace *trace, uint64_t loads, uint64_t cap)
{
    struct trace_heap_figures *f = &trace->figures;
    uint64_t samples = 0;

    f->least = 1;
    for (uint64_t now = 0; f->mistake == NULL && now < loads; now++) {
        while (trace->count > 0 && (trace->objects[0].dies <= now || trace->used > cap))
            take(trace, living_pop(trace->objects, &trace->count));
        load(trace, now);
        if (now < loads / 2)
            continue;
        f->least = share(trace) < f->least ? share(trace) : f->least;
        f->mean += share(trace);
        f->peak_used = trace->used > f->peak_used ? trace->used : f->peak_used;
        f->peak_chunks = reserved(trace) > f->peak_chunks ? reserved(trace) : f->peak_chunks;
        samples++;
    }
    f->mean /= (double)samples;

    size_t kept = 0;
    for (size_t i = 0; i < trace->count; i++) {
        if (i % 10 == 0)
            trace->objects[kept++] = trace->objects[i];
        else
            take(trace, trace->objects[i]);
    }
    trace->count = kept;
    f->drained = share(trace);
    if (trace->kind == TRACE_HEAP_OURS && !mini_heap_check(&trace->heap))
        f->mistake = "the heap is not consistent";
}

struct trace_heap_figures trace_heap_run(enum trace_heap heap, uint64_t loads, uint64_t cap,
                                         uint64_t seed)
{
    static const enum placer_policy policies[TRACE_HEAPS] = { PLACER_LOWEST, PLACER_LOWEST,
                                                              PLACER_BEST_FIT };
    struct trace trace = { .kind = heap, .state = seed };

    trace.objects = malloc(LIVE_MAX * sizeof(*trace.objects));
    trace.chunks = calloc(ARENA / CHUNK, sizeof(*trace.chunks));
    mini_heap_init(&trace.heap, SIZE_MAX, grow, shrink, NULL);
    if (placer_init(&trace.placer, policies[heap], ARENA / UNIT, LIVE_MAX + FOR_A_LOAD) &&
        trace.objects != NULL && trace.chunks != NULL)
        run(&trace, loads, cap);
    else
        trace.figures.mistake = "no memory for the trace";
    if (trace.placer.mistake != NULL)
        trace.figures.mistake = trace.placer.mistake;
    mini_heap_drop(&trace.heap);
    placer_drop(&trace.placer);
    free(trace.objects);
    free(trace.chunks);
    return trace.figures;
}
