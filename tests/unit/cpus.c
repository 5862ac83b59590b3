/* SPDX-License-Identifier: MIT */
/*
 * Loads on several CPUs: memory, records, requests to the host and reports are those of one CPU, to
 * the byte, for random groups, good and bad, however many CPUs there are and whoever comes first.
 */
#include "tests/lib/test.h"
#include "tests/lib/toy.h"
#include "tools/elfin/threads.h"

#include <elfin/elfin.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum {
    MAX_CPUS = 8,
    MAX_OBJECTS = 24,
    MAX_TEXT = 2000,
    MAX_REPORTS = 64,
    MAX_REQUESTS = 32,
    MEMORY_SIZE = 32 << 20,
};

#define PICK(list) ((list)[test_random_below(sizeof(list) / sizeof((list)[0]))])

static bool chance(unsigned percent)
{
    return test_random_below(100) < percent;
}

/* ---- CPUs ------------------------------------------------------------------------------------ */

static struct threads *pools[MAX_CPUS + 1];
static unsigned cpus_now, cpus_that_come;
static unsigned rounds; /* calls of parallel */
static pthread_t caller;
static bool caller_stays_away;

struct delayed {
    void (*work)(void *arg);
    void *arg;
    unsigned joined, delay[MAX_CPUS];
};

/* Some come late, some do not come at all. */
static void delayed_work(void *arg)
{
    struct delayed *delayed = arg;
    unsigned self = __atomic_fetch_add(&delayed->joined, 1, __ATOMIC_RELAXED);
    struct timespec delay = { .tv_nsec = delayed->delay[self] };

    if (self >= cpus_that_come || (caller_stays_away && pthread_equal(pthread_self(), caller)))
        return;
    if (delay.tv_nsec)
        nanosleep(&delay, NULL);
    delayed->work(delayed->arg);
}

static void parallel(void *ctx, void (*work)(void *arg), void *arg)
{
    struct delayed delayed = { .work = work, .arg = arg };

    (void)ctx;
    rounds++;
    for (unsigned i = 0; i < MAX_CPUS; i++)
        delayed.delay[i] = chance(50) ? 0 : (unsigned)test_random_below(60000);
    if (!pools[cpus_now])
        pools[cpus_now] = threads_start(cpus_now);
    threads_run(pools[cpus_now], delayed_work, &delayed);
}

/* ---- The host -------------------------------------------------------------------------------- */

/* What a load leaves behind and tells. */
struct outcome {
    elfin_status status;
    elfin_diag diag;
    elfin_diag reports[MAX_REPORTS];
    size_t report_count;
    elfin_request requests[MAX_REQUESTS];
    uint64_t places[MAX_REQUESTS];
    size_t request_count;
    uint8_t *memory; /* all that it got for images and records, one after the other */
    uint64_t size;
};

static struct {
    uint8_t *memory; /* always at one address, so that pointers in it compare equal */
    uint64_t used, failing, fallible;
    bool for_ever;
    int live;
    struct outcome *outcome;
} host;

static bool fails(void)
{
    host.fallible++;
    return host.failing &&
           (host.fallible == host.failing || (host.for_ever && host.fallible > host.failing));
}

static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    struct outcome *outcome = host.outcome;
    uint64_t align = request->align < 4096 ? 4096 : request->align;
    uint64_t at = (host.used + align - 1) & ~(align - 1);

    (void)ctx;
    if (fails())
        return ELFIN_ERR_MEMORY;
    *out = (elfin_region){ .size = request->size };
    if (request->purpose == ELFIN_PURPOSE_WORK) {
        out->edit = out->cookie = malloc(request->size);
        memset(out->edit, (int)test_random_below(256), request->size);
        host.live++;
        return ELFIN_OK;
    }
    if (at > MEMORY_SIZE || request->size > MEMORY_SIZE - at)
        return ELFIN_ERR_MEMORY;
    out->edit = host.memory + at;
    if (request->purpose == ELFIN_PURPOSE_IMAGE) {
        out->run = 0x10000000 + at;
        if (out->run < request->low || out->run + request->size - 1 > request->high)
            return ELFIN_ERR_MEMORY;
    }
    if (outcome && outcome->request_count < MAX_REQUESTS) {
        outcome->requests[outcome->request_count] = *request;
        outcome->requests[outcome->request_count].name = NULL;
        outcome->places[outcome->request_count++] = at;
    }
    host.used = at + request->size;
    host.live++;
    return ELFIN_OK;
}

