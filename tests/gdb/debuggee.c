/* SPDX-License-Identifier: MIT */
/*
 * A program that loads modules, for GDB to look at: what it does is what its words say, in order.
 *
 *     +FILE       one more input of the next load
 *     low, high   where image memory comes from next: below 2 GiB, or far above 4 GiB
 *     load        a group out of the inputs
 *     replace K   the group loaded as the K-th, from 0, by one out of the inputs
 *     clear       no inputs
 *     unload      the newest group
 *     call NAME   int NAME(int), with 5
 *     cycle N     load and unload the inputs N times
 *     keep        all debug data of the modules loaded from here on
 *     steps NAME HOW SHARE    call it, as steps.h says
 *     entries     how many objects GDB is told of
 *     bench N     likewise with the time of a load and unload, and the memory of debug data
 */
#include "steps.h"

#include <dlfcn.h>
#include <elfin/debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    INPUTS = 64,
    RECORDS = 32
};

#define LOW_START  UINT64_C(0x20000000)
#define HIGH_START UINT64_C(0x200000000000)
#define LOW_END    UINT64_C(0x7fffffff)

struct debuggee {
    elfin_space space;
    elfin_input inputs[INPUTS];
    size_t count;
    elfin_group *groups[INPUTS];
    size_t group_count;
    uint64_t next_low, next_high, records;
    bool low;
};

/* Where `info elfin trace` finds it. */
elfin_trace *elfin_trace_ring;

/* As in the library: GDB's own names. */
struct entry {
    struct entry *next;
};
extern struct {
    uint32_t version, action;
    struct entry *relevant, *first;
} __jit_debug_descriptor;

static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    struct debuggee *d = ctx;
    bool low = d->low || request->high <= UINT32_MAX;
    uint64_t *next = low ? &d->next_low : &d->next_high;
    void *memory;

    if (request->purpose != ELFIN_PURPOSE_IMAGE) {
        *out = (elfin_region){ .edit = aligned_alloc(16, (request->size + 15) & ~UINT64_C(15)),
                               .size = request->size };
        if (request->purpose == ELFIN_PURPOSE_RECORDS)
            d->records += request->size;
        return out->edit ? ELFIN_OK : ELFIN_ERR_MEMORY;
    }
    *next = (*next + request->align - 1) & ~(request->align - 1);
    if (*next < request->low || *next + request->size - 1 > request->high)
        return ELFIN_ERR_MEMORY;
    memory = mmap((void *)*next, request->size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (memory == MAP_FAILED)
        return ELFIN_ERR_MEMORY;
    *out = (elfin_region){ .run = *next, .edit = memory, .size = request->size };
    *next += request->size;
    return ELFIN_OK;
}

static void release(void *ctx, const elfin_region *region)
{
    struct debuggee *d = ctx;
    uint64_t *next = region->run <= LOW_END ? &d->next_low : &d->next_high;

    if (!region->run) {
        free(region->edit);
        return;
    }
    munmap(region->edit, region->size);
    if (region->run + region->size == *next) /* the next load gets the same address */
        *next = region->run;
}

static elfin_status protect(void *ctx, const elfin_region *region, uint64_t offset, uint64_t size,
                            elfin_rights rights)
{
    static const int flags[] = { [ELFIN_RIGHTS_RW] = PROT_READ | PROT_WRITE,
                                 [ELFIN_RIGHTS_R] = PROT_READ,
                                 [ELFIN_RIGHTS_RX] = PROT_READ | PROT_EXEC };

    (void)ctx;
    return mprotect((char *)region->edit + offset, size, flags[rights]) ? ELFIN_ERR_PROTECT
                                                                        : ELFIN_OK;
}

static void trim(void *ctx, const elfin_region *region, uint64_t offset)
{
    (void)ctx;
    munmap((char *)region->edit + offset, region->size - offset);
}

static bool resolve(void *ctx, const char *name, uint64_t *address)
{
    (void)ctx;
    *address = (uint64_t)dlsym(RTLD_DEFAULT, name);
    return *address != 0;
}

static void fail(const elfin_diag *diag)
{
    char text[1000];

    elfin_diag_format(diag, text, sizeof(text));
    fprintf(stderr, "debuggee: %s\n", text);
    exit(1);
}

static void add_input(struct debuggee *d, const char *path)
{
    FILE *file = fopen(path, "rb");
    const char *slash = strrchr(path, '/');
    size_t size = 0;
    char *data = NULL;

    if (!file || d->count == INPUTS || fseek(file, 0, SEEK_END)) {
        perror(path);
        exit(1);
    }
    size = (size_t)ftell(file);
    rewind(file);
    data = malloc(size + 1);
    if (!data || fread(data, 1, size, file) != size)
        exit(1);
    fclose(file);
    d->inputs[d->count++] =
        (elfin_input){ .data = data, .size = size, .file = slash ? slash + 1 : path };
}

