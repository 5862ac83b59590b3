/* SPDX-License-Identifier: MIT */
/* The ring of what happened: its form, overruns, writers that interrupt each other, what is noted.
 */
#include <elfin/debug.h>
#include <pthread.h>
#include <stddef.h>

#include "tests/lib/expect.h"

enum {
    RECORDS = 64,
    THREADS = 4,
    ROUNDS = 20000,
    TEXT_SIZE = 8192
};

static _Alignas(8) unsigned char memory[sizeof(elfin_trace) + RECORDS * sizeof(elfin_trace_record)];
static uint64_t clock_now;

static uint64_t tick(void *ctx)
{
    (void)ctx;
    return ++clock_now;
}

static elfin_trace *ring(size_t records)
{
    elfin_trace *trace;

    memset(memory, 0xa5, sizeof memory);
    clock_now = 100;
    STATUS(elfin_trace_init(memory, sizeof(elfin_trace) + records * sizeof(elfin_trace_record),
                            tick, NULL, 1000, &trace),
           ELFIN_OK);
    return trace;
}

/* ---- The ring -------------------------------------------------------------------------------- */

static void form(void)
{
    /* What a debugger reads. */
    CHECK_EQ(sizeof(elfin_trace), 64);
    CHECK_EQ(sizeof(elfin_trace_record), 128);
    CHECK_EQ(offsetof(elfin_trace, written), 16);
    CHECK_EQ(offsetof(elfin_trace_record, kind), 32);
    CHECK_EQ(offsetof(elfin_trace_record, name), 40);
    CHECK_EQ(offsetof(elfin_trace_record, other), 84);
}

static void sizes(void)
{
    static const struct {
        size_t size;
        uint64_t capacity;
    } rows[] = {
        { 64 + 128, 1 },           { 64 + 2 * 128 - 1, 1 }, { 64 + 2 * 128, 2 },
        { 64 + 3 * 128, 2 },       { 64 + 4 * 128, 4 },     { 64 + 63 * 128, 32 },
        { 64 + 64 * 128 - 1, 32 }, { 64 + 64 * 128, 64 },
    };
    elfin_trace *trace = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        STATUS(elfin_trace_init(memory, rows[i].size, NULL, NULL, 0, &trace), ELFIN_OK);
        CHECK_EQ(trace->capacity, rows[i].capacity);
        CHECK_EQ(trace->written, 0);
    }
    trace = NULL;
    STATUS(elfin_trace_init(memory, 64 + 127, tick, NULL, 1, &trace), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_trace_init(memory, 0, tick, NULL, 1, &trace), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_trace_init(NULL, 4096, tick, NULL, 1, &trace), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_trace_init(memory + 1, 4096, tick, NULL, 1, &trace), ELFIN_ERR_ARGUMENT);
    STATUS(elfin_trace_init(memory, 4096, tick, NULL, 1, NULL), ELFIN_ERR_ARGUMENT);
    CHECK(trace == NULL);
}

static void records(void)
{
    elfin_trace *trace = ring(4);
    elfin_trace_record record;
    char long_name[200];

    CHECK_EQ(trace->start, 101);
    CHECK_EQ(trace->frequency, 1000);
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    elfin_trace_add(NULL, 1, 2, 3, 4, "none", NULL);
    CHECK(!elfin_trace_read(trace, 0, &record) && !elfin_trace_read(trace, 1, &record));
    elfin_trace_add(trace, ELFIN_TRACE_HOST + 7, 9, UINT64_MAX, 5, long_name, NULL);
    elfin_trace_add(trace, 1, 2, 3, 4, NULL, "other");
    REQUIRE(elfin_trace_read(trace, 1, &record));
    CHECK_EQ(record.kind, 263);
    CHECK_EQ(record.status, 9);
    CHECK_EQ(record.address, UINT64_MAX);
    CHECK_EQ(record.value, 5);
    CHECK_EQ(record.time, 102);
    CHECK_EQ(record.number, 1);
    CHECK_EQ(strlen(record.name), ELFIN_TRACE_NAME_SIZE - 1);
    CHECK_STR(record.other, "");
    REQUIRE(elfin_trace_read(trace, 2, &record));
    CHECK_STR(record.name, "");
    CHECK_STR(record.other, "other");
    CHECK_EQ(record.time, 103);
    CHECK(!elfin_trace_read(trace, 3, &record) && !elfin_trace_read(trace, UINT64_MAX, &record));
    CHECK_EQ(elfin_trace_lost(trace), 0);
}