static void release(void *ctx, const elfin_region *region)
{
    (void)ctx;
    host.live--;
    free(region->cookie);
}

static void report(void *ctx, const elfin_diag *diag)
{
    struct outcome *outcome = ctx;

    if (outcome->report_count < MAX_REPORTS)
        outcome->reports[outcome->report_count] = *diag;
    outcome->report_count++;
}

/* ---- Loads ----------------------------------------------------------------------------------- */

static struct blob objects[MAX_OBJECTS];
static elfin_input inputs[MAX_OBJECTS];
static bool first_wins;
static char names[MAX_OBJECTS][32];
static size_t object_count;

static elfin_host callbacks_for(unsigned cpus, unsigned that_come)
{
    elfin_host callbacks = ELFIN_HOST_INIT;

    cpus_now = cpus;
    cpus_that_come = that_come;
    callbacks.flags = ELFIN_HOST_NO_RIGHTS;
    callbacks.reserve = reserve;
    callbacks.release = release;
    callbacks.tls_size = 1 << 16;
    callbacks.cpu_count = cpus;
    callbacks.parallel = parallel;
    callbacks.parallel_size = 1;
    return callbacks;
}

/* What the objects of the group use beside each other. */
static elfin_status load_base(elfin_space *space, struct outcome *outcome)
{
    struct blob base[2] = { toy("fn base0 1"), toy("fn base1 2") };
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_status status = ELFIN_OK;

    options.flags = ELFIN_LOAD_NO_INIT;
    for (int i = 0; i < 2; i++) {
        elfin_input input = { .data = base[i].data,
                              .size = base[i].size,
                              .file = i ? "base1.o" : "base0.o" };
        elfin_group *group;

        if (status == ELFIN_OK)
            status = elfin_load(space, &input, 1, &options, &group, &outcome->diag);
        free(base[i].data);
    }
    return status;
}

static void load(struct outcome *outcome, unsigned cpus, unsigned that_come)
{
    static const elfin_export exports[] = { { "trace", 0x20000000 }, { "e0", 0x20000010 } };
    elfin_host callbacks = callbacks_for(cpus, that_come);
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_space space;
    elfin_group *group;

    memset(outcome, 0, sizeof(*outcome));
    memset(host.memory, (int)test_random_below(256), host.used);
    host.used = host.fallible = 0;
    host.live = 0;
    host.outcome = outcome;
    options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS;
    if (first_wins)
        options.flags |= ELFIN_LOAD_FIRST_WINS;
    options.report = report;
    options.report_ctx = outcome;
    outcome->status = elfin_space_init(&space, &callbacks);
    REQUIRE(outcome->status == ELFIN_OK);
    outcome->status = elfin_space_export(&space, exports, 2);
    if (outcome->status == ELFIN_OK)
        outcome->status = load_base(&space, outcome);
    if (outcome->status == ELFIN_OK)
        outcome->status =
            elfin_load(&space, inputs, object_count, &options, &group, &outcome->diag);
    outcome->size = host.used;
    outcome->memory = malloc(host.used + 1);
    memcpy(outcome->memory, host.memory, host.used);
    elfin_space_destroy(&space);
    CHECK_EQ(host.live, 0);
}

static void compare_diags(const elfin_diag *a, const elfin_diag *b)
{
    CHECK_EQ(a->status, b->status);
    CHECK_EQ(a->phase, b->phase);
    CHECK_EQ(a->have, b->have);
    CHECK_EQ(a->section_index, b->section_index);
    CHECK_EQ(a->relocation_index, b->relocation_index);
    CHECK_EQ(a->relocation_type, b->relocation_type);
    CHECK_EQ(a->defect, b->defect);
    CHECK_EQ(a->hint, b->hint);
    CHECK_STR(a->file, b->file);
    CHECK_STR(a->section, b->section);
    CHECK_STR(a->symbol, b->symbol);
    CHECK_STR(a->other, b->other);
    CHECK_EQ(a->file_offset, b->file_offset);
    CHECK_EQ(a->place, b->place);
    CHECK_EQ(a->value, b->value);
    CHECK_EQ(a->low, b->low);
    CHECK_EQ(a->high, b->high);
}

