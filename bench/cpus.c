/* SPDX-License-Identifier: MIT */
/*
 * usage: cpus FOLDER [CPUS [ROUNDS]]
 *
 * Loads all *.ko below the folder as one group, with one CPU and with several, in turn. Prints, for
 * each number of CPUs, the best wall-clock time, and the time that the load takes if every CPU runs
 * undisturbed: the CPU time of the calling thread outside of elfin_host.parallel, and inside it
 * that of the slowest thread. Then the ratio of both, and whether memory came out the same.
 */
#include "tools/elfin/threads.h"

#include <elf.h>
#include <elfin/elfin.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    IMAGE_AT = 0x10000000,
    IMAGE_SIZE = 0x40000000,
    IMPORTS_AT = 0x60000000,
    PATH_DEPTH = 64
};

struct file {
    char *name;
    uint8_t *data;
    size_t size;
};

static struct file *files;
static size_t file_count;
static elfin_export *exports;
static size_t export_count;
static uint8_t *image;
static uint64_t image_used;

/* ---- Files ----------------------------------------------------------------------------------- */

static int add_file(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    size_t length = strlen(path);
    struct file *file;
    FILE *stream;

    (void)ftw;
    if (type != FTW_F || length < 3 || strcmp(path + length - 3, ".ko") != 0)
        return 0;
    files = realloc(files, (file_count + 1) * sizeof(*files));
    file = &files[file_count++];
    *file = (struct file){ .name = strdup(path), .size = (size_t)stat->st_size };
    file->data = malloc(file->size);
    stream = fopen(path, "rb");
    if (!stream || fread(file->data, 1, file->size, stream) != file->size)
        exit(1);
    fclose(stream);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

/* ---- Names ----------------------------------------------------------------------------------- */

struct mention {
    const char *name;
    Elf64_Sym *symbol;
    size_t order;
};

static struct mention *mentions;
static size_t mention_count;

static void add_mentions(const struct file *file)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)file->data;
    Elf64_Shdr *sections = (Elf64_Shdr *)(void *)(file->data + header->e_shoff);

    for (unsigned i = 0; i < header->e_shnum; i++) {
        const char *names = (const char *)file->data + sections[sections[i].sh_link].sh_offset;
        Elf64_Sym *symbols = (Elf64_Sym *)(void *)(file->data + sections[i].sh_offset);

        if (sections[i].sh_type != SHT_SYMTAB)
            continue;
        mentions = realloc(mentions, (mention_count + sections[i].sh_size / sizeof(*symbols)) *
                                         sizeof(*mentions));
        for (size_t k = sections[i].sh_info; k < sections[i].sh_size / sizeof(*symbols);
             k++, mention_count++)
            mentions[mention_count] = (struct mention){ .name = names + symbols[k].st_name,
                                                        .symbol = &symbols[k],
                                                        .order = mention_count };
    }
}

