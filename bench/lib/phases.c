/* SPDX-License-Identifier: MIT */
#include "bench/lib/phases.h"

#include <elfin/elfin.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

const char *const phase_name[PHASE_COUNT] = { "open",  "names",   "scan",  "resolve", "layout",
                                              "place", "records", "fixup", "publish", "rest" };

static struct phase_time *times; /* NULL: nobody asks */
static enum phase now;
static uint64_t since;

uint64_t phases_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void settle(void)
{
    uint64_t time = phases_clock();

    times[now].serial += time - since;
    since = time;
}

void phases_begin(struct phase_time to[PHASE_COUNT])
{
    times = to;
    now = PHASE_OPEN;
    since = phases_clock();
}

void phases_end(void)
{
    settle();
    times = NULL;
}

void phases_share(void)
{
    settle();
}

void phases_shared(uint64_t slowest, uint64_t sum)
{
    times[now].shared += slowest;
    times[now].sum += sum;
    since = phases_clock();
}

static void enter(enum phase phase)
{
    if (!times)
        return;
    settle();
    now = phase;
}

/* ---- The library's calls --------------------------------------------------------------------- */

struct load;
struct object;

/* What the linker makes of --wrap=NAME: calls of NAME come to __wrap_NAME, __real_NAME is NAME. */
#define PHASE_BEGINS(name, phase)                                                                  \
    elfin_status __real_##name(struct load *load);                                                 \
    elfin_status __wrap_##name(struct load *load);                                                 \
    elfin_status __wrap_##name(struct load *load)                                                  \
    {                                                                                              \
        enter(phase);                                                                              \
        return __real_##name(load);                                                                \
    }

#define PHASE_ENDS(name, next)                                                                     \
    elfin_status __real_##name(struct load *load);                                                 \
    elfin_status __wrap_##name(struct load *load);                                                 \
    elfin_status __wrap_##name(struct load *load)                                                  \
    {                                                                                              \
        elfin_status status = __real_##name(load);                                                 \
                                                                                                   \
        enter(next);                                                                               \
        return status;                                                                             \
    }

elfin_status __real_elfin_inputs_open(struct load *load, const elfin_input *inputs, size_t count);
elfin_status __wrap_elfin_inputs_open(struct load *load, const elfin_input *inputs, size_t count);
elfin_status __real_elfin_symbols_enter(struct load *load, struct object *object);
elfin_status __wrap_elfin_symbols_enter(struct load *load, struct object *object);
bool __real_elfin_shards_enter(struct load *load);
bool __wrap_elfin_shards_enter(struct load *load);

elfin_status __wrap_elfin_inputs_open(struct load *load, const elfin_input *inputs, size_t count)
{
    elfin_status status = __real_elfin_inputs_open(load, inputs, count);

    enter(PHASE_SCAN);
    return status;
}

/* One CPU goes through all objects; several begin with shards. */
elfin_status __wrap_elfin_symbols_enter(struct load *load, struct object *object)
{
    if (now == PHASE_OPEN)
        enter(PHASE_NAMES);
    return __real_elfin_symbols_enter(load, object);
}

bool __wrap_elfin_shards_enter(struct load *load)
{
    enter(PHASE_NAMES);
    return __real_elfin_shards_enter(load);
}

PHASE_BEGINS(elfin_resolve, PHASE_RESOLVE)
PHASE_ENDS(elfin_init_order, PHASE_LAYOUT)
PHASE_ENDS(elfin_layout, PHASE_PLACE)
PHASE_BEGINS(elfin_group_create, PHASE_RECORDS)
PHASE_BEGINS(elfin_fixup, PHASE_FIXUP)
PHASE_BEGINS(elfin_protect, PHASE_PUBLISH)
PHASE_ENDS(elfin_publish, PHASE_REST)