/* Padding between the pieces that the host gave holds what was there before. */
static void compare_memory(const struct outcome *a, const struct outcome *b)
{
    CHECK_EQ(a->size, b->size);
    CHECK_EQ(a->request_count, b->request_count);
    REQUIRE_NO_FAILURE();
    for (size_t i = 0; i < a->request_count; i++) {
        CHECK_EQ(a->places[i], b->places[i]);
        CHECK_EQ(a->requests[i].purpose, b->requests[i].purpose);
        CHECK_EQ(a->requests[i].size, b->requests[i].size);
        CHECK_EQ(a->requests[i].align, b->requests[i].align);
        CHECK_EQ(a->requests[i].low, b->requests[i].low);
        CHECK_EQ(a->requests[i].high, b->requests[i].high);
        CHECK_EQ(a->requests[i].near, b->requests[i].near);
        REQUIRE_NO_FAILURE();
        if (a->status == ELFIN_OK)
            CHECK_MEM(a->memory + a->places[i], b->memory + b->places[i], a->requests[i].size);
    }
}

static void compare(const struct outcome *a, const struct outcome *b)
{
    CHECK_EQ(a->status, b->status);
    compare_diags(&a->diag, &b->diag);
    CHECK_EQ(a->report_count, b->report_count);
    REQUIRE_NO_FAILURE();
    for (size_t i = 0; i < a->report_count && i < MAX_REPORTS; i++)
        compare_diags(&a->reports[i], &b->reports[i]);
    compare_memory(a, b);
}

static void forget(struct outcome *outcome)
{
    free(outcome->memory);
    outcome->memory = NULL;
}

/* ---- Random groups --------------------------------------------------------------------------- */

static size_t add(char *text, size_t used, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text + used, MAX_TEXT - used, format, args);
    va_end(args);
    REQUIRE(length > 0 && used + (size_t)length < MAX_TEXT);
    return used + (size_t)length;
}

/* A name that some object of the group defines, or the host, or rarely nobody. */
static const char *some_name(unsigned wrong)
{
    static char name[32];

    if (wrong && chance(1))
        snprintf(name, sizeof(name), "missing%u", (unsigned)test_random_below(5));
    else if (chance(10))
        snprintf(name, sizeof(name), "e0");
    else if (chance(20))
        snprintf(name, sizeof(name), "base%u", (unsigned)test_random_below(2));
    else
        snprintf(name, sizeof(name), "f%u", (unsigned)test_random_below(object_count));
    return name;
}

static struct blob make_object(unsigned number, unsigned wrong)
{
    static const char *const uses[] = { "call",  "addr",   "icall", "lea",
                                        "mov32", "mov32s", "ptr",   "rel" };
    char text[MAX_TEXT];
    size_t used = add(text, 0, "fn f%u %u", number, number);
    unsigned count = (unsigned)test_random_below(12);

    for (unsigned i = 0; i < count; i++)
        used = add(text, used, "; %s u%u_%u %s", PICK(uses), number, i, some_name(wrong));
    if (number == 0)
        used = add(text, used, "; weak fn w0 0; weak fn w1 1; weak fn w2 2; weak fn w3 3");
    else if (chance(40))
        used = add(text, used, "; weak fn w%u %u; call wu%u w%u", (unsigned)test_random_below(4),
                   number, number, (unsigned)test_random_below(4));
    if (chance(30))
        used = add(text, used, "; common c%u %u 8", (unsigned)test_random_below(4), 8 * number + 8);
    if (chance(25))
        used = add(text, used, "; comdat cd%u %u", (unsigned)test_random_below(3), number);
    if (chance(25))
        used = add(text, used, "; tls t%u %u; gd tg%u t%u", number, number, number, number);
    if (chance(25))
        used =
            add(text, used, "; local ifunc i%u f%u; call ic%u i%u", number, number, number, number);
    if (chance(30))
        used = add(text, used, "; bss b%u %u 64; in set %u; ptr st%u __start_set", number,
                   100 * number + 1, number, number);
    if (chance(20))
        used = add(text, used, "; export f%u; exit %u", number, number + 1);
    if (number == 1 && chance(50)) /* which is published already */
        used = add(text, used, "; fn base0 7");
    if (first_wins && chance(50))
        used = add(text, used, "; fn twice%u %u; call tu%u twice%u", number % 3, number, number,
                   number % 3);
    if (wrong && chance(3))
        used = add(text, used, "; fn f%u 1",
                   (unsigned)test_random_below(object_count) == number ? 99 : (number + 1) % 5);
    return toy(text);
}