static int by_mention(const void *a, const void *b)
{
    const struct mention *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    if (order)
        return order;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* The first definition of a name wins; a name that nobody defines becomes an export of the host. */
static void settle_name(const struct mention *from, const struct mention *to)
{
    bool defined = false;

    for (const struct mention *m = from; m < to; m++) {
        if (m->symbol->st_shndx == SHN_UNDEF)
            continue;
        if (defined)
            m->symbol->st_info = ELF64_ST_INFO(STB_WEAK, ELF64_ST_TYPE(m->symbol->st_info));
        defined = true;
    }
    if (defined)
        return;
    exports[export_count] = (elfin_export){ from->name, IMPORTS_AT + 16 * export_count };
    export_count++;
}

static void settle_names(void)
{
    size_t from = 0;

    for (size_t i = 0; i < file_count; i++)
        add_mentions(&files[i]);
    qsort(mentions, mention_count, sizeof(*mentions), by_mention);
    exports = calloc(mention_count, sizeof(*exports));
    for (size_t i = 1; i <= mention_count; i++)
        if (i == mention_count || strcmp(mentions[i].name, mentions[from].name) != 0) {
            settle_name(&mentions[from], &mentions[i]);
            from = i;
        }
}

/* ---- The host -------------------------------------------------------------------------------- */

static uint8_t *work_memory, *work_next;
static uint64_t work_used, work_peak;
enum {
    WORK_SIZE = 1 << 30
};

/* Memory that was touched before: page faults are not the subject. */
static elfin_status reserve(void *ctx, const elfin_request *request, elfin_region *out)
{
    (void)ctx;
    *out = (elfin_region){ .size = request->size };
    switch (request->purpose) {
    case ELFIN_PURPOSE_IMAGE:
        out->edit = image;
        image_used = request->size;
        break;
    case ELFIN_PURPOSE_WORK:
    case ELFIN_PURPOSE_RECORDS:
        work_next = (uint8_t *)(((uintptr_t)work_next + 63) & ~(uintptr_t)63);
        if (request->size > (uint64_t)(work_memory + WORK_SIZE - work_next))
            return ELFIN_ERR_MEMORY;
        out->edit = work_next;
        out->cookie = out;
        work_next += request->size;
        work_used = (uint64_t)(work_next - work_memory);
        if (work_peak < work_used)
            work_peak = work_used;
        break;
    }
    out->run = (uintptr_t)out->edit;
    return ELFIN_OK;
}

static void release(void *ctx, const elfin_region *region)
{
    (void)ctx;
    (void)region;
}

static uint64_t now(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct threads *threads;
static uint64_t slowest, inside_own, inside; /* of the calls of parallel */

struct timed {
    void (*work)(void *arg);
    void *arg;
};

static void timed_work(void *arg)
{
    const struct timed *timed = arg;
    uint64_t time = now(CLOCK_THREAD_CPUTIME_ID), before;

    timed->work(timed->arg);
    time = now(CLOCK_THREAD_CPUTIME_ID) - time;
    before = __atomic_load_n(&slowest, __ATOMIC_RELAXED);
    while (before < time && !__atomic_compare_exchange_n(&slowest, &before, time, false,
                                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

static void parallel(void *ctx, void (*work)(void *arg), void *arg)
{
    struct timed timed = { work, arg };
    uint64_t own = now(CLOCK_THREAD_CPUTIME_ID);

    (void)ctx;
    slowest = 0;
    threads_run(threads, timed_work, &timed);
    inside += slowest;
    own = now(CLOCK_THREAD_CPUTIME_ID) - own;
    inside_own += own;
    if (getenv("CPUS_PHASES"))
        fprintf(stderr, "    parallel %.2f ms, the caller's part %.2f\n", (double)slowest / 1e6,
                (double)own / 1e6);
}

/* ---- Loads ----------------------------------------------------------------------------------- */

struct result {
    uint64_t wall, own, serial, hash;
};

static uint64_t hash_image(void)
{
    uint64_t hash = 0xcbf29ce484222325u, word;

    for (uint64_t i = 0; i + 8 <= image_used; i += 8) {
        memcpy(&word, image + i, 8);
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 29;
    }
    return hash;
}

static struct result load_all(unsigned cpus)
{
    elfin_host host = ELFIN_HOST_INIT;
    elfin_options options = ELFIN_OPTIONS_INIT;
    elfin_input *inputs = calloc(file_count, sizeof(*inputs));
    struct result result = { 0 };
    elfin_space space;
    elfin_group *group;
    elfin_diag diag;
    elfin_status status;

    host.flags = ELFIN_HOST_NO_RIGHTS;
    host.reserve = reserve;
    host.release = release;
    host.max_image_size = IMAGE_SIZE;
    if (cpus > 1) {
        threads = threads_start(cpus);
        host.parallel = parallel;
        host.cpu_count = threads_count(threads);
    }
    options.flags = ELFIN_LOAD_NO_INIT;
    for (size_t i = 0; i < file_count; i++)
        inputs[i] = (elfin_input){ .data = files[i].data,
                                   .size = files[i].size,
                                   .file = files[i].name,
                                   .name = files[i].name };
    work_next = work_memory;
    inside = inside_own = 0;
    elfin_space_init(&space, &host);
    elfin_space_export(&space, exports, export_count);
    result.wall = now(CLOCK_MONOTONIC);
    result.own = now(CLOCK_THREAD_CPUTIME_ID);
    status = elfin_load(&space, inputs, file_count, &options, &group, &diag);
    result.own = now(CLOCK_THREAD_CPUTIME_ID) - result.own;
    result.wall = now(CLOCK_MONOTONIC) - result.wall;
    result.serial = result.own - inside_own;
    result.own = result.serial + inside;
    if (status != ELFIN_OK) {
        char text[600];

        elfin_diag_format(&diag, text, sizeof(text));
        puts(text);
        exit(1);
    }
    result.hash = hash_image();
    elfin_space_destroy(&space);
    threads_stop(threads);
    threads = NULL;
    free(inputs);
    return result;
}

static void keep_best(struct result *best, struct result result)
{
    if (!best->wall || best->wall > result.wall)
        best->wall = result.wall;
    if (!best->own || best->own > result.own) {
        best->own = result.own;
        best->serial = result.serial;
    }
    best->hash = result.hash;
}

static void print(unsigned cpus, struct result best)
{
    printf("cpus=%u wall_ms=%.2f undisturbed_ms=%.2f serial_ms=%.2f hash=%016" PRIx64 "\n", cpus,
           (double)best.wall / 1e6, (double)best.own / 1e6, (double)best.serial / 1e6, best.hash);
}

int main(int argc, char **argv)
{
    unsigned cpus = argc > 2 ? (unsigned)atoi(argv[2]) : threads_available();
    int rounds = argc > 3 ? atoi(argv[3]) : 5;
    struct result one = { 0 }, many = { 0 };

    if (argc < 2 || nftw(argv[1], add_file, PATH_DEPTH, 0) != 0 || !file_count) {
        fputs("usage: cpus FOLDER [CPUS [ROUNDS]]\n", stderr);
        return 2;
    }
    qsort(files, file_count, sizeof(*files), by_name);
    settle_names();
    image = mmap((void *)(uintptr_t)IMAGE_AT, IMAGE_SIZE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    work_memory = mmap(NULL, WORK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("# %zu files, %zu mentions of names, %zu imports\n", file_count, mention_count,
           export_count);
    for (int i = 0; i < rounds; i++) {
        keep_best(&one, load_all(1));
        if (cpus > 1)
            keep_best(&many, load_all(cpus));
    }
    print(1, one);
    if (cpus > 1) {
        print(cpus, many);
        printf("ratio wall=%.3f undisturbed=%.3f same=%s\n", (double)one.wall / (double)many.wall,
               (double)one.own / (double)many.own, one.hash == many.hash ? "yes" : "no");
    }
    printf("# working memory and records: at most %.1f MiB\n", (double)work_peak / 1048576);
    return cpus > 1 && one.hash != many.hash;
}