static void overruns(void)
{
    for (size_t capacity = 1; capacity <= RECORDS; capacity *= 2) {
        elfin_trace *trace = ring(capacity);
        elfin_trace_record record;
        uint64_t written = capacity * 3 + 1;

        for (uint64_t i = 1; i <= written; i++) {
            elfin_trace_add(trace, 1, 0, i, ~i, NULL, NULL);
            CHECK_EQ(elfin_trace_lost(trace), i > capacity ? i - capacity : 0);
        }
        for (uint64_t i = 1; i <= written + 2; i++) {
            bool there = elfin_trace_read(trace, i, &record);
            CHECK_EQ(there, i > elfin_trace_lost(trace) && i <= written);
            if (there)
                CHECK(record.address == i && record.value == ~i);
        }
    }
}

static elfin_trace *interrupted;
static unsigned depth;

/* An interrupt while a record is being written, which notes something itself, and reads. */
static uint64_t interrupt(void *ctx)
{
    elfin_trace_record record;

    (void)ctx;
    if (interrupted == NULL || depth == 3)
        return depth;
    depth++;
    CHECK(!elfin_trace_read(interrupted, interrupted->written, &record));
    elfin_trace_add(interrupted, 1, 0, 0, depth, "inner", NULL);
    return depth--;
}

static void interrupts(void)
{
    static const uint64_t values[] = { 42, 1, 2, 3 };
    elfin_trace_record record;

    interrupted = NULL;
    STATUS(elfin_trace_init(memory, sizeof memory, interrupt, NULL, 0, &interrupted), ELFIN_OK);
    elfin_trace_add(interrupted, 1, 0, 0, 42, "outer", NULL);
    for (uint64_t i = 1; i <= 4; i++) {
        REQUIRE(elfin_trace_read(interrupted, i, &record));
        CHECK_STR(record.name, i == 1 ? "outer" : "inner");
        CHECK_EQ(record.value, values[i - 1]);
    }
    CHECK_EQ(interrupted->written, 4);
}

static void *writer(void *ctx)
{
    for (uint64_t i = 0; i < ROUNDS; i++)
        elfin_trace_add(ctx, 1, 0, i, i * 3, NULL, NULL);
    return NULL;
}

static void several_cpus(void)
{
    elfin_trace *trace = ring(RECORDS);
    pthread_t threads[THREADS];
    elfin_trace_record record;
    unsigned there = 0;

    trace->now = NULL;
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, writer, trace) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(trace->written, THREADS * ROUNDS);
    CHECK_EQ(elfin_trace_lost(trace), THREADS * ROUNDS - RECORDS);
    for (uint64_t i = THREADS * ROUNDS - RECORDS + 1; i <= THREADS * ROUNDS; i++)
        there += elfin_trace_read(trace, i, &record);
    /* One that was kept from running for a round of the ring has overwritten a later record. */
    CHECK(there >= RECORDS - THREADS);
}

/* ---- What is noted --------------------------------------------------------------------------- */

static elfin_trace *trace;

static struct fixture *traced(void)
{
    struct fixture *f = fx_new(FAKE_REAL);

