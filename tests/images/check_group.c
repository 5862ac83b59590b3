/* SPDX-License-Identifier: MIT */
#include "tests/images/operations.h"
#include "tools/elfin/threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    MEMORY_SIZE = 1 << 30,
    MAX_REQUESTS = 256,
    TLS_SIZE = 1 << 20,
    MAX_VARIABLES = 1024,
    NAME_SIZE = 32,
};

static const unsigned cpu_counts[] = { 1, 2, 4 };
static const uint64_t image_at = 0x10000000, imports_at = 0x50000000;

/* What a load asked for and left, in the memory that is always at one address. */
struct outcome {
    elfin_status status;
    elfin_diag diag;
    elfin_request requests[MAX_REQUESTS];
    uint64_t places[MAX_REQUESTS];
    size_t request_count;
    uint8_t *copy;
    uint64_t size;
};

static uint8_t *memory;
static uint64_t used;
static int filler; /* other bytes each time: what nobody writes differs */
static struct outcome *outcome;
static struct threads *pool;

static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    uint64_t at = (used + 4095) & ~UINT64_C(4095);

    (void)ctx;
    *out = (elfin_region){ .size = request->size };
    if (request->purpose == ELFIN_PURPOSE_WORK) {
        out->edit = out->cookie = malloc(request->size);
        memset(out->edit, filler, request->size);
        return ELFIN_OK;
    }
    if (outcome->request_count == MAX_REQUESTS || request->size > MEMORY_SIZE - at)
        return ELFIN_ERR_MEMORY;
    out->edit = memory + at;
    memset(out->edit, filler, request->size);
    if (request->purpose == ELFIN_PURPOSE_IMAGE)
        out->run = request->low;
    outcome->requests[outcome->request_count] = *request;
    outcome->requests[outcome->request_count].name = NULL;
    outcome->places[outcome->request_count++] = at;
    used = at + request->size;
    return ELFIN_OK;
}

static void release(void *ctx, const elfin_region *region)
{
    (void)ctx;
    free(region->cookie);
}

static bool resolve(void *ctx, const char *name, uint64_t *address)
{
    (void)ctx;
    *address = imports_at + subject_hash(name) % 0x8000000;
    return true;
}

static void parallel(void *ctx, void (*work)(void *arg), void *arg)
{
    (void)ctx;
    counts.rounds++;
    threads_run(pool, work, arg);
}

/* ---- Loads ----------------------------------------------------------------------------------- */

static elfin_export variables[MAX_VARIABLES];
static size_t variable_count;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const elfin_export *)a)->name, ((const elfin_export *)b)->name);
}

/* Thread-local imports; those that an object of the group defines, it takes from there. */
static void collect_variables(const struct subject *subjects, size_t count)
{
    size_t kept = 0;

    variable_count = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < subjects[i].import_count; k++)
            if (subjects[i].imports[k].is_tls && variable_count < MAX_VARIABLES)
                variables[variable_count++].name = subjects[i].imports[k].name;
    qsort(variables, variable_count, sizeof(variables[0]), by_name);
    for (size_t i = 0; i < variable_count; i++)
        if (!kept || strcmp(variables[kept - 1].name, variables[i].name) != 0)
            variables[kept++].name = variables[i].name;
    variable_count = kept;
    for (size_t i = 0; i < kept; i++)
        variables[i].address = 16 * (i + 1);
}