static void load(struct debuggee *d)
{
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_diag diag;

    options.flags = ELFIN_LOAD_REBIND;
    if (elfin_load(&d->space, d->inputs, d->count, &options, &d->groups[d->group_count++], &diag) !=
        ELFIN_OK)
        fail(&diag);
}

static void replace(struct debuggee *d, elfin_group **group)
{
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_group *old = *group;
    elfin_diag diag;

    options.flags = ELFIN_LOAD_REBIND;
    if (elfin_replace(&d->space, old, d->inputs, d->count, &options, NULL, group, &diag) !=
            ELFIN_OK ||
        elfin_retire(&d->space, old, &diag) != ELFIN_OK)
        fail(&diag);
}

static void unload(struct debuggee *d)
{
    elfin_diag diag;

    if (elfin_unload(&d->space, d->groups[--d->group_count], &diag, NULL, NULL) != ELFIN_OK)
        fail(&diag);
}

static int entries(void)
{
    int count = 0;

    for (struct entry *e = __jit_debug_descriptor.first; e; e = e->next)
        count++;
    return count;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static uint64_t nanoseconds(void *ctx)
{
    (void)ctx;
    return (uint64_t)(now() * 1e3);
}

static void begin_trace(elfin_host *host)
{
    static uint64_t
        memory[(sizeof(elfin_trace) + RECORDS * sizeof(elfin_trace_record)) / sizeof(uint64_t)];

    if (elfin_trace_init(memory, sizeof(memory), nanoseconds, NULL, 1000000000,
                         &elfin_trace_ring) != ELFIN_OK)
        exit(1);
    host->trace = elfin_trace_ring;
}

static void bench(struct debuggee *d, int cycles)
{
    for (int debug = 0; debug < 2; debug++) {
        double start = now(), took;

        d->space.host.debug = debug ? ELFIN_DEBUG_GDB : 0;
        d->space.host.debugging = debug ? &elfin_debugging : NULL;
        d->records = 0;
        for (int i = 0; i < cycles; i++) {
            load(d);
            unload(d);
        }
        took = now() - start;
        printf("%s registration: %.1f us, %.0f bytes of records a load\n",
               debug ? "with" : "without", took / cycles, (double)d->records / cycles);
    }
}

static uint64_t find(struct debuggee *d, const char *name)
{
    uint64_t address;

    if (elfin_lookup(&d->space, name, &address, NULL) != ELFIN_OK) {
        fprintf(stderr, "debuggee: no %s\n", name);
        exit(1);
    }
    return address;
}

static void call(struct debuggee *d, const char *name)
{
    printf("%s: %d\n", name, ((int (*)(int))(uintptr_t)find(d, name))(5));
}

int main(int argc, char **argv)
{
    static struct debuggee d = { .next_low = LOW_START, .next_high = HIGH_START };
    elfin_host host = ELFIN_HOST_INIT;

    host.ctx = &d;
    host.reserve = reserve;
    host.release = release;
    host.protect = protect;
    host.trim = trim;
    host.resolve = resolve;
    host.rebinding = &elfin_rebinding;
    host.debugging = &elfin_debugging;
    host.debug = ELFIN_DEBUG_GDB;
    begin_trace(&host);
    if (elfin_space_init(&d.space, &host) != ELFIN_OK)
        return 1;
    setvbuf(stdout, NULL, _IONBF, 0);
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *more = i + 1 < argc ? argv[i + 1] : "";

        if (*word == '+')
            add_input(&d, word + 1);
        else if (!strcmp(word, "low") || !strcmp(word, "high"))
            d.low = *word == 'l';
        else if (!strcmp(word, "load"))
            load(&d), d.count = 0;
        else if (!strcmp(word, "replace"))
            replace(&d, &d.groups[atoi(more)]), d.count = 0, i++;
        else if (!strcmp(word, "clear"))
            d.count = 0;
        else if (!strcmp(word, "unload"))
            unload(&d);
        else if (!strcmp(word, "call"))
            call(&d, more), i++;
        else if (!strcmp(word, "steps") && i + 3 < argc) {
            steps_call(&d.space, find(&d, more), argv[i + 2], strtoull(argv[i + 3], NULL, 10));
            i += 3;
        } else if (!strcmp(word, "keep"))
            d.space.host.debug =
                ELFIN_DEBUG_GDB | ELFIN_DEBUG_SYMBOLS | ELFIN_DEBUG_LINES | ELFIN_DEBUG_FRAMES;
        else if (!strcmp(word, "bench"))
            bench(&d, atoi(more)), i++;
        else if (!strcmp(word, "entries"))
            printf("entries: %d\n", entries());
        else if (!strcmp(word, "cycle")) {
            for (int n = atoi(more); n > 0; n--)
                load(&d), unload(&d);
            i++;
        }
    }
    return 0;
}