static void damage(struct blob *blob)
{
    for (uint64_t i = 1 + test_random_below(3); i > 0; i--)
        blob->data[test_random_below(blob->size)] ^= (uint8_t)(1u << test_random_below(8));
}

/* wrong: 0 a good group, 1 names are missing or defined twice, 2 files are damaged as well. */
static void make_group(unsigned wrong)
{
    object_count = 2 + test_random_below(MAX_OBJECTS - 1);
    for (size_t i = 0; i < object_count; i++) {
        objects[i] = make_object((unsigned)i, wrong);
        if (wrong == 2 && chance(15))
            damage(&objects[i]);
        snprintf(names[i], sizeof(names[i]), "m%zu.o", i);
        inputs[i] =
            (elfin_input){ .data = objects[i].data, .size = objects[i].size, .file = names[i] };
    }
}

#define IS_OK(call) CHECK_EQ(call, ELFIN_OK)

static void free_group(void)
{
    for (size_t i = 0; i < object_count; i++)
        free(objects[i].data);
}

static void begin(void)
{
    host.memory = mmap((void *)0x600000000000, MEMORY_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(host.memory != MAP_FAILED);
    host.used = host.failing = 0;
    host.for_ever = false;
    rounds = 0;
}

static void end(void)
{
    munmap(host.memory, MEMORY_SIZE);
    for (unsigned i = 0; i <= MAX_CPUS; i++) {
        threads_stop(pools[i]);
        pools[i] = NULL;
    }
}

static void try_groups(unsigned wrong, unsigned groups)
{
    unsigned loaded = 0, reports = 0;

    begin();
    for (unsigned i = 0; i < groups; i++) {
        static struct outcome one, many;

        first_wins = chance(30);
        make_group(wrong);
        load(&one, 1, 1);
        for (unsigned cpus = 2; cpus <= MAX_CPUS; cpus += 1 + (unsigned)test_random_below(3)) {
            load(&many, cpus, chance(80) ? cpus : (unsigned)test_random_below(cpus));
            compare(&one, &many);
            forget(&many);
            REQUIRE_NO_FAILURE();
        }
        loaded += one.status == ELFIN_OK;
        reports += (unsigned)one.report_count;
        forget(&one);
        free_group();
    }
    printf("# %u groups, %u of them loaded, %u reports, %u phases on several CPUs\n", groups,
           loaded, reports, rounds);
    CHECK(rounds > 0);
    CHECK(wrong ? loaded < groups && reports : loaded == groups);
    end();
}

static void good_groups(void)
{
    try_groups(0, 60);
}

static void wrong_names(void)
{
    try_groups(1, 60);
}

static void damaged_files(void)
{
    try_groups(2, 120);
}

/* What users import is found among the names of a group that several CPUs have entered. */
static void a_group_is_replaced(void)
{
    static struct outcome outcome;
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_group *group = NULL, *users = NULL, *next;
    elfin_host callbacks;
    elfin_space space;

    begin();
    make_group(0);
    host.outcome = &outcome;
    callbacks = callbacks_for(4, 4);
    callbacks.rebinding = &elfin_rebinding;
    options.flags = ELFIN_LOAD_NO_INIT | ELFIN_LOAD_REBIND;
    REQUIRE(elfin_space_init(&space, &callbacks) == ELFIN_OK);
    for (size_t i = 0; i < object_count; i++) {
        char text[64];

        free(objects[i].data);
        snprintf(text, sizeof(text), "fn f%zu %zu", i, i);
        objects[i] = toy(text);
        inputs[i].data = objects[i].data;
        inputs[i].size = objects[i].size;
    }
    IS_OK(elfin_load(&space, inputs, object_count, &options, &group, &outcome.diag));
    {
        struct blob user = toy("ptr p f0; ptr q f1");
        elfin_input input = { .data = user.data, .size = user.size, .file = "user.o" };

        IS_OK(elfin_load(&space, &input, 1, &options, &users, &outcome.diag));
        free(user.data);
    }
    REQUIRE_NO_FAILURE();
    IS_OK(elfin_replace(&space, group, inputs, object_count, &options, NULL, &next, &outcome.diag));
    IS_OK(elfin_retire(&space, group, NULL));
    IS_OK(elfin_unload(&space, users, NULL, NULL, NULL));
    elfin_space_destroy(&space);
    CHECK_EQ(host.live, 0);
    free_group();
    end();
}

static unsigned asked;

/* Knows the names that only the group that goes has exported. */
static bool resolve(void *ctx, const char *name, uint64_t *address)
{
    (void)ctx;
    CHECK(pthread_equal(pthread_self(), caller));
    *address = 0x20000000;
    asked++;
    return name[0] == 'f';
}

static void make_users(void)
{
    for (size_t i = 0; i < object_count; i++) {
        char text[64];

        free(objects[i].data);
        snprintf(text, sizeof(text), "ptr p%zu f%zu", i, i);
        objects[i] = toy(text);
        inputs[i].data = objects[i].data;
        inputs[i].size = objects[i].size;
    }
}

/* All use what the replaced group has, and the new one has not. */
static void the_host_is_asked_on_the_calling_cpu(void)
{
    static struct outcome outcome;
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_group *group = NULL, *next;
    char text[MAX_TEXT];
    size_t used = add(text, 0, "fn g 1");
    elfin_input input = { .file = "old.o" };
    elfin_host callbacks;
    struct blob old;
    elfin_space space;

    begin();
    do
        make_group(0);
    while (object_count < MAX_OBJECTS && (free_group(), true));
    host.outcome = &outcome;
    callbacks = callbacks_for(4, 4);
    callbacks.rebinding = &elfin_rebinding;
    callbacks.resolve = resolve;
    caller = pthread_self();
    caller_stays_away = true;
    asked = 0;
    options.flags = ELFIN_LOAD_NO_INIT;
    REQUIRE(elfin_space_init(&space, &callbacks) == ELFIN_OK);
    make_users();
    for (size_t i = 0; i < object_count; i++)
        used = add(text, used, "; fn f%zu 1", i);
    old = toy(text);
    input.data = old.data;
    input.size = old.size;
    IS_OK(elfin_load(&space, &input, 1, &options, &group, &outcome.diag));
    free(old.data);
    REQUIRE_NO_FAILURE();
    IS_OK(elfin_replace(&space, group, inputs, object_count, &options, NULL, &next, &outcome.diag));
    CHECK_EQ(asked, object_count);
    IS_OK(elfin_retire(&space, group, NULL));
    elfin_space_destroy(&space);
    CHECK_EQ(host.live, 0);
    caller_stays_away = false;
    free_group();
    end();
}

/* Whichever reservation fails: all is given back, or the load succeeds all the same. */
static void memory_runs_out(void)
{
    static struct outcome one, many;

    begin();
    make_group(0);
    load(&one, 1, 1);
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        host.for_ever = for_ever;
        for (host.failing = 1;; host.failing++) {
            bool reached;

            load(&many, 3, 3);
            reached = host.fallible >= host.failing;
            CHECK(many.status == ELFIN_OK || many.status == ELFIN_ERR_MEMORY);
            /* More requests: without memory for all its objects together they lie apart. */
            if (many.status == ELFIN_OK && many.request_count == one.request_count)
                compare(&one, &many);
            forget(&many);
            REQUIRE_NO_FAILURE();
            if (!reached)
                break;
        }
        CHECK(host.failing > 5);
    }
    forget(&one);
    free_group();
    end();
}

static const struct test_case cases[] = {
    TEST_CASE(good_groups),     TEST_CASE(a_group_is_replaced),
    TEST_CASE(wrong_names),     TEST_CASE(damaged_files),
    TEST_CASE(memory_runs_out), TEST_CASE(the_host_is_asked_on_the_calling_cpu),
};

TEST_MAIN("cpus", cases)