    trace = ring(RECORDS);
    f->options.flags = ELFIN_LOAD_REBIND | ELFIN_LOAD_KEEP_SECTIONS;
    f->fake.run_calls = true;
    f->fake.host.debugging = &elfin_debugging;
    f->fake.host.trace = trace;
    f->fake.host.rebinding = &elfin_rebinding;
    fx_again(f);
    return f;
}

static const char *kind_name(uint16_t kind)
{
    static const char *const names[] = { "none",   "load",           "replace",     "move",
                                         "failed", "replace failed", "move failed", "bind",
                                         "rebind", "unload",         "retire",      "fault" };
    return kind < sizeof names / sizeof names[0] ? names[kind] : "host";
}

/* The records as text since the last call: "load a a.o; bind b a". */
static const char *events(void)
{
    static char text[TEXT_SIZE];
    static uint64_t seen;
    static elfin_trace *of;
    uint64_t last = 0;
    size_t length = 0;

    if (of != trace || seen > trace->written)
        seen = 0;
    of = trace;
    text[0] = 0;
    for (; seen < trace->written; seen++) {
        elfin_trace_record r;
        if (!elfin_trace_read(trace, seen + 1, &r))
            return "a record is not there";
        if (r.time <= last)
            return "times do not rise";
        last = r.time;
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", length ? "; " : "",
                                   kind_name(r.kind));
        if (r.status != 0)
            length += (size_t)snprintf(text + length, sizeof text - length, "(%s)",
                                       elfin_status_text(r.status));
        length += (size_t)snprintf(text + length, sizeof text - length, " %s%s%s", r.name,
                                   r.other[0] ? " " : "", r.other);
    }
    return text;
}

static const struct elfin_module *module(const struct fixture *f, const char *name)
{
    const struct elfin_module *found = elfin_find_module(&f->space, name);

    REQUIRE(found != NULL);
    return found;
}

static elfin_module_info info(const struct fixture *f, const char *name)
{
    elfin_module_info out;

    elfin_module_get(module(f, name), &out);
    return out;
}

static elfin_trace_record last_of(uint16_t kind)
{
    elfin_trace_record record = { .number = 0 };

    for (uint64_t i = trace->written; i > 0; i--)
        if (elfin_trace_read(trace, i, &record) && record.kind == kind)
            return record;
    CHECK_MSG(false, "no %s", kind_name(kind));
    return record;
}

static void a_life(void)
{
    struct fixture *f = traced();
    elfin_module_info a, u;
    elfin_trace_record record;

    events();
    LOAD(f, "dir/a.o", "fn f 1; fn g 2");
    LOAD(f, "b.o", "fn b 1", "u.o", "call u f; call c b; ptr p g");
    CHECK_STR(events(), "load a dir/a.o; load b b.o; load u u.o; bind u b; bind u a");
    a = info(f, "a");
    u = info(f, "u");
    record = last_of(ELFIN_TRACE_LOAD);
    CHECK_EQ(record.address, u.address);
    CHECK_EQ(record.value, u.size);
    record = last_of(ELFIN_TRACE_BIND);
    CHECK_EQ(record.address, u.address);
    CHECK_EQ(record.value, a.address);
    STATUS(elfin_unload(&f->space, a.group, &f->diag, NULL, NULL), ELFIN_ERR_IN_USE);
    CHECK_STR(events(), "");
    STATUS(elfin_unload(&f->space, u.group, &f->diag, NULL, NULL), ELFIN_OK);
    CHECK_STR(events(), "unload u; unload b");
    CHECK_EQ(last_of(ELFIN_TRACE_UNLOAD).kind, ELFIN_TRACE_UNLOAD);
    fx_end(f);
    CHECK_STR(events(), "unload a");
}