static void load(struct outcome *o, const elfin_input *inputs, size_t count, unsigned cpus)
{
    static elfin_space space; /* records point to it */
    elfin_host host = ELFIN_HOST_INIT;
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_group *group;

    *o = (struct outcome){ 0 };
    outcome = o;
    used = 0;
    filler = (int)(0x5a + cpus);
    host.flags = ELFIN_HOST_NO_RIGHTS;
    host.reserve = reserve;
    host.release = release;
    host.resolve = resolve;
    host.max_image_size = MEMORY_SIZE;
    host.tls_size = TLS_SIZE;
    host.tls_align = 4096;
    host.rebinding = &elfin_rebinding;
    host.parallel_size = 1;
    pool = threads_start(cpus);
    host.cpu_count = threads_count(pool);
    host.parallel = pool ? parallel : NULL;
    options.flags =
        ELFIN_LOAD_NO_INIT | ELFIN_LOAD_KEEP_SECTIONS | ELFIN_LOAD_FIRST_WINS | ELFIN_LOAD_REBIND;
    o->status = elfin_space_init(&space, &host);
    if (o->status != ELFIN_OK ||
        (variable_count && elfin_space_export_tls(&space, variables, variable_count) != ELFIN_OK))
        abort();
    o->status = elfin_load(&space, inputs, count, &options, &group, &o->diag);
    o->size = used;
    o->copy = malloc(used + 1);
    memcpy(o->copy, memory, used);
    elfin_space_destroy(&space);
    threads_stop(pool);
    pool = NULL;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

static void compare_memory(const char *file, const char *cpus, const struct outcome *a,
                           const struct outcome *b)
{
    for (size_t i = 0; i < a->request_count; i++) {
        const uint8_t *p = a->copy + a->places[i], *q = b->copy + b->places[i];
        uint64_t size = a->requests[i].size, at = 0;

        if (a->places[i] != b->places[i] || size != b->requests[i].size ||
            a->requests[i].purpose != b->requests[i].purpose ||
            a->requests[i].low != b->requests[i].low) {
            differs(file, cpus, "group", "other memory asked for: request", i, NULL);
            return;
        }
        if (memcmp(p, q, size) != 0) {
            while (p[at] == q[at])
                at++;
            differs(file, cpus, "group",
                    a->requests[i].purpose == ELFIN_PURPOSE_IMAGE ? "byte of the image at"
                                                                  : "byte of records at",
                    at, NULL);
            return;
        }
        counts.bytes += size;
    }
}

static void compare(const char *file, const char *cpus, const struct outcome *a,
                    const struct outcome *b)
{
    char text[2][1024] = { "", "" };

    counts.loads++;
    if (a->status != b->status) {
        differs(file, cpus, "group", "other status", (uint64_t)b->status,
                b->status ? &b->diag : &a->diag);
        return;
    }
    if (a->status != ELFIN_OK) {
        elfin_diag_format(&a->diag, text[0], sizeof(text[0]));
        elfin_diag_format(&b->diag, text[1], sizeof(text[1]));
        if (strcmp(text[0], text[1]) != 0)
            differs(file, cpus, "group", "other report", 0, &b->diag);
        return;
    }
    if (a->request_count != b->request_count || a->size != b->size)
        differs(file, cpus, "group", "more or less memory", b->size, NULL);
    else
        compare_memory(file, cpus, a, b);
}

void check_group(const struct subject *subjects, size_t count)
{
    static struct outcome one, many; /* large */
    elfin_input *inputs = calloc(count, sizeof(*inputs));
    char(*names)[24] = calloc(count, sizeof(*names));

    if (!memory)
        memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    collect_variables(subjects, count);
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], NAME_SIZE, "module%zu", i);
        inputs[i] = (elfin_input){ .data = subjects[i].data,
                                   .size = subjects[i].size,
                                   .file = subjects[i].file,
                                   .name = names[i] };
    }
    inputs[0].flags = ELFIN_INPUT_AT;
    inputs[0].at = image_at;
    load(&one, inputs, count, cpu_counts[0]);
    counts.groups++;
    counts.files += count;
    counts.refused_groups += one.status != ELFIN_OK;
    for (size_t i = 1; i < sizeof(cpu_counts) / sizeof(cpu_counts[0]); i++) {
        load(&many, inputs, count, cpu_counts[i]);
        compare(subjects[0].file, i == 1 ? "2 CPUs" : "4 CPUs", &one, &many);
        free(many.copy);
    }
    if (one.status != ELFIN_OK && getenv("OPERATIONS_REFUSED"))
        differs(subjects[0].file, "1 CPU", "group", "refused", 0, &one.diag);
    free(one.copy);
    free(names);
    free(inputs);
}