static void failures(void)
{
    struct fixture *f = traced();

    LOAD(f, "a.o", "fn f 1");
    events();
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "u.o", "call u nowhere");
    CHECK_STR(events(), "failed(an undefined symbol is exported by nobody) u.o nowhere");
    CHECK_EQ(last_of(ELFIN_TRACE_LOAD_FAILED).phase, ELFIN_PHASE_RESOLVE);
    LOAD_FAILS(f, ELFIN_ERR_INIT, "i.o", "call u f; init 1 -7");
    CHECK_STR(events(), "failed(a module's init function failed) i.o");
    CHECK_EQ(last_of(ELFIN_TRACE_LOAD_FAILED).value, (uint64_t)-7);
    CHECK_EQ(last_of(ELFIN_TRACE_LOAD_FAILED).address, 0);
    LOAD_FAILS(f, ELFIN_ERR_MODULE_NAME, "a.o", "fn h 1");
    CHECK_STR(events(), "failed(a module of this name exists already) a.o");
    STATUS(fx_load_blob(f, "broken.o", (struct blob){ 0 }), ELFIN_ERR_TRUNCATED);
    CHECK_STR(events(), "failed(the file ends too early) broken.o");
    f->replaces = f->group;
    LOAD_FAILS(f, ELFIN_ERR_INIT, "a.o", "fn f 2; init 1 5");
    CHECK_STR(events(), "replace failed(a module's init function failed) a.o");
    CHECK_EQ(last_of(ELFIN_TRACE_REPLACE_FAILED).address, info(f, "a").address);
    f->move = true;
    LOAD_FAILS(f, ELFIN_ERR_ARGUMENT, "other.o", "fn f 2");
    CHECK_STR(events(), "move failed(an argument of the call is invalid) a");
    f->move = false;
    f->replaces = NULL;
    END(f);
    CHECK_STR(events(), "unload a");
}

static void changes(void)
{
    struct fixture *f = traced();
    elfin_group *old;
    elfin_module_info a;
    uint64_t first;

    LOAD(f, "a.o", "fn f 1");
    old = f->group;
    LOAD(f, "u.o", "call u f");
    first = fx_lookup(f, "f");
    a = info(f, "a");
    events();
    f->replaces = old;
    LOAD(f, "a.o", "fn pad 0; fn f 2");
    CHECK_STR(events(), "rebind u f; replace a a.o");
    CHECK_EQ(last_of(ELFIN_TRACE_REPLACE).value, a.address);
    CHECK_EQ(last_of(ELFIN_TRACE_REPLACE).address, info(f, "a").address);
    CHECK_EQ(last_of(ELFIN_TRACE_REBIND).address, fx_lookup(f, "f"));
    CHECK_EQ(last_of(ELFIN_TRACE_REBIND).value, first);
    f->replaces = NULL;
    STATUS(elfin_retire(&f->space, old, &f->diag), ELFIN_OK);
    CHECK_STR(events(), "retire a");
    STATUS(fx_rebind(f, "u", "f", "a", "pad", 0), ELFIN_OK);
    CHECK_STR(events(), "rebind u f");
    STATUS(fx_rebind(f, "u", "f", "a", "nothing", 0), ELFIN_ERR_NOT_FOUND);
    CHECK_STR(events(), "");
    END(f);
    CHECK_STR(events(), "unload u; unload a");
}

/* A ring without debug data, and debug data without a ring. */
static void apart(void)
{
    struct fixture *f = traced();

    f->fake.host.trace = NULL;
    f->fake.host.debug = ELFIN_DEBUG_GDB;
    fx_again(f);
    LOAD(f, "a.o", "fn f 1");
    LOAD_FAILS(f, ELFIN_ERR_UNDEFINED, "u.o", "call u nowhere");
    END(f);
    CHECK_EQ(trace->written, 0);
}

static const struct test_case cases[] = {
    TEST_CASE(form),       TEST_CASE(sizes),        TEST_CASE(records), TEST_CASE(overruns),
    TEST_CASE(interrupts), TEST_CASE(several_cpus), TEST_CASE(a_life),  TEST_CASE(failures),
    TEST_CASE(changes),    TEST_CASE(apart),
};

TEST_MAIN("tracing", cases)
